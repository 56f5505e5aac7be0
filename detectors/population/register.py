"""The register of reports: which ones stand, and which SKU each of them is about."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from detectors.observations import Observation, Replacement, Report, Retraction
from detectors.population.chains import Chains, Root
from schemas.problems import Cause

_Kind = TypeVar("_Kind", bound=Observation)


class Move(NamedTuple):
    """A report that counts for another SKU from now on; ``None`` stands for no SKU at all."""

    report: Report
    before: str | None
    after: str | None
    cause: Cause


def of_kind(kind: type[_Kind], observations: Iterable[Observation]) -> list[_Kind]:
    """Return the observations of one kind, in the order in which they became known."""
    some = [one for one in observations if isinstance(one, kind)]
    return sorted(some, key=lambda one: (one.at, one.cause.occurred_at))


def latest(causes: Iterable[Cause]) -> Cause:
    """Return the cause that became known last."""
    return max(causes, key=lambda cause: (cause.recorded_at, cause.occurred_at, cause.fact))


@dataclass(slots=True)
class Register:
    """Every report not yet forgotten, under the SKU its chain of replacements leads to."""

    _chains: Chains = field(default_factory=Chains)
    _known: dict[str, Report] = field(default_factory=dict)
    _roots: dict[str, Root] = field(default_factory=dict)
    """Of reports that stand, by id."""
    _through: dict[str, set[str]] = field(default_factory=dict)
    """Order id to the standing reports whose chains pass through it."""

    def update(
        self, observations: list[Observation]
    ) -> tuple[list[Replacement | Report], list[Move]]:
        """Take in what one period brought; return what was new, and what it changed."""
        links = [link for link in of_kind(Replacement, observations) if self._chains.link(link)]
        reports = self._unknown(of_kind(Report, observations))
        retractions = of_kind(Retraction, observations)
        news: list[Replacement | Report] = [*links, *reports]
        moves = [
            *self._follow_again(news),
            *(self._enter(report) for report in reports),
            *(self._strike_out(one) for one in retractions if one.id in self._roots),
        ]
        return news, moves

    def forget(self, fact: Replacement | Report) -> str | None:
        """Forget an old fact; return the SKU it counted for if it was a standing report."""
        self._chains.forget(fact)
        if isinstance(fact, Replacement):
            return None
        del self._known[fact.id]
        return self._leave(fact.id)

    def _unknown(self, reports: list[Report]) -> list[Report]:
        """Return the reports seen for the first time, and learn from them what was ordered."""
        fresh = {report.id: report for report in reports if report.id not in self._known}
        found = sorted(fresh.values(), key=lambda report: (report.at, report.id))
        self._known |= fresh
        for report in found:
            self._chains.name(report)
        return found

    def _follow_again(self, news: list[Replacement | Report]) -> list[Move]:
        """Return the reports that news about the orders on their chains moves to another SKU."""
        causes: dict[str, list[Cause]] = {}
        for fact in news:
            for id_ in self._through.get(fact.order_id, ()):
                causes.setdefault(id_, []).append(fact.cause)
        moves = []
        for id_ in sorted(causes):
            report, before = self._known[id_], self._leave(id_)
            after = self._file(report)
            if after != before:
                moves.append(Move(report, before, after, latest(causes[id_])))
        return moves

    def _enter(self, report: Report) -> Move:
        return Move(report, None, self._file(report), report.cause)

    def _strike_out(self, retraction: Retraction) -> Move:
        report = self._known[retraction.id]
        return Move(report, self._leave(report.id), None, retraction.cause)

    def _file(self, report: Report) -> str:
        root = self._roots[report.id] = self._chains.root(report)
        for order_id in root.orders:
            self._through.setdefault(order_id, set()).add(report.id)
        return root.sku

    def _leave(self, id_: str) -> str | None:
        root = self._roots.pop(id_, None)
        if root is None:
            return None
        for order_id in root.orders:
            self._through[order_id].discard(id_)
            if not self._through[order_id]:
                del self._through[order_id]
        return root.sku
