"""How child rows become known to their parents: a measure of each row, summed as it changes.

A change of the measure between two versions of a child row is added to the parent's ``Sum`` at the
recorded time of that change, so a sum counts rows that became known, never events. A parent's
``Min`` or ``Max`` fact takes the measure's value itself, a ``First`` or ``Last`` one a code when
it changes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

import numpy as np

from detectors.journeys.folds import Fact, Numbers
from detectors.journeys.names import UNKNOWN
from detectors.journeys.rows import Rows
from detectors.journeys.tables import Lines, Orders, ReturnLines, ShipmentLines, Shipments, Table
from schemas.times import NEVER, Flags

Measure = Callable[[Rows], Numbers]
"""Child rows in, one number per row out; what an empty row has is the fact's unknown value."""


@dataclass(frozen=True, slots=True)
class Rollup:
    """One fact of ``target`` as a measure of the rows of ``child``."""

    child: Table
    target: Table
    fact: Fact
    measure: Measure


def _dispatched_units(rows: Rows) -> Numbers:
    line = cast("ShipmentLines", rows)
    return np.where(np.minimum(line.dispatched_at, line.delivered_at) < NEVER, line.quantity, 0)


def _delivered_units(rows: Rows) -> Numbers:
    line = cast("ShipmentLines", rows)
    return np.where(line.delivered_at < NEVER, line.quantity, 0)


def _dispatched_at(rows: Rows) -> Numbers:
    line = cast("ShipmentLines", rows)
    sent = np.minimum(line.dispatched_at, line.delivered_at)
    return np.where(line.quantity > 0, sent, NEVER)


def _delivered_at(rows: Rows) -> Numbers:
    line = cast("ShipmentLines", rows)
    here = (line.quantity > 0) & (line.delivered_at < NEVER)
    return np.where(here, line.delivered_at, 0)


def _lane(rows: Rows) -> Numbers:
    line = cast("ShipmentLines", rows)
    return np.where(_dispatched_at(line) < NEVER, line.lane, UNKNOWN)


def _place(rows: Rows) -> Numbers:
    """Return where each unit comes from once it is on its way: until then it may be packed anew."""
    line = cast("ShipmentLines", rows)
    packed = np.where(line.packed >= 0, line.packed, line.unscanned)
    return np.where(_dispatched_at(line) < NEVER, packed, UNKNOWN)


def _carrier_damaged_at(rows: Rows) -> Numbers:
    return cast("ShipmentLines", rows).damaged_at


def _late(rows: Rows) -> Numbers:
    line = cast("Lines", rows)
    late: Flags = line.is_known & (line.over_at < NEVER) & (line.over_at > line.promised_by)
    return late.astype(np.int64)


def _open(rows: Rows) -> Numbers:
    return cast("Lines", rows).is_open.astype(np.int64)


def _unnamed(shipment: Shipments) -> Flags:
    named: Flags = shipment.is_known & (shipment.named_at == NEVER) & (shipment.voided_at == NEVER)
    return named


def _unnamed_dispatched(rows: Rows) -> Numbers:
    shipment = cast("Shipments", rows)
    sent = np.minimum(shipment.dispatched_at, shipment.accepted_at)
    unnamed: Flags = _unnamed(shipment) & (np.minimum(sent, shipment.delivered_at) < NEVER)
    return unnamed.astype(np.int64)


def _unnamed_open(rows: Rows) -> Numbers:
    shipment = cast("Shipments", rows)
    open_: Flags = _unnamed(shipment) & (shipment.delivered_at == NEVER)
    return open_.astype(np.int64)


def _unnamed_delivered(rows: Rows) -> Numbers:
    shipment = cast("Shipments", rows)
    here: Flags = _unnamed(shipment) & (shipment.delivered_at < NEVER)
    return here.astype(np.int64)


def _unnamed_sent_at(rows: Rows) -> Numbers:
    shipment = cast("Shipments", rows)
    sent = np.minimum(shipment.dispatched_at, shipment.delivered_at)
    return np.where(_unnamed(shipment), sent, NEVER)


def _unnamed_delivered_at(rows: Rows) -> Numbers:
    shipment = cast("Shipments", rows)
    here = _unnamed(shipment) & (shipment.delivered_at < NEVER)
    return np.where(here, shipment.delivered_at, 0)


def _unnamed_damaged_at(rows: Rows) -> Numbers:
    shipment = cast("Shipments", rows)
    return np.where(_unnamed(shipment), shipment.damaged_at, NEVER)


def _unnamed_lane(rows: Rows) -> Numbers:
    shipment = cast("Shipments", rows)
    return np.where(_unnamed_sent_at(shipment) < NEVER, shipment.lane, UNKNOWN)


