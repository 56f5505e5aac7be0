"""``andon problems``: what was found, from the ledger."""

from enum import StrEnum
from typing import Annotated

import typer

from andon.cli.options import DataOption, FormatOption, LedgerOption, LimitOption, examples
from andon.cli.output import Format, print_rows

EXAMPLES = examples(
    "andon problems",
    "andon problems --kind sku-wrong-item --state open",
    "andon problems --order A-1001 -o json",
)

_COLUMNS = ("opened_at", "severity", "kind", "subject", "state", "customer_id", "id")


class State(StrEnum):
    """Where a problem stands."""

    OPEN = "open"
    CLEARED = "cleared"
    WITHDRAWN = "withdrawn"
    ANY = "any"


def problems(
    kind: Annotated[str | None, typer.Option("--kind", "-k", help="Only this kind.")] = None,
    state: Annotated[State, typer.Option("--state", "-s", help="Only these.")] = State.OPEN,
    order: Annotated[str | None, typer.Option("--order", help="Only of this order.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Only of this one.")] = None,
    limit: LimitOption = 100,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
    ledger_url: LedgerOption = None,
) -> None:
    """List problems, newest first, as the ledger knows them."""
    from andon.wiring import KINDS, check_name, ledger_to_read
    from schemas.problems import plain

    with ledger_to_read(data, ledger_url) as ledger:
        found = ledger.problems(
            kind=kind,
            state=None if state is State.ANY else state.value,
            order_id=order,
            customer_id=customer,
            limit=limit,
        )
    if not found:
        check_name("kind of problem", kind, KINDS)
    rows = [
        plain(problem) | {"state": _state(problem.is_open, problem.withdrawn_at)}
        for problem in found
    ]
    print_rows(rows, form, _COLUMNS, empty=f"no problem ({state.value})")


def _state(is_open: bool, withdrawn_at: int | None) -> str:
    if is_open:
        return State.OPEN.value
    return (State.CLEARED if withdrawn_at is None else State.WITHDRAWN).value
