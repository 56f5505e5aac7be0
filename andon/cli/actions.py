"""``andon actions``: what was intended and what came of it, from the ledger."""

from typing import Annotated

import typer

from andon.cli.options import DataOption, FormatOption, LimitOption, examples
from andon.cli.output import Format, print_rows

EXAMPLES = examples(
    "andon actions",
    'andon actions --status "waiting for a person"',
    "andon actions --order A-1001 -o json",
)

_COLUMNS = ("planned_at", "name", "target", "status", "cost", "rule", "problem_id", "id")


def actions(
    status: Annotated[str | None, typer.Option("--status", help="Only in this status.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only this action.")] = None,
    order: Annotated[str | None, typer.Option("--order", help="Only of this order.")] = None,
    problem: Annotated[str | None, typer.Option("--problem", help="Only for this one.")] = None,
    limit: LimitOption = 100,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """List actions, newest first, in their status of now."""
    from actions.catalogue import ACTS
    from andon.wiring import action_status, check_name, ledger_to_read, price
    from schemas.decisions import plain_action

    wanted = action_status(status)
    with ledger_to_read(data) as ledger:
        found = ledger.actions(
            status=wanted, name=name, order_id=order, problem_id=problem, limit=limit
        )
    if not found:
        check_name("action", name, tuple(ACTS))
    rows = [plain_action(one) | {"cost": price(one)} for one in found]
    print_rows(rows, form, _COLUMNS, empty="no action")
