"""People in over a hundred services (chat, paging, mail), by tag: what Apprise can reach.

Such services know no idempotency key, so the action id stands in the text for whoever reads it
twice. Configuration is a list of Apprise URLs: https://github.com/caronc/apprise/wiki.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cached_property
from threading import Thread

import apprise
from apprise import AppriseResult, AppriseResultStatus

from actions.errors import Refused, Unavailable
from actions.executors.grouping import Grouping, Throttle
from actions.executors.telling import OPS, TAG_OF_ACTION
from schemas.decisions import Action

Clock = Callable[[], int]
"""The present, ms UTC."""


@dataclass(frozen=True, repr=False)
class Apprise:
    """Tells those whose tag fits an action.

    ``urls`` maps each Apprise URL (a secret) to its tags. A call that has not come back within
    ``timeout_s`` is left behind and tried again later. Alerts that come within ``group_wait_s``
    are one message, and ``throttle`` says how many messages a minute are enough; ``clock`` (ms
    UTC) is for it.
    """

    urls: Mapping[str, tuple[str, ...]]
    timeout_s: float = 15.0
    group_wait_s: float = 0.0
    throttle: Throttle = field(default_factory=lambda: Throttle(0))
    clock: Clock = lambda: 0

    def __post_init__(self) -> None:
        """Read the URLs at once: ValueError says which is wrong, by its tags."""
        _ = (self._services, self._grouping)

    def __repr__(self) -> str:
        tags = sorted({tag for tags in self.urls.values() for tag in tags})
        return f"Apprise(tags={tags}, timeout_s={self.timeout_s})"

    @property
    def destination(self) -> str:
        """All services together: which of them failed, Apprise does not say."""
        return "apprise"

    def __call__(self, action: Action) -> str:
        """Tell them of ``action``; return who was told. Unavailable or Refused otherwise."""
        return self._grouping(TAG_OF_ACTION.get(action.name, OPS), action)

    @cached_property
    def _grouping(self) -> Grouping:
        return Grouping(self.group_wait_s, self._told)

    def _told(self, tag: str, title: str, body: str) -> str:
        self.throttle.take(tag, self.clock())
        told = self._within_time(tag, title, body)
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
