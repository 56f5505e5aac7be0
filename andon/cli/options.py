"""Options that several commands share, so that they read the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

from andon.cli.output import Format

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of journal and ledger.", show_default="andon-data"),
]

LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="URL",
        help="Database of the ledger, such as postgresql://host/name.",
        show_default="ledger.db in the folder",
    ),
]

PlaybookOption = Annotated[
    Path | None,
    typer.Option(
        "--playbook",
        "-p",
        help="Playbook to use instead of the shipped one.",
        exists=True,
        dir_okay=False,
        show_default=False,
    ),
]

FormatOption = Annotated[
    Format, typer.Option("--format", "-o", help="How rows are printed on stdout.")
]

LimitOption = Annotated[int, typer.Option("--limit", "-n", help="At most so many, newest.", min=1)]

KafkaOption = Annotated[
    str | None,
    typer.Option(
        "--kafka",
        metavar="HOST:PORT",
        help="Kafka brokers, with commas between.",
        show_default="ANDON_KAFKA",
    ),
]

PrefixOption = Annotated[
    str | None,
    typer.Option("--prefix", help="What the names of the topics begin with.", show_default="andon"),
]

WhoOption = Annotated[
    str | None,
    typer.Option(
        "--as", help="Who you are.", envvar="ANDON_WHO", show_default="whoever is logged in"
    ),
]

WhyOption = Annotated[str, typer.Option("--why", help="The reason, for whoever asks later.")]


def examples(*lines: str) -> str:
    """Return ``lines`` as the examples below a command's options."""
    return "\n\n".join(["[bold]Examples[/bold]", *(f"  {line}" for line in lines)])
