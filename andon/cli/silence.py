"""``andon silence``: nothing is done about some problems for a while, and everybody can see why."""

from datetime import timedelta
from typing import Annotated

import typer

from andon.cli.options import (
    DataOption,
    FormatOption,
    WhoOption,
    WhyOption,
    examples,
)
from andon.cli.output import Format, print_rows, say

app = typer.Typer(help="Keep quiet about some problems for a while.", no_args_is_help=True)

_ADD = examples(
    "andon silence add --kind lane-late --subject 'SP->RJ' --for 4h --why 'strike, known'",
    "andon silence add --order 'TEST-*' --for 7d --why 'orders of the load test'",
    "andon silence add --kind silent-shipment --for 1h --why '...' --dry-run",
)
_COLUMNS = ("number", "state", "covers", "until", "who", "why", "hidden")


@app.command(epilog=_ADD)
def add(
    length: Annotated[str, typer.Option("--for", help="How long, such as 4h or 3d.")],
    why: WhyOption,
    kind: Annotated[str | None, typer.Option("--kind", help="Only this kind.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only about this.")] = None,
    subject_type: Annotated[
        str | None, typer.Option("--subject-type", help="Only about such: order, sku, lane ...")
    ] = None,
    order: Annotated[str | None, typer.Option("--order", help="Only of this order.")] = None,
    customer: Annotated[str | None, typer.Option("--customer", help="Only of this one.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would have hidden.")
    ] = False,
    who: WhoOption = None,
    data: DataOption = None,
) -> None:
    """Record problems and do nothing about them until the time is over, then decide.

    [bold]*[/bold] in a value stands for anything. It says what it would have hidden in the week
    before.
    """
    from andon.hushing import Hushed, asked_for, hidden_before, hush
    from andon.persons import open_desk, spoken

    covers = {
        "kind": kind,
        "subject": subject,
        "subject_type": subject_type,
        "order_id": order,
        "customer_id": customer,
    }
    command = asked_for(Hushed(covers, length), spoken(who, why))
    with open_desk(data) as desk:
        count, still_open = hidden_before(desk, command, timedelta(days=7))
        say(f"in the last 7 days it would have hidden {count} problems; {still_open} are open")
        if not dry_run:
            say(f"silence {hush(desk, command)} holds for {length}: andon silence list")


@app.command("list", epilog=examples("andon silence list", "andon silence list --all -o json"))
def list_silences(
    every: Annotated[bool, typer.Option("--all", "-a", help="Also those that are over.")] = False,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """List silences: who asked for them, why, until when, and how much each has hidden."""
    from andon.hushing import listed
    from andon.persons import open_desk

    with open_desk(data) as desk:
        rows = listed(desk, over=every)
    print_rows(rows, form, _COLUMNS, empty="no silence")


@app.command(epilog=examples("andon silence end 3 --why 'the strike is over'"))
def end(
    number: Annotated[int, typer.Argument(help="Its number in the list.")],
    why: WhyOption,
    who: WhoOption = None,
    data: DataOption = None,
) -> None:
    """End a silence now; what it hid and is still open is decided at once."""
    from andon.hushing import end_hush
    from andon.persons import open_desk, spoken

    with open_desk(data) as desk:
        end_hush(desk, number, spoken(who, why))
    say(f"silence {number} is over")
