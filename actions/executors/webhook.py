"""Any system that can receive a signed HTTP request: Standard Webhooks, the generic way in.

Headers ``webhook-id`` (the action id, the same over all retries), ``webhook-timestamp`` and
``webhook-signature``: https://www.standardwebhooks.com. The receiver must do an id only once.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Final

import httpx2
import msgspec
from standardwebhooks import Webhook as Signature
from standardwebhooks.webhooks import EmptyWebhookSecretError

from actions.errors import Refused, Unavailable
from actions.executors.addresses import Network, networks, safe_address
from actions.rows import envelope
from schemas.decisions import Action
from schemas.times import instant

TRY_AGAIN: Final = frozenset({408, 425, 429, *range(500, 600)})
"""Answers after which the same request may succeed."""

CONNECT_S: Final = 5.0
READ_S: Final = 10.0
"""Seconds to wait for a connection, and for an answer."""


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
        _ = (self._networks, self._client)
        for name in ("httpx2", "httpcore2"):
            logging.getLogger(name).setLevel(logging.WARNING)  # they log URLs, which may be secret

    def __repr__(self) -> str:
        return f"Webhook(host={httpx2.URL(self.url).host!r})"

    def __call__(self, action: Action) -> str:
        """Deliver ``action``; return the answer's status. Unavailable or Refused otherwise."""
        body = msgspec.json.encode(envelope(action))
        headers = {"content-type": "application/json"} | self._signed(action.id, body)
        return _judged(self._post(body, headers), self.clock())

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

    def _post(self, body: bytes, headers: dict[str, str]) -> httpx2.Response:
        url = httpx2.URL(self.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        address = safe_address(url.host, port, self._networks)
        to_be_sent = self._client.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers=headers | {"host": url.netloc.decode()},
            extensions={"sni_hostname": url.host},
        )
        try:
            answer = self._client.send(to_be_sent, stream=True)
            answer.close()  # only status and headers matter: a body without end must not hold us
        except httpx2.TransportError as error:
            raise Unavailable(f"{url.host} did not answer: {type(error).__name__}") from None
        return answer

    @cached_property
    def _networks(self) -> tuple[Network, ...]:
        return networks(self.allowed)

    @cached_property
    def _client(self) -> httpx2.Client:
        timeout = httpx2.Timeout(self.read_s, connect=CONNECT_S)
        return httpx2.Client(timeout=timeout, follow_redirects=False, trust_env=False)


def _checked(secret: str) -> None:
    try:
        Signature(secret)
    except (ValueError, EmptyWebhookSecretError):
        raise ValueError("a webhook secret must read whsec_ and then base64") from None


def _judged(response: httpx2.Response, now: int) -> str:
    status, host = response.status_code, response.request.headers["host"]
    if response.is_success:
        return f"{host} answered {status}"
    if status in TRY_AGAIN:
        raise Unavailable(f"{host} answered {status}", _retry_after(response, now))
    if status == httpx2.codes.GONE:
        raise Refused(f"{host} answered 410: this webhook was switched off over there")
    raise Refused(f"{host} answered {status}")


def _retry_after(response: httpx2.Response, now: int) -> timedelta | None:
    """Return the wait that ``Retry-After`` asks for, in seconds or as a date (RFC 9110)."""
    text = response.headers.get("retry-after", "").strip()
    if text.isdigit():
        return timedelta(seconds=int(text))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(until.replace(tzinfo=until.tzinfo or UTC) - instant(now), timedelta())
