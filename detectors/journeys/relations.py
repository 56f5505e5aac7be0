"""How the tables hang together: whose rows belong to whose, and what is handed down."""

from typing import Final

from detectors.journeys.folds import Fact
from detectors.journeys.tables import ROWS, Table

PARENT: Final = {
    Table.LINE: Table.ORDER,
    Table.SHIPMENT: Table.ORDER,
    Table.RETURN: Table.ORDER,
    Table.CONTACT: Table.ORDER,
    Table.REVIEW: Table.ORDER,
    Table.SHIPMENT_LINE: Table.SHIPMENT,
    Table.RETURN_LINE: Table.RETURN,
}
"""Where a child's own id is unique."""

LINKED: Final = {Table.SHIPMENT_LINE: Table.LINE, Table.RETURN_LINE: Table.LINE}
"""The second parent of a line in a parcel or return."""

_TABLE_OF: Final = {rows: table for table, rows in ROWS.items()}


def _inherited(child: Table) -> dict[Table, list[Fact]]:
    found: dict[Table, list[Fact]] = {}
    for fact in ROWS[child].facts.values():
        if fact.of is not None:
            found.setdefault(_TABLE_OF[fact.of], []).append(fact)
    return found


INHERITED: Final = {child: _inherited(child) for child in ROWS}
"""By child and parent: the facts that a child takes over."""

HEIRS: Final = {
    parent: [(child, facts[parent]) for child, facts in INHERITED.items() if parent in facts]
    for parent in ROWS
}
"""By parent: the children that take over facts."""

INHERITING: Final = tuple(parent for parent in reversed(ROWS) if HEIRS[parent])
"""Tables whose facts are handed down, each before those that it hands down to."""
