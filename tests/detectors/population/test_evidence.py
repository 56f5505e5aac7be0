import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.population.evidence import (
    THETAS,
    WINDOW,
    Cohorts,
    Counts,
    Evidence,
    More,
    Prior,
    Reals,
    ceiling,
    weigh,
)

TOYS = Prior(np.array([3.0]), np.array([200.0]))
AT_ONCE = np.ones(WINDOW)
CURVE = 1 - 0.5 ** ((np.arange(WINDOW) + 1) / 5)


def nothing(rows: int) -> Cohorts:
    wide, tall = np.zeros((rows, WINDOW), np.int64), np.zeros(rows, np.int64)
    return Cohorts(wide, wide.copy(), tall, tall.copy())


def cohorts(*days: tuple[int, int, int], older: tuple[int, int] = (0, 0)) -> Cohorts:
    """One row; ``days`` are age, units, reports."""
    row = nothing(1)
    for age, units, reports in days:
        row.units[0, age] = units
        row.reports[0, age] = reports
    row.older_units[0], row.older_reports[0] = older
    return row


def bits(evidence: Evidence) -> list[bytes]:
    return [getattr(evidence, name).tobytes() for name in Evidence.__slots__]


def slowly(row: Cohorts, prior: Prior, curve: Reals) -> list[float]:
    """The logarithm of the ratio of each start of the first row, straight from the formula."""
    units, reports = row.units[0].tolist(), row.reports[0].tolist()
    matured = [count * share for count, share in zip(units, curve.tolist(), strict=True)]
    logs = []
    for start in (age for age in range(WINDOW) if units[age]):
        n, m = sum(reports[: start + 1]), math.fsum(matured[: start + 1])
        a = prior.a[0] + row.older_reports[0] + sum(reports[start + 1 :])
        b = prior.b[0] + row.older_units[0] + math.fsum(matured[start + 1 :])
        terms = [
            n * math.log(theta) + (a + n) * math.log((b + m) / (b + theta * m)) for theta in THETAS
        ]
        logs.append(log_mean(terms))
    return logs


def log_mean(logs: list[float]) -> float:
    return log_sum(logs) - math.log(len(logs))


def log_sum(logs: list[float]) -> float:
    top = max(logs)
    return top + math.log(math.fsum(math.exp(log - top) for log in logs))


counts = st.integers(0, 40)
days = st.lists(
    st.tuples(st.integers(0, WINDOW - 1), counts, counts), max_size=12, unique_by=lambda day: day[0]
)
rows = st.builds(lambda some, older: cohorts(*some, older=older), days, st.tuples(counts, counts))
priors = st.builds(
    lambda a, b: Prior(np.array([a]), np.array([b])), st.floats(0.3, 60), st.floats(1, 3000)
)


def together(some: list[Cohorts]) -> Cohorts:
    return Cohorts(
        np.concatenate([row.units for row in some]),
        np.concatenate([row.reports for row in some]),
        np.concatenate([row.older_units for row in some]),
        np.concatenate([row.older_reports for row in some]),
    )


@given(rows, priors)
def test_evidence_is_what_the_formula_says(row: Cohorts, prior: Prior) -> None:
    logs = slowly(row, prior, CURVE)
    found = weigh(row, prior, CURVE)

    if logs:
        assert found.log_r[0] == pytest.approx(log_sum(logs), rel=1e-9, abs=1e-9)
        assert found.log_best[0] == pytest.approx(max(logs), rel=1e-9, abs=1e-9)
    else:
        assert (found.log_r[0], found.log_best[0], found.start[0]) == (-np.inf, -np.inf, -1)


