"""Any system that can receive a signed HTTP request: Standard Webhooks, the generic way in.

Headers ``webhook-id`` (the action id, the same over all retries), ``webhook-timestamp`` and
``webhook-signature``: https://www.standardwebhooks.com. The receiver must do an id only once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
from standardwebhooks import Webhook as Signature
from standardwebhooks.webhooks import EmptyWebhookSecretError

from actions.executors.posting import READ_S, Poster
from actions.rows import envelope
from schemas.decisions import Action
from schemas.times import instant


@dataclass(frozen=True, repr=False)
class Webhook:
    """Sends each action as a signed POST.

    ``secrets`` are ``whsec_`` texts; while one is rotated, both sign. ``clock`` returns ms UTC:
    a receiver refuses signatures that are minutes old. ``allowed`` are networks (CIDR) that may be
    called although they are not public.
    """

    url: str
    secrets: tuple[str, ...]
    clock: Callable[[], int]
    allowed: Sequence[str] = ()
    read_s: float = READ_S

    def __post_init__(self) -> None:
        """Check everything at once, so that a bad setting is found before the first action."""
        for secret in self.secrets:
            _checked(secret)
        _ = self._poster

    def __repr__(self) -> str:
        return f"Webhook(host={self._poster.host!r})"

    @property
    def destination(self) -> str:
        """The host that is called: what fails together."""
        return self._poster.host

    def __call__(self, action: Action) -> str:
        """Deliver ``action``; return the answer's status. Unavailable or Refused otherwise."""
        body = msgspec.json.encode(envelope(action))
        return self._poster.post(body, self._signed(action.id, body), self.clock())

    def _signed(self, action_id: str, body: bytes) -> dict[str, str]:
        at = instant(self.clock())
        signatures = (
            Signature(secret).sign(action_id, at, body.decode()) for secret in self.secrets
        )
        return {
            "webhook-id": action_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(signatures),
        }

    @cached_property
    def _poster(self) -> Poster:
        return Poster(self.url, self.allowed, self.read_s)


def _checked(secret: str) -> None:
    try:
        Signature(secret)
    except (ValueError, EmptyWebhookSecretError):
        raise ValueError("a webhook secret must read whsec_ and then base64") from None
