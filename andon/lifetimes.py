"""One customer's whole life with the shop: the same timeline for everybody who serves them.

What happened comes from the journal, what was found and done about it from the ledger.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from actions.ledger import Ledger
from actions.promotions import Standing, standing_of
from andon.config import read_config
from andon.wiring import NotPossible, ledger_to_read
from schemas.codec import Decoder
from schemas.decisions import Status
from schemas.events import TYPE_NAME, Event
from schemas.problems import Problem
from schemas.times import iso
from streams.folder import Folder
from streams.journal import Journal

Row = dict[str, object]

COLUMNS: Final = ("at", "what", "order", "said")
_NOT_SAID: Final = frozenset({"type", "id", "time", "source", "recordedtime", "order_id"})
_PERSONAL: Final = frozenset({"customer_id", "destination", "customer"})
"""Who it is stands above the timeline, and where they live is nobody's business here."""


def lifetime(customer_id: str, data: Path | None) -> tuple[list[Row], Standing]:
    """Return everything about a customer in the order in which it became known, oldest first.

    Raises:
        NotPossible: Nothing names the customer.
    """
    folder = Folder(data or Path(read_config().data))
    with ledger_to_read(data) as ledger:
        rows = [*_events(folder, customer_id), *_answers(ledger, customer_id)]
        standing = standing_of(ledger, customer_id)
    if not rows:
        raise NotPossible(f"nothing is known of customer {customer_id}: is it spelt as in events?")
    return sorted(rows, key=lambda row: str(row["at"])), standing


def _events(folder: Folder, customer_id: str) -> Iterator[Row]:
    with Journal.reader(folder.journal) as journal:
        text = b"\n".join(journal.order_lines(key) for key in journal.keys_naming(customer_id))
    decoded = Decoder().decode_lines(text)
    for event, at in zip(decoded.events, decoded.recorded.tolist(), strict=True):
        order = getattr(event, "order_id", "")
        yield _row(at, TYPE_NAME[type(event)], order, _said(event))


def _said(event: Event) -> str:
    fields = msgspec.to_builtins(event)
    shown = {k: v for k, v in fields.items() if k not in _NOT_SAID | _PERSONAL}
    return " ".join(f"{k}={v}" for k, v in shown.items())


def _answers(ledger: Ledger, customer_id: str) -> Iterator[Row]:
    for problem in ledger.problems(customer_id=customer_id):
        yield from _of_problem(problem)
    for action in ledger.actions(customer_id=customer_id):
        done = [o for o in ledger.outcomes(action_id=action.id) if o.status is Status.DONE]
        at = done[0].at if done else action.planned_at
        why = f"{action.status.value}: {action.params.get('kind', '')}"
        yield _row(at, action.name, action.order_id or "", why)


def _of_problem(problem: Problem) -> Iterator[Row]:
    order = problem.order_id or ""
    yield _row(problem.opened_at, "problem opened", order, problem.kind)
    if problem.cleared_at is not None:
        yield _row(problem.cleared_at, "problem cleared", order, problem.kind)
    if problem.withdrawn_at is not None:
        yield _row(problem.withdrawn_at, "problem withdrawn", order, problem.kind)


def _row(at: int, what: str, order: str, said: str) -> Row:
    return dict(zip(COLUMNS, (iso(at), what, order, said), strict=True))