def test_seven_of_41_young_units_are_strong_evidence_and_of_41_old_ones_are_not() -> None:
    young = weigh(cohorts((0, 41, 7)), TOYS, np.full(WINDOW, 14.4 / 41))
    old = weigh(cohorts((0, 41, 7)), TOYS, AT_ONCE)

    assert math.exp(young.log_best[0]) == pytest.approx(181_000, rel=0.01)
    assert math.exp(old.log_best[0]) == pytest.approx(444, rel=0.01)
    assert (young.reports[0], young.units[0]) == (7, 41)
    assert young.matured[0] == pytest.approx(14.4)
    assert young.expected[0] == pytest.approx(0.216)


def test_the_start_is_where_the_reports_begin_and_history_before_it_is_the_usual_rate() -> None:
    row = cohorts((40, 100, 2), (20, 100, 1), (5, 20, 6), (4, 20, 5), older=(600, 9))
    found = weigh(row, TOYS, AT_ONCE)

    assert found.start[0] == 5
    assert (found.reports[0], found.units[0], found.matured[0]) == (11, 40, 40.0)
    assert found.usual[0] == pytest.approx((3 + 9 + 2 + 1) / (200 + 600 + 100 + 100))
    assert found.expected[0] == pytest.approx(40 * found.usual[0])


def test_of_equal_starts_the_youngest_is_named() -> None:
    found = weigh(cohorts((3, 5, 1), (7, 5, 0)), TOYS, np.zeros(WINDOW))

    assert found.start[0] == 3


def test_a_subject_that_shipped_nothing_has_no_evidence() -> None:
    found = weigh(cohorts(older=(50, 3)), TOYS, CURVE)

    assert (found.start[0], found.log_r[0], found.log_best[0]) == (-1, -np.inf, -np.inf)
    assert (found.reports[0], found.units[0], found.matured[0], found.usual[0]) == (0, 0, 0, 0)


def test_no_rows_are_no_evidence() -> None:
    none = Prior(np.zeros(0), np.zeros(0))
    found = weigh(nothing(0), none, CURVE)

    assert found.log_r.shape == found.start.shape == (0,)
    assert ceiling(nothing(0), none, CURVE, More(nothing(0), nothing(0))).shape == (0,)


def log_chance(prior: Prior, matured: int, n: int) -> float:
    """The logarithm of the chance of ``n`` reports at the usual rate."""
    a, b = float(prior.a[0]), float(prior.b[0])
    known = math.lgamma(a + n) - math.lgamma(a) - math.lgamma(n + 1)
    return known + a * math.log(b / (b + matured)) + n * math.log(matured / (b + matured))


@pytest.mark.parametrize("matured", [1, 10, 60])
def test_at_the_usual_rate_each_ratio_is_one_on_average(matured: int) -> None:
    found = weigh(
        together([cohorts((0, matured, n)) for n in range(2000)]),
        TOYS.at(np.zeros(2000, np.int64)),
        AT_ONCE,
    )
    shares = [math.exp(log_chance(TOYS, matured, n) + log) for n, log in enumerate(found.log_r)]

    assert math.fsum(shares) == pytest.approx(1, abs=1e-6)


def a_crowd(rows: int) -> tuple[Cohorts, Prior, Reals]:
    chance = np.random.default_rng(11)
    volume = chance.uniform(0, 3, rows)[:, np.newaxis]
    units = chance.poisson(volume, (rows, WINDOW))
    crowd = Cohorts(
        units,
        chance.binomial(units, 0.04),
        chance.poisson(50, rows),
        chance.poisson(1, rows),
    )
    prior = Prior(chance.uniform(1, 5, rows), chance.uniform(50, 300, rows))
    return crowd, prior, CURVE * chance.uniform(0.8, 1.2, rows)[:, np.newaxis]


def test_a_row_weighs_the_same_to_the_last_bit_whoever_stands_beside_it() -> None:
    crowd, prior, curve = a_crowd(600)
    whole = bits(weigh(crowd, prior, curve))
    for size in (1, 7, 255, 257):
        cut = [slice(at, at + size) for at in range(0, 600, size)]
        parts = [weigh(crowd.part(some), prior.at(some), curve[some]) for some in cut]

        assert bits(Evidence.joined(parts)) == whole


