"""What commands print: rows as a table, as JSON Lines or as CSV on stdout; words on stderr."""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

Row = Mapping[str, object]
"""One thing as column name to value."""


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def console() -> Console:
    """Return the console that writes to stderr; it honours ``NO_COLOR``."""
    return Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """Tell the person something that is not part of the answer."""
    console().print(text, soft_wrap=True)


def print_rows(
    rows: Sequence[Row], form: Format, columns: Sequence[str] = (), *, empty: str = ""
) -> None:
    """Print ``rows``; ``columns`` are those of a table (others: all), ``empty`` is said if none."""
    if not rows and empty:
        say(empty)
    if form is Format.JSON:
        _print_json(rows)
    elif form is Format.CSV:
        _print_csv(rows)
    elif rows:
        _print_table(rows, columns or list(rows[0]))


def _print_json(rows: Iterable[Row]) -> None:
    for row in rows:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def _print_csv(rows: Sequence[Row]) -> None:
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: _cell(value, nested=True) for name, value in row.items()} for row in rows
        )


def _print_table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(name), nested=False) for name in columns))
    out = Console(highlight=False, markup=False)
    out.print(table) if out.is_terminal else Console(
        highlight=False, markup=False, width=_width(rows, columns)
    ).print(table)


def _width(rows: Sequence[Row], columns: Sequence[str]) -> int:
    """Return a width at which no cell is folded: what a file or a pipe wants."""
    widest = (
        max(len(name), *(len(_cell(row.get(name), nested=False)) for row in rows))
        for name in columns
    )
    return max(80, sum(widest) + 2 * len(columns))


def _cell(value: object, *, nested: bool) -> str:
    if value is None:
        return "" if nested else "-"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


@contextmanager
def progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on a terminal while inside; the value is told (done, total)."""
    bar = Progress(console=console(), disable=not sys.stderr.isatty(), transient=True)
    with bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
