"""What partitions count, told to the judge: one answer, and a fault that climbs its ladder."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.population.almanac import Almanac
from detectors.population.judge import Judge
from detectors.population.ladders import all_kinds
from detectors.population.populations import Probe
from detectors.population.rules import BUDGET, PopulationRules
from detectors.population.standing import Step
from detectors.population.testing import (
    Partitions,
    Saying,
    Shop,
    Unit,
    a_report,
    changes_of,
    newest,
)
from detectors.population.weighing import Reading
from schemas.problems import Change, ChangeKind, Problem, problems_digest
from schemas.times import DAY, HOUR, MINUTE

D0 = 20_000
"""The shop's first day (UTC day number)."""
ONSET = D0 + 22
END = D0 + 36
PERIOD = 5 * MINUTE
ALL_AT_ONCE = 100 * DAY
USUAL = Shop.selling(range(D0, END))
FAULTY = "sku-7"


def is_faulty(unit: Unit) -> bool:
    return unit.item.sku == FAULTY and unit.day >= ONSET


FAULT = USUAL.where(is_faulty)


def told(shop: Shop, piece: int = DAY, partitions: int = 1) -> list[Change]:
    return changes_of(shop, until=END * DAY, piece=piece, partitions=partitions)


def answer(changes: Sequence[Change]) -> tuple[str, list[Change]]:
    """Return the hash of the problems, and all that was said of them, evidence included."""
    return problems_digest(newest(changes)), list(changes)


def of(subject: str, changes: Sequence[Change]) -> list[tuple[ChangeKind, str]]:
    return [(c.what, c.problem.kind) for c in changes if c.problem.subject == subject]


# ----- one answer ------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", [PERIOD, 2 * HOUR, 5 * DAY, ALL_AT_ONCE])
def test_a_shop_told_in_whatever_pieces_gives_one_answer(piece: int) -> None:
    assert answer(told(FAULT, piece)) == answer(told(FAULT))


def test_what_is_said_within_a_period_has_no_order() -> None:
    cards = random.Random(1)  # noqa: S311 - a shuffled deck, no secret
    units, sayings = list(FAULT.units), list(FAULT.sayings)
    cards.shuffle(units)
    cards.shuffle(sayings)

    assert answer(told(Shop(tuple(units), tuple(sayings)))) == answer(told(FAULT))


@pytest.mark.parametrize("partitions", [2, 4])
def test_partitions_with_words_of_their_own_give_one_answer(partitions: int) -> None:
    assert answer(told(FAULT, 7 * HOUR, partitions)) == answer(told(FAULT))


@pytest.mark.parametrize("piece", [7 * DAY, ALL_AT_ONCE])
def test_in_weeks_in_which_nothing_leaves_it_is_known_what_is_usual_then(piece: int) -> None:
    """Three customers in a fortnight are usual for what sold well until the shop closed."""
    shop = USUAL.where(lambda unit: unit.item.sku == "sku-5" and unit.day % 2 == 0)
    closed, again = (END + 5) * DAY + HOUR, _later(shop, 70)
    late = [a_report(closed + n * HOUR, f"o-{n}", f"c-{n}", sku="sku-5") for n in range(3)]
    both = Shop(shop.units + again.units, shop.sayings + again.sayings)
    daily = changes_of(both, until=(END + 70) * DAY, known=late)

    assert changes_of(both, until=(END + 70) * DAY, known=late, piece=piece) == daily
    assert of("sku-5", daily)


def _later(shop: Shop, days: int) -> Shop:
    """Return a shop that does the same ``days`` later."""
    moved = {
        unit: unit._replace(name=f"{unit.name}+", at=unit.at + days * DAY, day=unit.day + days)
        for unit in shop.units
    }
    said = [s._replace(at=s.at + days * DAY, unit=moved[s.unit]) for s in shop.sayings]
    return Shop(tuple(moved.values()), tuple(said))


@settings(max_examples=5)
@given(
    share=st.integers(1, 5),
    sku=st.integers(0, 23),
    back=st.integers(ONSET, END - 4),
    piece=st.sampled_from([3 * HOUR, 26 * HOUR, ALL_AT_ONCE]),
    partitions=st.sampled_from([1, 2, 4]),
    seed=st.integers(0, 99),
)
def test_any_fault_told_in_any_way_gives_one_answer(  # noqa: PLR0913, PLR0917 - what is drawn
    share: int, sku: int, back: int, piece: int, partitions: int, seed: int
) -> None:
    def is_bad(unit: Unit) -> bool:
        return unit.day >= ONSET and unit.item.sku == f"sku-{sku}" and unit.day % share == 0

    shop = USUAL.where(is_bad).taken_back((back + 3) * DAY + 10 * HOUR, lambda u: u.day == back)
    cards = random.Random(seed)  # noqa: S311 - a shuffled deck, no secret
    units, sayings = list(shop.units), list(shop.sayings)
    cards.shuffle(units)
    cards.shuffle(sayings)
    shuffled = Shop(tuple(units), tuple(sayings))

    assert answer(told(shuffled, piece, partitions)) == answer(told(shop))


def test_one_buyer_who_sends_back_a_dozen_units_of_a_day_is_one_voice() -> None:
    dozen = USUAL.where(lambda u: u.day == ONSET and u.item.sku in {"sku-7", "sku-8", "sku-9"})
    hoarder = Shop(USUAL.units, (*USUAL.sayings, *_by_one(dozen)))
    hoarding = [c.problem.subject for c in told(hoarder)]
    several = [c.problem.subject for c in told(dozen)]

    assert FAULTY not in hoarding
    assert FAULTY in several


