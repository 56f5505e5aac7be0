"""The command ``andon``: one file per command; answers on stdout, words on stderr."""

import re
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from itertools import zip_longest
from typing import Annotated, Any, Final

import typer

from andon.cli import (
    actions,
    check,
    customer,
    dead_letters,
    demo,
    doctor,
    events,
    explain,
    importing,
    ledger,
    problems,
    queue,
    rejected,
    replay,
    report,
    run,
    silence,
    simulate,
    snapshots,
    stop,
    topics,
)
from andon.cli.failing import explained
from andon.cli.output import say
from andon.config import DEFAULT_ADDRESS

Command = Callable[..., Any]

COMMANDS: Final[tuple[tuple[str, Command, str], ...]] = (
    ("demo", demo.demo, demo.EXAMPLES),
    ("run", run.run, run.EXAMPLES),
    ("replay", replay.replay, replay.EXAMPLES),
    ("explain", explain.explain, explain.EXAMPLES),
    ("customer", customer.customer, customer.EXAMPLES),
    ("problems", problems.problems, problems.EXAMPLES),
    ("report", report.report, report.EXAMPLES),
    ("queue", queue.queue, queue.QUEUE_EXAMPLES),
    ("own", queue.own, queue.OWN_EXAMPLES),
    ("outcome", queue.outcome, queue.OUTCOME_EXAMPLES),
    ("stop", stop.stop, stop.STOP_EXAMPLES),
    ("start", stop.start, stop.START_EXAMPLES),
    ("simulate", simulate.simulate, simulate.EXAMPLES),
    ("doctor", doctor.doctor, doctor.EXAMPLES),
)
"""Name, function and examples, in the order in which ``andon --help`` lists them."""

GROUPS: Final[tuple[tuple[str, typer.Typer], ...]] = (
    ("actions", actions.app),
    ("silence", silence.app),
    ("playbook", check.app),
    ("rejected", rejected.app),
    ("import", importing.app),
    ("ledger", ledger.app),
    ("topics", topics.app),
    ("events", events.app),
    ("dead-letters", dead_letters.app),
    ("snapshots", snapshots.app),
)
"""Commands that have commands of their own."""


_ADDRESS: Final = re.compile(r"(\S+:)?\d+")


def main() -> None:
    """Run the command line; exit with 2 and one clear sentence where the caller can mend it."""
    try:
        _app()(with_address(sys.argv[1:]))
    except Exception as error:
        words = explained(error)
        if words is None:
            raise
        say(f"[bold red]error:[/] {words}")
        sys.exit(2)


def _app() -> typer.Typer:
    app = typer.Typer(
        name="andon",
        help="Notice what went wrong for a shop's customer, and put it right before they ask.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_start)
    for name, command, examples in COMMANDS:
        app.command(name, epilog=examples)(command)
    for name, group in GROUPS:
        app.add_typer(group, name=name)
    return app


def with_address(arguments: Sequence[str]) -> list[str]:
    """Return ``arguments`` with the default address behind a ``--http`` that has none."""
    filled: list[str] = []
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        filled.append(argument)
        if argument == "--http" and not _ADDRESS.fullmatch(following):
            filled.append(DEFAULT_ADDRESS)
    return filled


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"andon {version('andon')}")
        raise typer.Exit


def _start(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    """Notice what went wrong for a shop's customer, and put it right before they ask."""
