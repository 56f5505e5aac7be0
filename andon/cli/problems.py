"""``andon problems``: what was found, from the ledger."""

import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, cast

import typer

from andon.cli.options import DataOption, FormatOption, LedgerOption, LimitOption, examples
from andon.cli.output import Format, print_rows

EXAMPLES = examples(
    "andon problems",
    "andon problems --kind sku-wrong-item --state open",
    "andon problems --order A-1001 -o json",
    "andon problems --id 53c0d2ba36912509f8051e7c47128a09 --locale vi",
)

_COLUMNS = ("opened_at", "severity", "kind", "subject", "state", "customer_id", "id")


class Locale(StrEnum):
    """A language in which people are told."""

    EN = "en"
    VI = "vi"


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
    ident: Annotated[
        str | None, typer.Option("--id", help="This one, with what proves it in sentences.")
    ] = None,
    locale: Annotated[Locale, typer.Option("--locale", help="... in this language.")] = Locale.EN,
    limit: LimitOption = 100,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
    ledger_url: LedgerOption = None,
) -> None:
    """List problems, newest first, as the ledger knows them."""
    from actions.accounts import account
    from andon.wiring import KINDS, check_name, ledger_to_read
    from schemas.problems import plain

    with ledger_to_read(data, ledger_url) as ledger:
        found = ledger.problems(
            kind=kind,
            state=None if state is State.ANY or ident else state.value,
            order_id=order,
            customer_id=customer,
            problem_id=ident,
            limit=limit,
        )
    if not found:
        check_name("kind of problem", kind, KINDS)
    rows = [
        plain(problem) | {"state": _state(problem.is_open, problem.withdrawn_at)}
        for problem in found
    ]
    if ident:
        told = [{"account": account(problem, locale)} for problem in found]
        rows = [row | more for row, more in zip(rows, told, strict=True)]
    print_rows(rows, form, _COLUMNS, empty=f"no problem ({ident or state.value})")
    if ident and form is Format.TABLE:
        _tell(rows)


def _tell(rows: Sequence[Mapping[str, object]]) -> None:
    """Print below the table what proves each problem."""
    for row in rows:
        sys.stdout.write(f"\n{row['account']}\n" if row["account"] else "\n")
        for proof in cast("list[dict[str, object]]", row["evidence"]):
            sys.stdout.write(f"    {proof['fact']}: {proof.get('at', proof.get('value'))}\n")


def _state(is_open: bool, withdrawn_at: int | None) -> str:
    if is_open:
        return State.OPEN.value
    return (State.CLEARED if withdrawn_at is None else State.WITHDRAWN).value
