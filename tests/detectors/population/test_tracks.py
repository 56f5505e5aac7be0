"""What becomes of a problem about a population: taken back, repaired, proved clean, outweighed."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from detectors.observations import Appeal, Observation
from detectors.population.testing import (
    WRONG_ITEM,
    Saying,
    Shop,
    Unit,
    a_repair,
    a_report,
    changes_of,
    defect_of,
    newest,
)
from schemas.problems import Cause, Change, ChangeKind, Problem
from schemas.times import DAY, HOUR, MINUTE

D0 = 20_000
ONSET, MENDED, END = D0 + 20, D0 + 26, D0 + 46
PERIOD = 5 * MINUTE
SKU = "sku-7"
ACT, RECOVERED = "sku-wrong-item", "sku-wrong-item-recovered"
USUAL = Shop.selling(range(D0, END))
OPENED, CLEARED, WITHDRAWN = ChangeKind.OPENED, ChangeKind.CLEARED, ChangeKind.WITHDRAWN
REPAIR = a_repair(MENDED * DAY + 8 * HOUR, SKU)


def faulty(since: int, until: int) -> Callable[[Unit], bool]:
    return lambda unit: unit.item.sku == SKU and since <= unit.day < until


LASTING = USUAL.where(faulty(ONSET, END))
STOPPED = USUAL.where(faulty(ONSET, MENDED))
"""What leaves before the repair is reported up to three days after it."""


def told(shop: Shop, *known: Observation, until: int = END) -> list[Change]:
    return changes_of(shop, until=until * DAY, known=known)


def about(changes: Sequence[Change], kind: str = ACT, subject: str = SKU) -> list[Change]:
    return [c for c in changes if (c.problem.kind, c.problem.subject) == (kind, subject)]


def said(changes: Sequence[Change], kind: str = ACT) -> list[tuple[ChangeKind, int]]:
    return [(change.what, change.at) for change in about(changes, kind)]


def standing(changes: Sequence[Change]) -> list[Problem]:
    return [problem for problem in newest(changes) if problem.is_open]


# ----- taken back ------------------------------------------------------------------------------


def test_reports_taken_back_withdraw_what_they_had_carried() -> None:
    at = (ONSET + 8) * DAY + 10 * HOUR + 1
    gone = STOPPED.taken_back(at, lambda unit: unit.item.sku == SKU)
    changes = told(gone)
    last = [c for c in changes if c.problem.subject == SKU and c.what is not ChangeKind.ATTACHED]

    assert [p for p in standing(changes) if p.subject == SKU] == []
    assert {(c.what, c.at) for c in last[-2:]} == {(WITHDRAWN, at // PERIOD * PERIOD + PERIOD)}
    assert {c.problem.ended_by.fact for c in last[-2:] if c.problem.ended_by} == {
        "report taken back"
    }


def test_taking_back_what_was_never_reported_withdraws_nothing() -> None:
    other = next(u for u in USUAL.units if u.item.sku == "sku-8" and u.day == ONSET)
    stray = Saying((ONSET + 5) * DAY, other, WRONG_ITEM, 1, units=-1)
    changes = told(Shop(STOPPED.units, (*STOPPED.sayings, stray)))

    assert said(changes) == said(told(STOPPED))
    assert {c.what for c in changes} == {OPENED, CLEARED, ChangeKind.ATTACHED}


def test_a_few_reports_taken_back_withdraw_nothing_that_still_has_its_evidence() -> None:
    at = (ONSET + 9) * DAY
    few = STOPPED.taken_back(at, lambda u: faulty(ONSET, MENDED)(u) and u.name.endswith("-0/1"))

    assert [what for what, _ in said(told(few)) if what is WITHDRAWN] == []


def test_a_problem_ends_at_last_even_if_no_report_of_its_defect_stands_any_more() -> None:
    """Some are taken back once healthy units outweigh them, so that no rung falls by that."""
    some = Shop(USUAL.units).where(faulty(ONSET, ONSET + 4))
    some = some.where(lambda unit: unit.day == ONSET - 1 and unit.item.sku == "sku-1")
    for late, day in enumerate((ONSET - 1, ONSET, ONSET + 1, ONSET + 2, ONSET + 3)):
        some = some.taken_back((ONSET + 12 + late) * DAY, lambda unit, day=day: unit.day == day)  # type: ignore[misc]
    changes = told(some, until=END + 40)

    assert newest(changes)
    assert standing(changes) == []


# ----- appeals ---------------------------------------------------------------------------------

SELLER = "S-0"
HELD = USUAL.where(lambda unit: unit.item.seller_id == SELLER and ONSET <= unit.day < ONSET + 4)
LOOKED_INTO = (ONSET + 6) * DAY + 8 * HOUR


def an_appeal(first: int, last: int) -> Appeal:
    cause = Cause("seller.appeal_upheld", LOOKED_INTO, LOOKED_INTO)
    return Appeal(at=LOOKED_INTO, cause=cause, seller=SELLER, defect="", first=first, last=last)


def of_seller(changes: Sequence[Change]) -> list[tuple[ChangeKind, int]]:
    return [(c.what, c.at) for c in about(changes, "seller-wrong-item", SELLER)]


def test_an_upheld_appeal_withdraws_the_evidence_it_takes_away_at_the_end_of_its_period() -> None:
    changes = told(HELD, an_appeal(ONSET, ONSET + 4))
    [opened, ended] = about(changes, "seller-wrong-item", SELLER)

    assert (opened.what, ended.what) == (OPENED, WITHDRAWN)
    assert ended.at == LOOKED_INTO + PERIOD
    assert ended.problem.ended_by == Cause("seller.appeal_upheld", ended.at, ended.at)


def test_an_appeal_about_days_without_reports_withdraws_nothing() -> None:
    assert of_seller(told(HELD, an_appeal(ONSET - 9, ONSET - 8))) == of_seller(told(HELD))


# ----- repaired --------------------------------------------------------------------------------


def test_a_repair_ends_every_problem_of_the_sku_by_its_own_name() -> None:
    changes = told(STOPPED, REPAIR, until=MENDED + 1)
    ended = [c for c in changes if c.at == MENDED * DAY + 8 * HOUR + PERIOD]

    assert {c.what for c in ended} == {CLEARED}
    assert {c.problem.subject for c in ended} >= {SKU, f"{SKU}@W-0", f"{SKU}@W-1"}
    assert {c.problem.ended_by.fact for c in ended if c.problem.ended_by} == {"sku.repaired"}


def test_late_reports_about_units_from_before_a_repair_raise_no_new_alarm() -> None:
    changes = told(STOPPED, REPAIR)
    later = [c for c in changes if c.what is OPENED and c.at > REPAIR.at]

    assert [what for what, _ in said(changes)] == [OPENED, CLEARED]
    assert {c.problem.kind for c in later if c.problem.subject.startswith(SKU)} == {RECOVERED}


def test_a_fault_that_goes_on_after_its_repair_opens_again_at_once() -> None:
    """Units of the day after the repair are reported three days later; two such days are enough."""
    again = [at for what, at in said(told(LASTING, REPAIR)) if what is OPENED][1:]

    assert again
    assert again[0] <= (MENDED + 1 + 3 + 2) * DAY


def test_a_repair_in_one_warehouse_leaves_the_other_one_suspect() -> None:
    here = replace(REPAIR, warehouse_id="W-1")
    changes = told(STOPPED, here, until=MENDED + 1)
    ended = {c.problem.subject for c in changes if c.what is CLEARED}

    assert ended == {SKU, f"{SKU}@W-1"}
    assert f"{SKU}@W-0" in {problem.subject for problem in standing(changes)}


def test_a_repair_of_what_nobody_suspects_changes_nothing() -> None:
    assert told(USUAL, REPAIR) == told(USUAL)


# ----- proved clean ----------------------------------------------------------------------------


def test_enough_clean_units_after_a_repair_propose_to_sell_again() -> None:
    [opened] = [c for c in told(STOPPED, REPAIR) if c.problem.kind == RECOVERED]
    facts = {item.fact: item.value for item in opened.problem.evidence}

    assert opened.what is OPENED
    assert (MENDED + 4) * DAY <= opened.at <= (MENDED + 15) * DAY
    assert opened.at % DAY == 0
    assert facts["reports"] == 0
    assert int(str(facts["evidence"])) >= int(str(facts["evidence_needed"])) == 99


def test_what_is_not_sold_proves_nothing() -> None:
    units = tuple(u for u in USUAL.units if u.item.sku != SKU or u.day < MENDED)
    off_sale = Shop(units, tuple(s for s in STOPPED.sayings if s.unit in set(units)))

    assert said(told(off_sale, REPAIR), RECOVERED) == []


def test_a_repair_or_relisting_ends_the_proposal() -> None:
    relisted = a_repair((MENDED + 17) * DAY, SKU)

    assert [what for what, _ in said(told(STOPPED, REPAIR, relisted), RECOVERED)] == [
        OPENED,
        CLEARED,
    ]
    assert said(told(STOPPED, REPAIR, relisted), RECOVERED)[1][1] == relisted.at + PERIOD


def test_a_proposal_nobody_takes_up_is_dropped_after_a_month() -> None:
    [opened, dropped] = said(told(STOPPED, REPAIR, until=END + 40), RECOVERED)

    assert dropped == (CLEARED, opened[1] + 30 * DAY)


# ----- over by itself --------------------------------------------------------------------------


def test_a_problem_fades_once_cohorts_after_it_are_clean() -> None:
    changes = about(told(STOPPED))

    assert [c.what for c in changes] == [OPENED, CLEARED]
    assert changes[1].at % DAY == 0
    assert changes[1].problem.ended_by
    assert changes[1].problem.ended_by.fact == "clock"


def test_a_fault_that_lasts_stays_open() -> None:
    assert [what for what, _ in said(told(LASTING))] == [OPENED]


# ----- the floor -------------------------------------------------------------------------------


def strikes(at: int) -> tuple[Observation, ...]:
    return a_report(at, "o-1", sku=SKU), a_report(at, "o-2", sku=SKU)


def test_what_the_floor_has_open_evidence_does_not_open_again() -> None:
    changes = told(LASTING, *strikes((ONSET + 1) * DAY))

    assert [(c.what, c.problem.detector_version, c.at) for c in about(changes)] == [
        (OPENED, "1", (ONSET + 1) * DAY + PERIOD)
    ]
    assert [c.what for c in about(changes, "sku-warehouse-wrong-item", f"{SKU}@W-1")] == [OPENED]


def test_what_evidence_has_open_the_floor_does_not_open_again() -> None:
    alone, both = told(LASTING), told(LASTING, *strikes((ONSET + 9) * DAY))

    assert about(both) == about(alone)


# ----- advice ----------------------------------------------------------------------------------


def test_a_size_that_runs_small_is_advice_and_no_alarm() -> None:
    small = Shop(USUAL.units).where(set(USUAL.units[::89]).__contains__, TOO_SMALL)
    small = small.where(faulty(ONSET, END), TOO_SMALL)
    kinds = {c.problem.kind for c in told(small) if c.problem.subject == SKU}

    assert "sku-too-small" in kinds
    assert kinds <= {"sku-too-small", "sku-too-small-advice"}


TOO_SMALL = defect_of("too_small", "sku")


def test_a_repair_that_is_told_twice_is_one_repair() -> None:
    later = replace(REPAIR, at=REPAIR.at + DAY)

    assert told(LASTING, REPAIR, REPAIR, later) == told(LASTING, REPAIR)
