from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from detectors.journeys.book import Book
from detectors.journeys.rows import when
from detectors.journeys.tables import Shipments, Table
from schemas.problems import Severity
from schemas.testing import a_packing, an_order, at
from schemas.times import DAY, NEVER, Times
from streams.testing import problems_of


@dataclass(frozen=True, slots=True)
class Packed:
    """A parcel that was packed: nothing is wrong with it, and nothing proves it."""

    kind: ClassVar = "packed"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ()

    def due(self, shipment: Shipments) -> Times:
        """Return when each parcel was packed, ms UTC."""
        return when(shipment.packed_at < NEVER, shipment.packed_at)


def test_a_question_that_asks_for_no_evidence_opens_problems_without() -> None:
    [problem] = problems_of(Packed(), an_order(), a_packing())

    assert (problem.kind, problem.evidence) == ("packed", ())


def test_many_rows_are_named_as_each_of_them_is() -> None:
    book = Book(180 * DAY)
    orders = book.order_rows(["ö", "b", "c"], np.array([1, 1, 1]))
    rows = book.child(Table.SHIPMENT, orders[::-1], ["1", "2", "1"])
    paths = book.paths(Table.SHIPMENT, rows)

    assert paths == [["c", "1"], ["b", "2"], ["ö", "1"]]
    assert paths == [book.path(Table.SHIPMENT, row) for row in rows.tolist()]


def test_problems_of_two_parcels_in_one_batch_keep_their_own_customers_and_facts() -> None:
    first = a_packing(order_id="o-1", shipment_id="s-1", time=at("03-02T09:00"))
    second = a_packing(order_id="o-2", shipment_id="s-2", time=at("03-02T10:00"))
    orders = [an_order(order_id=f"o-{i}", customer_id=f"c-{i}") for i in (1, 2)]
    found = problems_of(Packed(), *orders, first, second)

    assert [(p.subject, p.customer_id, p.opened_at) for p in found] == [
        ("o-1/s-1", "c-1", found[0].due_at),
        ("o-2/s-2", "c-2", found[1].due_at),
    ]
