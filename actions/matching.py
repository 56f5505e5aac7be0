"""Which rule answers a problem: the first whose kind, conditions, days and share all fit."""

import hashlib
from collections.abc import Collection
from fnmatch import fnmatchcase
from typing import NamedTuple
from zoneinfo import ZoneInfo

from actions.guests import Guest
from actions.playbook import Playbook
from actions.quantities import ALL
from actions.rules import Rule, Where
from schemas.problems import Problem
from schemas.times import instant


class Match(NamedTuple):
    """A rule that fits, and whether the customer is in the share it is rolled out to."""

    rule: Rule
    inside: bool


def rule_for(problem: Problem, guest: Guest, playbook: Playbook) -> Match | None:
    """Return the first rule that fits and is rolled out to this customer.

    Where rules fit but none is rolled out to them, the first of those is returned as such.
    """
    outside: Rule | None = None
    for rule in playbook.rules:
        if fits(rule, problem, guest, playbook.zone):
            if is_rolled_out(rule, problem):
                return Match(rule, inside=True)
            outside = outside or rule
    return None if outside is None else Match(outside, inside=False)


def fits(rule: Rule, problem: Problem, guest: Guest, zone: ZoneInfo) -> bool:
    """Whether kind, conditions and days of a rule fit."""
    return (
        fnmatchcase(problem.kind, rule.kind)
        and _holds(rule.where, problem, guest)
        and _is_valid(rule, problem.opened_at, zone)
    )


def _holds(where: Where, problem: Problem, guest: Guest) -> bool:
    return (
        _among(problem.severity, where.severity)
        and _among(problem.subject_type, where.subject_type)
        and _among(problem.defect, where.defect)
        and _among(guest.tier, where.tier)
        and guest.harmed_before >= where.harmed_before
        and _is_like(problem.subject, where.subject)
    )


def _among(value: object, wanted: Collection[object]) -> bool:
    return not wanted or value in wanted


def _is_like(subject: str, wanted: Collection[str]) -> bool:
    return not wanted or any(fnmatchcase(subject, pattern) for pattern in wanted)


def _is_valid(rule: Rule, opened_at: int, zone: ZoneInfo) -> bool:
    """Days are the shop's; a replay uses the rules of that day."""
    if rule.valid_from is None and rule.valid_until is None:
        return True
    day = instant(opened_at).astimezone(zone).date()
    return (rule.valid_from or day) <= day <= (rule.valid_until or day)


def is_rolled_out(rule: Rule, problem: Problem) -> bool:
    """Whether the customer is in the rule's share: by a hash, so that it stays so as it grows."""
    if rule.rollout == ALL:
        return True
    whose = problem.customer_id or problem.order_id or problem.subject
    digest = hashlib.blake2b(f"{rule.name}\x1f{whose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) % ALL.basis_points < rule.rollout.basis_points
