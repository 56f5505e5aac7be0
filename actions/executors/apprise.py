"""People in over a hundred services (chat, paging, mail), by tag: what Apprise can reach.

Such services know no idempotency key, so the action id stands in the text for whoever reads it
twice. Configuration is a list of Apprise URLs: https://github.com/caronc/apprise/wiki.
"""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from threading import Thread
from typing import Final

import apprise
from apprise import AppriseResult, AppriseResultStatus

from actions.errors import Refused, Unavailable
from schemas.decisions import Action, Parameter

OPS: Final = "ops"
"""The tag of the operations team: who gets whatever is for nobody else."""

TAG_OF_ACTION: Final[Mapping[str, str]] = {
    "alert-carrier": "carrier",
    "file-carrier-claim": "carrier",
    "alert-warehouse": "warehouse",
    "warn-seller": "seller",
}
"""Who is told of which action; everybody else's go to ``ops``."""


@dataclass(frozen=True, repr=False)
class Apprise:
    """Tells those whose tag fits an action.

    ``urls`` maps each Apprise URL (a secret) to its tags. A call that has not come back within
    ``timeout_s`` is left behind and tried again later.
    """

    urls: Mapping[str, tuple[str, ...]]
    timeout_s: float = 15.0

    def __post_init__(self) -> None:
        """Read the URLs at once: ValueError says which is wrong, by its tags."""
        _ = self._services

    def __repr__(self) -> str:
        tags = sorted({tag for tags in self.urls.values() for tag in tags})
        return f"Apprise(tags={tags}, timeout_s={self.timeout_s})"

    def __call__(self, action: Action) -> str:
        """Tell them of ``action``; return who was told. Unavailable or Refused otherwise."""
        tag = TAG_OF_ACTION.get(action.name, OPS)
        told = self._within_time(tag, title_of(action), body_of(action))
        if told.status is AppriseResultStatus.NOMATCH:
            raise Refused(f"nobody is configured under the tag {tag!r}")
        if not told:
            raise Unavailable(f"a service under the tag {tag!r} did not take the message")
        return f"told {tag}"

    def _within_time(self, tag: str, title: str, body: str) -> AppriseResult:
        answer: Future[AppriseResult] = Future()
        Thread(target=self._tell, args=(answer, tag, title, body), daemon=True).start()
        try:
            return answer.result(self.timeout_s)
        except TimeoutError:
            raise Unavailable(f"services under the tag {tag!r} took too long") from None

    def _tell(self, answer: Future[AppriseResult], tag: str, title: str, body: str) -> None:
        try:
            answer.set_result(self._services.notify(body, title=title, tag=tag))
        except Exception as error:  # noqa: BLE001 - a hundred services, each with errors of its own
            answer.set_exception(Unavailable(f"a service failed: {type(error).__name__}"))

    @cached_property
    def _services(self) -> apprise.Apprise:
        services = apprise.Apprise()
        for url, tags in self.urls.items():
            if not _added(services, url, tags):
                raise ValueError(f"Apprise cannot read the URL tagged {', '.join(tags)}")
        return services


def _added(services: apprise.Apprise, url: str, tags: tuple[str, ...]) -> bool:
    """Add one URL without a word: Apprise would log one that it cannot read, secrets and all."""
    apprise.logger.disabled = True
    try:
        return bool(services.add(url, tag=list(tags)))
    finally:
        apprise.logger.disabled = False


def title_of(action: Action) -> str:
    """Return one line that says what is to be done."""
    return f"{action.name}: {action.params.get('kind', '')} {action.target}"


def body_of(action: Action) -> str:
    """Return what is known, line by line, with the id under which it was asked."""
    lines = [f"{name}: {_flat(value)}" for name, value in action.params.items()]
    return "\n".join([*lines, f"reference: {action.id}"])


def _flat(value: Parameter) -> str:
    return "; ".join(value) if isinstance(value, list) else str(value)
