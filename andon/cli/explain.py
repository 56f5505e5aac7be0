"""``andon explain``: why something is a problem of an order, and why something else is not."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from andon.cli.options import DataOption, FormatOption, PlaybookOption, examples
from andon.cli.output import Format, print_rows

EXAMPLES = examples(
    "andon explain A-1001",
    "andon explain A-1001 --from events.jsonl",
    "andon explain A-1001 -o json | jq .verdict",
)


def explain(
    order_id: Annotated[str, typer.Argument(help="The order.")],
    source: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Read these files instead of the journal.", exists=True),
    ] = None,
    playbook: PlaybookOption = None,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """Show what every detector made of an order, version by version: why, and why not."""
    from andon.explaining import explain_order

    explanation = explain_order(order_id, source or [], data, playbook)
    if form is Format.TABLE:
        sys.stdout.write(explanation.text() + "\n")
    else:
        print_rows(explanation.rows(), form)
