import math

import pytest

from detectors.population.budgets import Rungs
from detectors.population.counts import Charge
from detectors.population.ladders import Rung, all_kinds, base_kind, kind_of, ladder_of, reached
from detectors.population.testing_counts import charge_of
from schemas.problems import Severity

RUNGS = Rungs.of(1_000_000, 1)
WRONG = charge_of("wrong_item", "sku")
TOO_SMALL = charge_of("too_small", "sku_size")
JUST_BELOW = 1e-9


@pytest.mark.parametrize(
    ("charge", "odds", "rung"),
    [
        (WRONG, 10_000, Rung.WATCH),
        (WRONG, 100_000, Rung.HOLD),
        (WRONG, 1_000_000, Rung.ACT),
        (TOO_SMALL, 100_000, Rung.HOLD),
        (TOO_SMALL, 1_000_000, Rung.ACT),
    ],
)
def test_a_rung_is_reached_with_its_odds_and_not_before(
    charge: Charge, odds: int, rung: Rung
) -> None:
    log_r = math.log(odds)
    below = reached(charge, RUNGS, log_r - JUST_BELOW)

    assert reached(charge, RUNGS, log_r + JUST_BELOW)[-1] is rung
    assert rung not in below


def test_a_description_is_not_watched_but_advised_upon() -> None:
    assert reached(TOO_SMALL, RUNGS, math.log(10_001)) == []
    assert [step.severity for step in ladder_of(TOO_SMALL).values()] == [
        Severity.INFO,
        Severity.WARNING,
    ]


@pytest.mark.parametrize(
    ("defect", "subject_type", "rung", "kind"),
    [
        ("wrong_item", "sku", Rung.WATCH, "sku-wrong-item-watch"),
        ("wrong_item", "sku_warehouse", Rung.HOLD, "sku-warehouse-wrong-item-hold"),
        ("bad_review", "seller", Rung.ACT, "seller-bad-reviews"),
        ("carrier_damaged", "lane", Rung.ACT, "lane-damaged-on-the-way"),
        ("complaint", "seller", Rung.ACT, "seller-unresolved-complaints"),
        ("late", "seller", Rung.ACT, "seller-late"),
        ("late", "market", Rung.ACT, "market-late"),
        ("too_large", "category", Rung.HOLD, "category-too-large-advice"),
    ],
)
def test_kinds_say_who_what_and_how_far(
    defect: str, subject_type: str, rung: Rung, kind: str
) -> None:
    assert kind_of(charge_of(defect, subject_type), rung) == kind


def test_every_kind_is_listed_once_with_the_recoveries_of_skus() -> None:
    kinds = all_kinds()

    assert len(set(kinds)) == len(kinds)
    assert {"sku-wrong-item-recovered", "lane-late-watch", "region-late-hold"} <= set(kinds)
    assert {kind for kind in kinds if kind.endswith("-recovered")} == {
        f"{base_kind(charge_of(name, 'sku'))}-recovered"
        for name in (
            "wrong_item",
            "missing_item",
            "damaged",
            "defective",
            "not_as_described",
            "too_small",
            "too_large",
            "bad_review",
        )
    }


def test_whatever_can_be_reached_has_a_kind_that_is_listed() -> None:
    for charge in (WRONG, TOO_SMALL):
        kinds = [kind_of(charge, rung) for rung in ladder_of(charge)]

        assert set(kinds) <= set(all_kinds())