def test_the_order_of_rows_changes_nothing() -> None:
    crowd, prior, curve = a_crowd(300)
    order = np.random.default_rng(3).permutation(300)
    moved = Cohorts(
        crowd.units[order],
        crowd.reports[order],
        crowd.older_units[order],
        crowd.older_reports[order],
    )
    whole = weigh(crowd, prior, curve)

    assert weigh(moved, prior.at(order), curve[order]).log_r.tobytes() == (
        whole.log_r[order].tobytes()
    )


def test_one_curve_for_all_is_the_same_as_that_curve_for_each() -> None:
    crowd, prior, _ = a_crowd(40)
    each = np.repeat(CURVE[np.newaxis], 40, axis=0)

    assert bits(weigh(crowd, prior, CURVE)) == bits(weigh(crowd, prior, each))


Update = tuple[str, int, int]
"""What is counted, at which age, and by how much."""

updates = st.lists(
    st.tuples(
        st.sampled_from(("units", "reports", "older_units", "older_reports")),
        st.integers(0, WINDOW - 1),
        st.sampled_from((-2, -1, 1, 2, 30)),
    ),
    max_size=25,
)


def cell(row: Cohorts, update: Update) -> tuple[Counts, int]:
    field, age, _ = update
    counted: Counts = getattr(row, field)
    return counted.reshape(-1), 0 if field.startswith("older") else age


def possible(row: Cohorts, wanted: list[Update]) -> list[tuple[Cohorts, Update]]:
    """The states that ``row`` goes through, without the updates that would take too much back."""
    states = []
    for update in wanted:
        before = row
        row = Cohorts(*(getattr(row, name).copy() for name in Cohorts.__slots__))
        counted, at = cell(row, update)
        counted[at] += update[2]
        if counted[at] < 0:
            row = before
        else:
            states.append((row, update))
    return states


def counted_more(states: list[tuple[Cohorts, Update]]) -> More:
    more = More(nothing(1), nothing(1))
    for _, update in states:
        counted, at = cell(more.added if update[2] > 0 else more.removed, update)
        counted[at] += abs(update[2])
    return more


@settings(max_examples=300)
@given(rows, priors, updates)
def test_no_state_on_the_way_exceeds_the_ceiling(
    row: Cohorts, prior: Prior, wanted: list[Update]
) -> None:
    states = possible(row, wanted)
    bound = ceiling(row, prior, CURVE, counted_more(states))[0]

    for state in (row, *(state for state, _ in states)):
        assert weigh(state, prior, CURVE).log_r[0] <= bound


@given(rows, priors)
def test_where_nothing_can_come_the_ceiling_is_what_is_there(row: Cohorts, prior: Prior) -> None:
    bound = ceiling(row, prior, CURVE, More(nothing(1), nothing(1)))

    assert bound[0] == pytest.approx(weigh(row, prior, CURVE).log_r[0], rel=1e-9, abs=1e-6)


def test_a_quiet_subject_cannot_become_suspect_by_one_more_report() -> None:
    more = More(cohorts((2, 0, 1)), nothing(1))
    quiet = ceiling(cohorts((2, 30, 0), older=(900, 12)), TOYS, CURVE, more)
    shaken = ceiling(cohorts((2, 30, 4), older=(900, 12)), TOYS, CURVE, more)

    assert quiet[0] < math.log(1_000) < shaken[0]


def test_rows_that_do_not_fit_are_refused() -> None:
    good = nothing(2)

    with pytest.raises(ValueError, match=r"reports must be shaped \(2, 63\), not \(2, 62\)"):
        Cohorts(good.units, good.reports[:, :-1], good.older_units, good.older_reports)


def test_a_negative_count_is_refused() -> None:
    good = nothing(1)

    with pytest.raises(ValueError, match="older_units must not be negative, not -1"):
        Cohorts(good.units, good.reports, good.older_units - 1, good.older_reports)
