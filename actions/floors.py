"""The floor: what every customer gets, whatever they are worth to the shop (practice 3.5)."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from actions.rules import Rule, Step


def below_floor(rule: Rule, below: Sequence[Rule]) -> str | None:
    """Return what others get by the rules below and the customers of ``rule`` would not.

    A tier, or having been harmed before, may add to a plan and never takes anything from it.
    ``None`` where nothing is missing.
    """
    floor = next((one for one in below if _answers_all(one, rule)), None)
    if floor is None:
        return f"only some customers are helped: add a rule below that answers {rule.kind} for all"
    given = {step.name: step for step in rule.do}
    owed = (step for step in floor.do if step.act.reaches_customer)
    missing = [step.name for step in owed if not _at_least(given.get(step.name), step)]
    if not missing:
        return None
    return f"{rule.name!r} gives less than {floor.name!r}: {missing[0]} is missing or smaller"


def _answers_all(other: Rule, rule: Rule) -> bool:
    for_some = other.where.tier or other.where.harmed_before
    return not for_some and fnmatchcase(rule.kind, other.kind)


def _at_least(given: Step | None, owed: Step) -> bool:
    if given is None or owed.cost is None:
        return given is not None
    cost = given.cost
    return (
        cost is not None and cost.currency == owed.cost.currency and cost.minor >= owed.cost.minor
    )
