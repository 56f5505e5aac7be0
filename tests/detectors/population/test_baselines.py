import math

import numpy as np
import pytest

from detectors.population.baselines import (
    Usual,
    default,
    likeliest,
    outgrown,
    rollup,
    usual_rates,
)
from detectors.population.evidence import Counts, Reals


def drawn(shape: float, rate: float, subjects: int, seed: int = 5) -> tuple[Counts, Reals]:
    """Reports and matured units of subjects whose usual rates are Gamma(shape, shape / rate)."""
    chance = np.random.default_rng(seed)
    matured = chance.uniform(1, 400, subjects)
    rates = chance.gamma(shape, rate / shape, subjects)
    return chance.poisson(rates * matured), matured


def log_likelihood(usual: Usual, reports: Counts, matured: Reals) -> float:
    """The negative binomial likelihood, from gamma functions."""
    return math.fsum(
        math.lgamma(usual.a + n)
        - math.lgamma(usual.a)
        + usual.a * math.log(usual.b)
        - (usual.a + n) * math.log(usual.b + m)
        for n, m in zip(reports.tolist(), matured.tolist(), strict=True)
    )


@pytest.mark.parametrize(("shape", "rate"), [(3.0, 0.015), (1.5, 0.04), (8.0, 0.01)])
def test_rates_are_found_again_from_many_subjects(shape: float, rate: float) -> None:
    found = likeliest(*drawn(shape, rate, 20_000), default())

    assert found.a == pytest.approx(shape, rel=0.1)
    assert found.a / found.b == pytest.approx(rate, rel=0.03)


def test_no_other_distribution_nearby_is_likelier() -> None:
    reports, matured = drawn(3, 0.015, 20_000)
    found = likeliest(reports, matured, Usual(3, 200))
    best = log_likelihood(found, reports, matured)
    for a in (0.9, 1.1):
        for b in (0.9, 1.1):
            other = Usual(found.a * a, found.b * b)

            assert log_likelihood(other, reports, matured) < best


def test_without_subjects_what_was_assumed_stays() -> None:
    none = np.zeros(0, np.int64)

    assert likeliest(none, none.astype(np.float64), Usual(2, 100)) == Usual(2, 100)


def test_one_subject_hardly_moves_a_category() -> None:
    around = Usual(3, 200)
    found = likeliest(np.array([4]), np.array([40.0]), around)

    assert 0.015 < found.a / found.b < 0.03
    assert 2 < found.a < 4


def test_a_category_of_its_own_is_told_from_the_rest() -> None:
    calm, wild = drawn(3, 0.01, 3_000), drawn(3, 0.06, 500, seed=6)
    place = np.repeat(np.array([0, 1]), (3_000, 500))
    priors = usual_rates(
        place,
        np.concatenate((calm[0], wild[0])),
        np.concatenate((calm[1], wild[1])),
        3,
        default(),
    )
    means = priors.a / priors.b

    assert means[:2] == pytest.approx([0.01, 0.06], rel=0.1)
    assert 0.01 < means[2] < 0.06


def test_subjects_that_had_no_time_to_be_reported_say_nothing() -> None:
    reports, matured = drawn(3, 0.02, 200)
    place = np.zeros(200, np.int64)
    alone = usual_rates(place, reports, matured, 1, default())
    beside = usual_rates(
        np.zeros(300, np.int64),
        np.concatenate((reports, np.zeros(100, np.int64))),
        np.concatenate((matured, np.zeros(100))),
        1,
        default(),
    )

    assert (alone.a.tolist(), alone.b.tolist()) == (beside.a.tolist(), beside.b.tolist())


def test_where_no_report_ever_came_the_rate_is_low_and_not_zero() -> None:
    found = likeliest(np.zeros(50, np.int64), np.full(50, 100.0), default(0.015))

    assert 0.0005 < found.a / found.b < 0.01


def test_rollups_are_counted_in_expected_reports() -> None:
    assert rollup() == Usual(40, 40)
    assert rollup(0.02) == Usual(40, 2_000)


@pytest.mark.parametrize(
    ("then", "now", "renewed"),
    [(0, 0, False), (0, 1, True), (100, 125, False), (100, 126, True), (126, 100, True)],
)
def test_a_fit_is_renewed_once_a_quarter_more_or_less_is_known(
    then: int, now: int, *, renewed: bool
) -> None:
    assert outgrown(then, now) is renewed
