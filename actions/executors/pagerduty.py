"""PagerDuty's Events API v2: one incident per problem, however many alerts tell of it.

``dedup_key`` is the problem's id, so alerts about one problem join one incident and a repeated
request opens no second one; when the problem is over, the same key resolves the incident:
https://developer.pagerduty.com/docs/events-api-v2-overview.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import msgspec

from actions.executors.posting import READ_S, Poster
from actions.executors.telling import is_resolved, title_of
from schemas.decisions import Action
from schemas.times import iso

EVENTS: Final = "https://events.pagerduty.com/v2/enqueue"

SEVERITY: Final = {"critical": "critical", "high": "error", "warning": "warning", "info": "info"}
"""Our severities in PagerDuty's words; an alert that names none is a warning."""

LONGEST_SUMMARY: Final = 1024
"""Characters that PagerDuty takes of a summary."""


@dataclass(frozen=True, repr=False)
class PagerDuty:
    """Triggers an incident for each problem that ops are told of, and resolves it when it is over.

    ``routing_key`` is the integration's key, a secret; ``clock`` returns ms UTC.
    """

    routing_key: str
    clock: Callable[[], int]
    url: str = EVENTS
    allowed: Sequence[str] = ()
    read_s: float = READ_S

    def __post_init__(self) -> None:
        """Check the settings at once: ValueError says which is wrong."""
        if not self.routing_key:
            raise ValueError("PagerDuty needs a routing key")
        _ = self._poster

    def __repr__(self) -> str:
        return f"PagerDuty(host={self._poster.host!r})"

    @property
    def destination(self) -> str:
        """The host that is called: what fails together."""
        return self._poster.host

    def __call__(self, action: Action) -> str:
        """Tell of ``action``; return the answer's status. Unavailable or Refused otherwise."""
        return self._poster.post(msgspec.json.encode(self._event(action)), {}, self.clock())

    def _event(self, action: Action) -> dict[str, object]:
        severity = SEVERITY.get(str(action.params.get("severity")), "warning")
        return {
            "routing_key": self.routing_key,
            "event_action": "resolve" if is_resolved(action) else "trigger",
            "dedup_key": f"andon/{action.problem_id}",
            "payload": {
                "summary": title_of(action)[:LONGEST_SUMMARY],
                "source": "andon",
                "severity": severity,
                "timestamp": iso(action.planned_at),
                "component": f"{action.target_type}:{action.target}",
                "custom_details": {**action.params, "reference": action.id},
            },
        }

    @cached_property
    def _poster(self) -> Poster:
        return Poster(self.url, self.allowed, self.read_s)
