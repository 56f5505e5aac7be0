"""Alerts that come together are told together, and people are not told more than they can read.

``group_wait`` is Alertmanager's name for the pause after a first alert in which others join it.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from actions.errors import NotYet
from actions.executors.telling import body_of, is_resolved, title_of
from schemas.decisions import Action
from schemas.times import MINUTE

MOST_TITLES: Final = 3
"""Alerts that the title of a digest names."""

Tell = Callable[[str, str, str], str]
"""Tells those under a tag a title and a body, and says who was told."""


@dataclass(slots=True)
class Throttle:
    """At most so many messages a minute for each tag; what is too much comes later, in a digest.

    Any thread may ask; times are ms UTC. ``at_most`` 0 is no limit.
    """

    at_most: int
    _told: dict[str, deque[int]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, tag: str, now: int) -> None:
        """Count one message to ``tag``; NotYet, with the time from which it may go, if too many."""
        if not self.at_most:
            return
        with self._lock:
            told = self._told.setdefault(tag, deque())
            while told and told[0] <= now - MINUTE:
                told.popleft()
            if len(told) >= self.at_most:
                raise NotYet(told[0] + MINUTE)
            told.append(now)


@dataclass(slots=True)
class _Group:
    actions: list[Action]
    said: Future[str] = field(default_factory=Future)


class Grouping:
    """Joins what is to be told to one tag within ``wait_s`` seconds into one message.

    Whoever asks first waits and tells; the others wait for what came of it. So each action keeps
    its own outcome: told, or to be tried again.
    """

    def __init__(self, wait_s: float, tell: Tell) -> None:
        self._wait_s = wait_s
        self._tell = tell
        self._open: dict[str, _Group] = {}
        self._lock = threading.Lock()

    def __call__(self, tag: str, action: Action) -> str:
        """Tell ``tag`` of ``action``, alone or with others; raise what telling raises."""
        with self._lock:
            group = self._open.get(tag)
            is_first = group is None
            if group is None:
                group = self._open[tag] = _Group([])
            group.actions.append(action)
        if is_first:
            self._lead(tag, group)
        return group.said.result()

    def _lead(self, tag: str, group: _Group) -> None:
        if self._wait_s:
            threading.Event().wait(self._wait_s)
        with self._lock:
            del self._open[tag]
        try:
            group.said.set_result(self._tell(tag, *digest(group.actions)))
        except BaseException as error:  # noqa: BLE001 - whoever joined must not wait for ever
            group.said.set_exception(error)


def digest(actions: Sequence[Action]) -> tuple[str, str]:
    """Return title and body of one message about all ``actions``, oldest first."""
    if len(actions) == 1:
        return title_of(actions[0]), body_of(actions[0])
    ordered = sorted(actions, key=lambda action: (action.planned_at, action.id))
    titles = [title_of(action) for action in ordered]
    more = f" and {len(titles) - MOST_TITLES} more" if len(titles) > MOST_TITLES else ""
    title = f"{_counted(ordered)}: {'; '.join(titles[:MOST_TITLES])}{more}"
    parts = [f"{name}\n{body_of(one)}" for name, one in zip(titles, ordered, strict=True)]
    return title, "\n\n".join(parts)


def _counted(actions: Sequence[Action]) -> str:
    """Return how many alerts there are, and how many words that one is over."""
    over = sum(is_resolved(action) for action in actions)
    counts = {"alerts": len(actions) - over, "resolved": over}
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)