def _by_one(shop: Shop) -> list[Saying]:
    return [saying._replace(buyer=5) for saying in shop.sayings[len(USUAL.sayings) :]]


def test_reports_that_a_buyer_repeats_change_no_answer() -> None:
    again = tuple(
        saying._replace(unit=saying.unit._replace(name=f"{saying.unit.name}2"))
        for saying in FAULT.sayings
        if saying.unit.item.sku == FAULTY and is_faulty(saying.unit)
    )
    repeated = Shop(FAULT.units, FAULT.sayings + again)

    assert problems_digest(newest(told(repeated))) == problems_digest(newest(told(FAULT)))


# ----- the ladder ------------------------------------------------------------------------------


def test_a_usual_shop_has_no_problem() -> None:
    assert told(USUAL) == []


def slow(unit: Unit) -> bool:
    return is_faulty(unit) and unit.name.endswith(f"-{unit.day % 4}/1")


def test_a_faulty_sku_climbs_from_watch_to_hold_to_act() -> None:
    opened = [kind for what, kind in of(FAULTY, told(USUAL.where(slow))) if what == "opened"]

    assert opened == ["sku-wrong-item-watch", "sku-wrong-item-hold", "sku-wrong-item"]


def test_lower_rungs_are_put_under_the_highest() -> None:
    found = {p.kind: p for p in newest(told(USUAL.where(slow))) if p.subject == FAULTY}
    act = found["sku-wrong-item"]

    assert found["sku-wrong-item-hold"].parent == act.id
    assert found["sku-wrong-item-watch"].parent is not None
    assert act.parent is None


def test_parents_never_form_a_circle_and_are_opened_no_later() -> None:
    for shop in (FAULT, USUAL.where(slow), USUAL.where(lambda u: u.day >= ONSET + u.day % 3)):
        every = {problem.id: problem for problem in newest(told(shop))}

        assert every
        assert all(_is_rooted(problem, every) for problem in every.values())


def _is_rooted(problem: Problem, every: dict[str, Problem]) -> bool:
    passed = {problem.id}
    while problem.parent is not None:
        problem = every[problem.parent]
        if problem.id in passed:
            return False
        passed.add(problem.id)
    return True


def test_days_without_news_change_nothing() -> None:
    quiet = changes_of(FAULT, until=(END + 5) * DAY, piece=DAY)
    longer = changes_of(FAULT, until=(END + 5) * DAY, piece=ALL_AT_ONCE)

    assert quiet == longer
    assert [c for c in quiet if c.what is ChangeKind.OPENED and c.at > (END + 4) * DAY] == []


def test_before_two_weeks_of_history_nothing_is_judged_but_what_is_published() -> None:
    early = USUAL.where(lambda unit: unit.item.sku == FAULTY and unit.day < D0 + 10)
    kinds = {c.problem.kind for c in told(early) if c.at < (D0 + 14) * DAY}

    assert kinds <= {step.kind for step in Step}


def test_where_hardly_any_wrong_alarm_is_allowed_more_evidence_is_needed() -> None:
    strict = PopulationRules(budget={**BUDGET, "sku": 0.001})
    shop = USUAL.where(slow)
    seldom = changes_of(shop, until=END * DAY, rules=strict)

    assert reports_needed(seldom) > reports_needed(told(shop))


def reports_needed(changes: Sequence[Change]) -> int:
    """Return how many reports the first problem about the faulty SKU rests on."""
    first = next(c.problem for c in changes if c.problem.subject == FAULTY)
    return next(int(item.value or 0) for item in first.evidence if item.fact == "reports")


def test_every_kind_that_opens_is_in_the_list_of_kinds() -> None:
    kinds = {change.problem.kind for change in told(FAULT)}

    assert len(kinds) > 5
    assert kinds <= {*all_kinds(), *(step.kind for step in Step)}


def test_counts_take_room_for_what_they_hold() -> None:
    judge = Judge(PopulationRules(), 180 * DAY)
    Partitions(judge).tell(USUAL.units[:1], ())
    before = judge.nbytes
    judge.judge(END * DAY)

    assert judge.nbytes > before


# ----- somebody who asks -----------------------------------------------------------------------


def watched(shop: Shop, piece: int) -> list[tuple[Reading, str]]:
    seen: list[tuple[Reading, str]] = []

    def note(reading: Reading, almanac: Almanac) -> None:
        nameless = reading.subject._replace(row=0)  # rows depend on arrival
        seen.append((replace(reading, subject=nameless), almanac.version))

    changes_of(shop, until=END * DAY, piece=piece, probe=Probe("sku", FAULTY, note))
    return seen


def test_who_asks_is_told_the_evidence_of_each_period_with_a_report_to_the_last_bit() -> None:
    seen = watched(FAULT, DAY)
    judged = {
        saying.at // PERIOD
        for saying in FAULT.sayings
        if saying.unit.item.sku == FAULTY and (D0 + 14) * DAY <= saying.at < END * DAY
    }
    told_of = {reading.end // PERIOD - 1 for reading, _ in seen}

    assert told_of == judged
    assert seen == watched(FAULT, PERIOD) == watched(FAULT, ALL_AT_ONCE)


def test_asking_changes_no_answer() -> None:
    asked = changes_of(FAULT, until=END * DAY, probe=Probe("sku", "unheard of", lambda *_: None))

    assert asked == told(FAULT)
