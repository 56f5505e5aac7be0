"""A case: one problem with its history and its rule, as the policy looks at it."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Final

from actions.catalogue import ACTS
from actions.guests import Guests, guest_of
from actions.limits import Spent, nothing_spent
from actions.matching import rule_for
from actions.playbook import Playbook
from actions.proposals import propose
from actions.rules import Rule
from actions.silences import NOTHING_OFF, Switches
from schemas.decisions import Action, Mode, Status, Verdict
from schemas.problems import Problem

STARTED: Final = frozenset({Status.UNDER_WAY, Status.FAILED, Status.DONE, Status.DEAD})
"""The other side may have seen the action."""

NOT_STARTED: Final = frozenset({Status.QUEUED, Status.WAITING})
"""Nobody outside has seen the action yet: it can be called off."""


@dataclass(frozen=True, slots=True)
class History:
    """What was done before ``now`` (ms UTC), as far as this problem is concerned.

    ``planned`` are the actions of this problem as they stand, ``handled`` the ids of all actions
    that need not be planned again, ``ended`` how often this kind of problem has been over on this
    subject, ``customers`` who placed the orders that prove a population problem, ``switches`` what
    people have switched off, ``guests`` what is known of the customers concerned.
    """

    now: int
    planned: tuple[Action, ...] = ()
    handled: Container[str] = frozenset()
    ended: int = 0
    spent: Spent = nothing_spent
    customers: Mapping[str, str] = field(default_factory=dict)
    switches: Switches = NOTHING_OFF
    guests: Guests = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict with what follows: actions to plan, to undo, and to call off before they start.

    ``alerted`` names the alerts whose readers must learn that it is over.
    """

    verdict: Verdict
    detail: str = ""
    rule: str = ""
    mode: Mode = Mode.OFF
    now: int = 0
    guests: Guests = field(default_factory=dict)
    fresh: tuple[Action, ...] = ()
    undo: tuple[Action, ...] = ()
    call_off: tuple[str, ...] = ()
    alerted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """All that a branch may look at."""

    problem: Problem
    history: History
    playbook: Playbook
    rule: Rule | None
    inside: bool = True
    proposed: tuple[Action, ...] = ()
    aimless: tuple[str, ...] = ()

    @property
    def mode(self) -> Mode:
        """The mode of the rule, off where there is none."""
        return Mode.OFF if self.rule is None else self.rule.mode

    @property
    def fresh(self) -> tuple[Action, ...]:
        """What was proposed and not handled before."""
        return tuple(a for a in self.proposed if a.id not in self.history.handled)

    @property
    def invertible(self) -> tuple[Action, ...]:
        """Actions of this problem that have an inverse and were not undone yet."""
        undone = {action.follows for action in self.history.planned}
        return tuple(
            action
            for action in self.history.planned
            if ACTS[action.name].inverse and action.follows is None and action.id not in undone
        )


def look_at(problem: Problem, history: History, playbook: Playbook) -> Case:
    """Gather what the branches look at: the rule that matches and what it would do."""
    match = rule_for(problem, guest_of(problem, history.guests), playbook)
    if match is None:
        return Case(problem, history, playbook, None)
    proposed, aimless = propose(
        problem, match.rule, history.ended + 1, history.now, history.customers
    )
    return Case(problem, history, playbook, match.rule, match.inside, proposed, aimless)
