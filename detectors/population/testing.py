"""What tests tell the judge: observations with sensible fields, each overridden by keyword."""

from typing import Final

from msgspec.structs import replace

from detectors.observations import Repair, Replacement, Report, Retraction
from schemas.problems import Cause
from schemas.times import NEVER

SKU: Final = "sku-1"


def a_report(at: int, order_id: str = "o-1", customer_id: str = "c-1", **fields: object) -> Report:
    """At ``at`` (ms UTC) a customer says that line 1 of ``order_id`` brought something else."""
    report = Report(
        at=at,
        cause=Cause("return.requested", at, at),
        id=f"wrong {order_id}",
        order_id=order_id,
        line_id="1",
        sku=SKU,
        seller_id="",
        customer_id=customer_id,
        ordered_at=0,
        sent_at=NEVER,
    )
    return replace(report, **fields)


def a_retraction(at: int, order_id: str = "o-1") -> Retraction:
    """At ``at`` (ms UTC) the report about ``order_id`` is taken back."""
    return Retraction(at=at, cause=Cause("return.cancelled", at, at), id=f"wrong {order_id}")


def a_replacement(
    at: int, order_id: str, of_order: str, *, sku: str = SKU, occurred_at: int | None = None
) -> Replacement:
    """``order_id``, one line of ``sku``, makes good line 1 of ``of_order``; known at ``at``."""
    return Replacement(
        at=at,
        cause=Cause("order.placed", at if occurred_at is None else occurred_at, at),
        order_id=order_id,
        of_order=of_order,
        of_line="1",
        skus=(("1", sku),),
    )


def a_repair(at: int, sku: str = SKU, occurred_at: int | None = None) -> Repair:
    """``sku`` was put right; known at ``at`` (ms UTC)."""
    occurred_at = at if occurred_at is None else occurred_at
    return Repair(at=at, cause=Cause("sku.repaired", occurred_at, at), sku=sku)
