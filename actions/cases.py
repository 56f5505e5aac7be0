"""A case: one problem with its history and its rule, as the policy looks at it."""

from collections.abc import Container, Mapping
from typing import Final, NamedTuple

import msgspec

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


class Proposal(NamedTuple):
    """What a playbook proposes about a problem, before anything done earlier is looked at.

    ``rule`` is the one that matches; ``inside`` whether it is rolled out to this customer;
    ``aimless`` the names of actions without a target.
    """

    rule: Rule | None = None
    inside: bool = True
    actions: tuple[Action, ...] = ()
    aimless: tuple[str, ...] = ()


class History(msgspec.Struct, frozen=True, gc=False):
    """What was done before ``now`` (ms UTC), as far as this problem is concerned.

    ``planned`` are the actions of this problem as they stand, ``handled`` the ids of all actions
    that need not be planned again, ``ended`` how often this kind of problem has been over on this
    subject, ``customers`` who placed the orders that prove a population problem, ``switches`` what
    people have switched off, ``guests`` what is known of the customers concerned, ``proposal`` what
    :func:`proposal_for` said of the same problem before, if it was asked.
    """

    now: int
    planned: tuple[Action, ...] = ()
    handled: Container[str] = frozenset()
    ended: int = 0
    spent: Spent = nothing_spent
    customers: Mapping[str, str] = msgspec.field(default_factory=dict)
    switches: Switches = NOTHING_OFF
    guests: Guests = msgspec.field(default_factory=dict)
    proposal: Proposal | None = None


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A verdict with what follows: actions to plan, to undo, and to call off before they start.

    ``alerted`` names the alerts whose readers must learn that it is over.
    """

    verdict: Verdict
    detail: str = ""
    rule: str = ""
    mode: Mode = Mode.OFF
    now: int = 0
    guests: Guests = msgspec.field(default_factory=dict)
    fresh: tuple[Action, ...] = ()
    undo: tuple[Action, ...] = ()
    call_off: tuple[str, ...] = ()
    alerted: tuple[str, ...] = ()


class Case(msgspec.Struct, frozen=True, gc=False):
    """All that a branch may look at."""

    problem: Problem
    history: History
    playbook: Playbook
    proposal: Proposal
    fresh: tuple[Action, ...]
    """What was proposed and not handled before."""

    @property
    def rule(self) -> Rule | None:
        """The rule that matches."""
        return self.proposal.rule

    @property
    def mode(self) -> Mode:
        """The mode of the rule, off where there is none."""
        return Mode.OFF if self.rule is None else self.rule.mode

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
    proposal = history.proposal or proposal_for(problem, history, playbook)
    fresh = tuple(a for a in proposal.actions if a.id not in history.handled)
    return Case(problem, history, playbook, proposal, fresh)


def proposal_for(problem: Problem, history: History, playbook: Playbook) -> Proposal:
    """Return what ``playbook`` proposes; of ``history`` only what this batch does not change."""
    match = rule_for(problem, guest_of(problem, history.guests), playbook)
    if match is None:
        return Proposal()
    planned = propose(problem, match.rule, history.ended + 1, history.now, history.customers)
    return Proposal(*match, *planned)
