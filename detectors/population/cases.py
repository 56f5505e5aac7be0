"""Cases: which reports, taken together, make a SKU a problem. Pure functions of sorted reports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from detectors.observations import Report
from detectors.population.rules import PopulationRules
from schemas.problems import Evidence, Severity
from schemas.times import NEVER, ms

FIRST_REPORT: Final = "first report"
SECOND_STRIKE: Final = "second strike"
SEVERAL: Final = "k customers"


@dataclass(frozen=True, slots=True)
class Case:
    """Which rule fired, and the reports it counted; the last of them completed the case."""

    rule: str
    reports: tuple[Report, ...]

    @property
    def ids(self) -> frozenset[str]:
        """Return the ids of the reports counted."""
        return frozenset(report.id for report in self.reports)

    @property
    def customers(self) -> int:
        """Count the customers; each counts once."""
        return len({report.customer_id for report in self.reports})


def by_time(report: Report) -> tuple[int, str]:
    """Return what orders reports: when they became known, then their ids."""
    return report.at, report.id


def first_report(reports: Sequence[Report], _rules: PopulationRules) -> Case | None:
    """Return the case of the first of ``reports``."""
    return Case(FIRST_REPORT, (reports[0],)) if reports else None


def repeated(reports: Sequence[Report], rules: PopulationRules) -> Case | None:
    """Return the first case of a second strike or of several customers, if there is one."""
    customers = len({report.customer_id for report in reports})
    if customers == len(reports) and customers < rules.customers:
        return None
    for number, last in enumerate(reports):
        before = reports[:number]
        case = _second_strike(before, last, rules) or _several(before, last, rules)
        if case is not None:
            return case
    return None


def _second_strike(before: Sequence[Report], last: Report, rules: PopulationRules) -> Case | None:
    """Find the newest wrong item of the same customer in another line, within the window."""
    oldest = last.at - ms(rules.strike_window)
    for report in reversed(before):
        if report.at < oldest:
            break
        if report.customer_id == last.customer_id and report.line != last.line:
            return Case(SECOND_STRIKE, (report, last))
    return None


def _several(before: Sequence[Report], last: Report, rules: PopulationRules) -> Case | None:
    oldest = last.at - ms(rules.customers_window)
    case = Case(SEVERAL, (*(report for report in before if report.at >= oldest), last))
    return case if case.customers >= rules.customers else None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the reports about one SKU."""

    kind: str
    version: str
    severity: Severity
    find: Callable[[Sequence[Report], PopulationRules], Case | None]
    expires: bool
    """Whether it is over once ``strike_window`` has passed without a further report."""

    def lasts(self, rules: PopulationRules) -> int:
        """Return how long a report keeps such a problem open, ms."""
        return ms(rules.strike_window) if self.expires else NEVER


QUESTIONS: Final = (
    Question("sku-wrong-item-watch", "1", Severity.INFO, first_report, expires=True),
    Question("sku-wrong-item", "1", Severity.CRITICAL, repeated, expires=False),
)
"""All that the judge asks about wrong items of a SKU."""


def evidence(case: Case, rules: PopulationRules) -> tuple[Evidence, ...]:
    """Return the facts that prove ``case``: numbers, thresholds, lines with times; no names."""
    reports = (Evidence(f"report {r.order_id}/{r.line_id}", at=r.at) for r in case.reports)
    sellers = sorted({report.seller_id for report in case.reports} - {""})
    return (
        Evidence("rule", value=case.rule),
        Evidence("customers", value=case.customers),
        *_thresholds(case.rule, rules),
        *reports,
        *(Evidence("seller", value=seller) for seller in sellers),
    )


def _thresholds(rule: str, rules: PopulationRules) -> tuple[Evidence, ...]:
    if rule == SEVERAL:
        return (
            Evidence("customers_needed", value=rules.customers),
            Evidence("customers_window", value=_span(ms(rules.customers_window))),
        )
    return (Evidence("strike_window", value=_span(ms(rules.strike_window))),)


def _span(span_ms: int) -> str:
    hours, rest = divmod(span_ms, 3_600_000)
    return f"{span_ms} ms" if rest else f"{hours} h" if hours % 24 else f"{hours // 24} d"
