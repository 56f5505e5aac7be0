"""``andon playbook``: check, show, and the schema for editors."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import FormatOption, examples
from andon.cli.output import Format, print_rows, say

if TYPE_CHECKING:
    from actions.marks import Fault

app = typer.Typer(help="Check and show what is done about problems.", no_args_is_help=True)

_CHECK = examples("andon playbook check shop.yaml", "andon playbook check shop.yaml -o json")
_SCHEMA = examples("andon playbook schema > playbook.schema.json")
_SHOW = examples("andon playbook show > shop.yaml      # a playbook to start from")

PathArgument = Annotated[
    Path | None,
    typer.Argument(help="The playbook; without it the one that ships with Andon.", dir_okay=False),
]


@app.command(epilog=_CHECK)
def check(path: PathArgument = None, form: FormatOption = Format.TABLE) -> None:
    """Name every mistake with file, line and column; exit with 1 if there is any."""
    from actions.marks import PlaybookError
    from andon.wiring import read_playbook

    try:
        playbook = read_playbook(path)
    except PlaybookError as error:
        rows = [_row(fault) for fault in error.faults]
        if form is Format.TABLE:
            say(str(error))
        else:
            print_rows(rows, form)
        raise typer.Exit(1) from error
    say(f"{playbook.source}: {len(playbook.rules)} rules, version {playbook.version}: sound")


@app.command(epilog=_SCHEMA)
def schema() -> None:
    """Print the JSON Schema with which an editor completes and checks a playbook."""
    from actions.playbook import playbook_schema

    sys.stdout.write(json.dumps(playbook_schema(), indent=2) + "\n")


@app.command(epilog=_SHOW)
def show(path: PathArgument = None) -> None:
    """Print a playbook as it is read: a good start for one's own."""
    from andon.wiring import read_playbook

    sys.stdout.write(read_playbook(path).text)


def _row(fault: "Fault") -> dict[str, object]:
    at = fault.at
    return {"file": at.file, "line": at.line, "column": at.column, "message": fault.message}