def _report(*reasons: str, contradicted_by: tuple[str, ...]) -> tuple[Measure, Measure, Measure]:
    """Return when a report was made, whether it is open, and whether it stands.

    It stands until it is taken back: by the customer, or by what the inspection finds. It is open
    while it stands and is not settled.
    """

    def reported_at(rows: Rows) -> Numbers:
        line = cast("ReturnLines", rows)
        known = line.reported(*reasons) & (line.requested_at < NEVER)
        return np.where(known, line.requested_at, 0)

    def taken_back(line: ReturnLines) -> Flags:
        back: Flags = (line.cancelled_at < NEVER) | line.found(*contradicted_by)
        return back

    def is_open(rows: Rows) -> Numbers:
        line = cast("ReturnLines", rows)
        unsettled: Flags = line.reported(*reasons) & ~taken_back(line) & ~line.settled()
        return unsettled.astype(np.int64)

    def stands(rows: Rows) -> Numbers:
        line = cast("ReturnLines", rows)
        standing: Flags = line.reported(*reasons) & ~taken_back(line)
        return standing.astype(np.int64)

    return reported_at, is_open, stands


_WRONG = _report("wrong_item", contradicted_by=("right_item",))
_DAMAGED = _report("damaged", "defective", contradicted_by=("sellable", "right_item"))
_MISSING = _report("missing_item", contradicted_by=("right_item",))
_SPOILED = _report(
    "damaged",
    contradicted_by=("sellable", "right_item", "carrier_damaged", "customer_damaged"),
)
_DEFECTIVE = _report("defective", contradicted_by=("sellable", "right_item"))
_MISDESCRIBED = _report("not_as_described", contradicted_by=())
_TOO_SMALL = _report("too_small", contradicted_by=())
_TOO_LARGE = _report("too_large", contradicted_by=())
_UNRECEIVED = _report("never_arrived", contradicted_by=())


def _found(rows: Rows) -> Numbers:
    return cast("ReturnLines", rows).sku_found


ROLLUPS: Final = (
    Rollup(Table.SHIPMENT_LINE, Table.LINE, Lines.dispatched_units, _dispatched_units),
    Rollup(Table.SHIPMENT_LINE, Table.LINE, Lines.delivered_units, _delivered_units),
    Rollup(Table.SHIPMENT_LINE, Table.LINE, Lines.first_dispatched_at, _dispatched_at),
    Rollup(Table.SHIPMENT_LINE, Table.LINE, Lines.last_delivered_at, _delivered_at),
    Rollup(Table.SHIPMENT_LINE, Table.LINE, Lines.lane, _lane),
    Rollup(Table.SHIPMENT_LINE, Table.LINE, Lines.place, _place),
    Rollup(Table.SHIPMENT_LINE, Table.LINE, Lines.carrier_damaged_at, _carrier_damaged_at),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.wrong_at, _WRONG[0]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.wrong_open, _WRONG[1]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.wrong_standing, _WRONG[2]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.damaged_at, _DAMAGED[0]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.damaged_open, _DAMAGED[1]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.damaged_standing, _DAMAGED[2]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.missing_at, _MISSING[0]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.missing_open, _MISSING[1]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.missing_standing, _MISSING[2]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.reports_damaged, _SPOILED[2]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.reports_defective, _DEFECTIVE[2]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.reports_misdescribed, _MISDESCRIBED[2]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.reports_too_small, _TOO_SMALL[2]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.reports_too_large, _TOO_LARGE[2]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.found, _found),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.unreceived_at, _UNRECEIVED[0]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.unreceived_open, _UNRECEIVED[1]),
    Rollup(Table.RETURN_LINE, Table.LINE, Lines.unreceived_standing, _UNRECEIVED[2]),
    Rollup(Table.LINE, Table.ORDER, Orders.lines_open, _open),
    Rollup(Table.LINE, Table.ORDER, Orders.lines_late, _late),
    Rollup(Table.SHIPMENT, Table.ORDER, Orders.unnamed_dispatched, _unnamed_dispatched),
    Rollup(Table.SHIPMENT, Table.ORDER, Orders.unnamed_open, _unnamed_open),
    Rollup(Table.SHIPMENT, Table.ORDER, Orders.unnamed_delivered, _unnamed_delivered),
    Rollup(Table.SHIPMENT, Table.ORDER, Orders.unnamed_sent_at, _unnamed_sent_at),
    Rollup(Table.SHIPMENT, Table.ORDER, Orders.unnamed_delivered_at, _unnamed_delivered_at),
    Rollup(Table.SHIPMENT, Table.ORDER, Orders.unnamed_damaged_at, _unnamed_damaged_at),
    Rollup(Table.SHIPMENT, Table.ORDER, Orders.unnamed_lane, _unnamed_lane),
)
"""Every fact that flows up, with the table it comes from."""
