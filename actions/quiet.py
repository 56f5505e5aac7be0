"""Quiet hours: when a customer may be written to or called."""

from datetime import datetime, time, timedelta
from typing import Final

from msgspec.structs import replace

from actions.playbook import Playbook
from actions.quantities import span
from actions.rules import Quiet
from schemas.decisions import Action
from schemas.times import instant, iso, ms

DISTURBING: Final = frozenset({"message-customer", "schedule-callback"})
"""Actions that a customer hears at once."""


def in_time(action: Action, playbook: Playbook, now: int) -> Action:
    """Return ``action`` as it may be queued at ``now`` (ms UTC): not to disturb, it waits."""
    earliest = now + held_for(action)
    due = not_before(action, playbook, earliest)
    if due == earliest:
        return action
    return replace(action, params=action.params | {"not_before": iso(due)})


def not_before(action: Action, playbook: Playbook, now: int) -> int:
    """Return the earliest moment (ms UTC) at which ``action`` may be performed."""
    quiet = playbook.form.messages.quiet
    if quiet is None or action.name not in DISTURBING:
        return now
    return max(now, _end_of_quiet(quiet, instant(now).astimezone(playbook.zone)))


def _end_of_quiet(quiet: Quiet, local: datetime) -> int:
    """Return when the quiet hours around ``local`` end, ms UTC; 0 if it is not quiet."""
    begins, ends = time.fromisoformat(quiet.begins), time.fromisoformat(quiet.ends)
    today = local.time() >= begins if begins > ends else begins <= local.time() < ends
    overnight = begins > ends and local.time() < ends
    if not (today or overnight):
        return 0
    day = local.date() + timedelta(days=int(begins > ends and not overnight))
    return round(datetime.combine(day, ends, local.tzinfo).timestamp() * 1000)


def held_for(action: Action) -> int:
    """Return how long an action is held back before it is performed, in ms."""
    hold = action.params.get("hold")
    return 0 if hold is None else ms(span(hold))
