"""``andon actions``: what was intended and what came of it, and what a person says about it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import (
    DataOption,
    FormatOption,
    LimitOption,
    WhoOption,
    WhyOption,
    examples,
)
from andon.cli.output import Format, print_rows, say

if TYPE_CHECKING:
    from actions.people import People
    from schemas.commands import Word
    from schemas.decisions import Action

EXAMPLES = examples(
    "andon actions",
    'andon actions --status "waiting for a person"',
    "andon actions --order A-1001 -o json",
    'andon actions approve e14f3b2c --why "the photo shows it"',
)

app = typer.Typer(
    help="List actions, and approve, reject, hold, undo or retry them.",
    epilog=EXAMPLES,
    invoke_without_command=True,
)

_COLUMNS = ("planned_at", "name", "target", "status", "cost", "rule", "problem_id", "id")

IdsArgument = Annotated[
    list[str], typer.Argument(help="Ids of actions; the first letters are enough.")
]


@app.callback()
def actions(
    context: typer.Context,
    status: Annotated[str | None, typer.Option("--status", help="Only in this status.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Only this action.")] = None,
    order: Annotated[str | None, typer.Option("--order", help="Only of this order.")] = None,
    problem: Annotated[str | None, typer.Option("--problem", help="Only for this one.")] = None,
    limit: LimitOption = 100,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """List actions, newest first, in their status of now; or say what is to become of one."""
    if context.invoked_subcommand is not None:
        return
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


@app.command(epilog=examples('andon actions approve e14f3b2c --why "the photo shows it"'))
def approve(
    ids: IdsArgument, why: WhyOption, who: WhoOption = None, data: DataOption = None
) -> None:
    """Have actions performed that wait for a person."""
    _each(ids, data, who, why, "approved", lambda people: people.approve)


@app.command(epilog=examples('andon actions reject e14f3b2c --why "a test order"'))
def reject(
    ids: IdsArgument, why: WhyOption, who: WhoOption = None, data: DataOption = None
) -> None:
    """Drop actions that wait, are held back, or have not been started."""
    _each(ids, data, who, why, "rejected", lambda people: people.reject)


@app.command(epilog=examples('andon actions hold e14f3b2c --why "the text is not right"'))
def hold(ids: IdsArgument, why: WhyOption, who: WhoOption = None, data: DataOption = None) -> None:
    """Make queued actions wait for a person, for example a message in its hold-back window."""
    _each(ids, data, who, why, "held", lambda people: people.hold)


@app.command(epilog=examples('andon actions undo e14f3b2c --why "the other bin was checked"'))
def undo(ids: IdsArgument, why: WhyOption, who: WhoOption = None, data: DataOption = None) -> None:
    """Perform the inverse of actions; what has none says what remains."""
    _each(ids, data, who, why, "to undo it", lambda people: people.undo)


@app.command(epilog=examples('andon actions retry e14f3b2c --why "the receiver is up again"'))
def retry(ids: IdsArgument, why: WhyOption, who: WhoOption = None, data: DataOption = None) -> None:
    """Try actions again that were given up."""
    _each(ids, data, who, why, "queued again", lambda people: people.retry)


@app.command(
    epilog=examples(
        'andon actions do coupon --problem 51f7cc89 --set amount="5.00 USD" --why "third time"'
    )
)
def do(
    name: Annotated[str, typer.Argument(help="An action of the catalogue.")],
    problem: Annotated[str, typer.Option("--problem", help="The problem it answers.")],
    why: WhyOption,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, such as amount='5.00 USD'.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Even if it was done for this harm before.")
    ] = False,
    who: WhoOption = None,
    data: DataOption = None,
) -> None:
    """Do more than the rules would, at once, within the limits of your role."""
    from actions.people import Extra
    from andon.persons import line_of, open_desk, spoken
    from andon.stepping import step_of

    extra = Extra(problem, step_of(name, settings or []), again)
    with open_desk(data) as desk:
        for action in desk.people.do_more(extra, spoken(who, why)):
            say(f"queued: {line_of(action)}")


def _each(
    ids: list[str],
    data: Path | None,
    who: str | None,
    why: str,
    done: str,
    verb: "Callable[[People], Callable[[str, Word], Action]]",
) -> None:
    from andon.persons import line_of, open_desk, spoken

    word = spoken(who, why)
    with open_desk(data) as desk:
        for named in ids:
            say(f"{done}: {line_of(verb(desk.people)(named, word))}")
