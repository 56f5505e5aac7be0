"""``andon import``: other people's histories as events."""

from pathlib import Path
from typing import Annotated

import typer

from andon.cli.options import examples
from andon.cli.output import say

app = typer.Typer(help="Turn other people's histories into events.", no_args_is_help=True)

_OLIST = examples(
    "andon import olist downloads/olist --out olist.jsonl",
    "andon replay olist.jsonl --format json > problems.jsonl",
)


@app.callback()
def _group() -> None:
    """Turn other people's histories into events."""


@app.command(epilog=_OLIST)
def olist(
    folder: Annotated[
        Path,
        typer.Argument(help="Folder with the public CSV files, also gzipped.", file_okay=False),
    ],
    out: Annotated[Path, typer.Option("--out", help="File to write.", dir_okay=False)] = Path(
        "olist.jsonl"
    ),
    zone: Annotated[
        str, typer.Option("--zone", help="Time zone of the stamps.")
    ] = "America/Sao_Paulo",
) -> None:
    """Import the public order history of Olist (Brazilian e-commerce, 2016 to 2018)."""
    from andon.connectors.olist import import_olist

    summary = import_olist(folder, out, zone)
    say(f"{summary.orders:,} orders, {summary.events:,} events in {summary.path}")
    say(f"{summary.ended_without_time:,} ended at an unknown time: their end is left out")
    say(f"next: andon replay {summary.path}")
