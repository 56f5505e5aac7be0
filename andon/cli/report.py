"""``andon report``: the scoreboard of a stretch of time."""

from typing import Annotated

import typer

from andon.cli.options import DataOption, FormatOption, examples
from andon.cli.output import Format, print_rows

EXAMPLES = examples(
    "andon report",
    "andon report --since 7d",
    "andon report --by rule -o csv",
    "andon report --by cause",
    "andon report --by recovery --since 365d",
)


def report(
    since: Annotated[
        str, typer.Option("--since", help="How far back: a duration, or a day such as 2026-03-01.")
    ] = "30d",
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="all for the scoreboard, rule for each rule, cause for why people do not buy, "
            "recovery for who came back.",
        ),
    ] = "all",
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """Show what customers got, what it cost, what had to be taken back, and what is left.

    The newest event counts as now, so that the report of a recording is the report of its end.
    """
    from andon.reporting import reported

    print_rows(reported(data, since, by), form, empty="nothing in that time")
