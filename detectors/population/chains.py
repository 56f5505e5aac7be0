"""Chains of replacements: which SKU a customer wanted in the first place."""

from dataclasses import dataclass, field
from typing import NamedTuple

from detectors.observations import Replacement, Report


class Root(NamedTuple):
    """What a line goes back to: the SKU first ordered, and the orders passed on the way there."""

    sku: str
    orders: tuple[str, ...]


@dataclass(slots=True)
class Chains:
    """Which order replaces which line, and what is known to have been ordered in those lines."""

    _links: dict[str, Replacement] = field(default_factory=dict)
    _reported: dict[tuple[str, str], Report] = field(default_factory=dict)

    def link(self, replacement: Replacement) -> bool:
        """Take in a link; return whether it is news.

        If an order is said to replace several lines, what occurred first counts, then the smaller
        name.
        """
        known = self._links.get(replacement.order_id)
        if known is not None and _rank(known) <= _rank(replacement):
            return False
        self._links[replacement.order_id] = replacement
        return True

    def name(self, report: Report) -> None:
        """Learn from ``report`` what was ordered in its line; the first one counts."""
        self._reported.setdefault(report.line, report)

    def forget(self, known: Replacement | Report) -> None:
        """Forget a link, or what was learnt from a report."""
        if isinstance(known, Report):
            self._reported.pop(known.line, None)
        else:
            self._links.pop(known.order_id, None)

    def root(self, report: Report) -> Root:
        """Follow replacements back as far as they are known.

        The SKU is that of the line nearest to the beginning whose SKU is known. A chain that bites
        its own tail is followed once around.
        """
        sku, order, orders = report.sku, report.order_id, [report.order_id]
        while (link := self._links.get(order)) is not None and link.of_order not in orders:
            order = link.of_order
            orders.append(order)
            sku = self._sku(order, link.of_line) or sku
        return Root(sku, tuple(orders))

    def _sku(self, order_id: str, line_id: str) -> str | None:
        report, link = self._reported.get((order_id, line_id)), self._links.get(order_id)
        if report is not None:
            return report.sku
        return dict(link.skus).get(line_id) if link is not None else None


def _rank(link: Replacement) -> tuple[int, str, str, tuple[tuple[str, str], ...]]:
    return link.cause.occurred_at, link.of_order, link.of_line, link.skus
