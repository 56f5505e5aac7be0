"""``andon explain``: why something is a problem of an order or of a whole group, and why not."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import DataOption, FormatOption, PlaybookOption, examples
from andon.cli.output import Format, print_rows

if TYPE_CHECKING:
    from andon.explaining import Account
    from andon.weighed import Course

EXAMPLES = examples(
    "andon explain A-1001",
    "andon explain A-1001 --from events.jsonl",
    "andon explain A-1001 -o json | jq .verdict",
    "andon explain DECAF-250                   # the evidence about a SKU over time",
    "andon explain lane 'SP->RJ' --from events.jsonl",
    "andon explain S-7 --subject seller -o csv",
)


def explain(
    what: Annotated[
        list[str],
        typer.Argument(help="An order, or a SKU, or a type and a name: lane 'SP->RJ', seller S-7."),
    ],
    source: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Read these files instead of the journal.", exists=True),
    ] = None,
    subject: Annotated[
        str | None, typer.Option("--subject", help="What the name is of: sku, lane, seller ...")
    ] = None,
    playbook: PlaybookOption = None,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """Show what every detector made of an order, or the evidence about a whole group over time."""
    from andon.asking import Asked, explained
    from andon.weighed import Course

    found = explained(Asked.of(what, subject), source or [], data, playbook)
    if form is not Format.TABLE:
        print_rows(found.rows(), form)
    elif isinstance(found, Course):
        _show(found)
    else:
        _show_order(found)


def _show_order(found: "Account") -> None:
    sys.stdout.write(found.text() + "\n")


def _show(course: "Course") -> None:
    """Print the problems of a group, then what was weighed as a table and as a drawing."""
    from rich.console import Console

    from andon.drawing import drawing

    sys.stdout.write("\n".join(course.lines()) + "\n")
    if course.entries:
        sys.stdout.write("\n")
        print_rows(course.rows(), Format.TABLE)
        columns = min(max(Console().width, 60), 120)
        sys.stdout.write(f"\n{drawing(course.entries, columns)}\n")
