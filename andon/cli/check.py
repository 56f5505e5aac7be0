"""``andon playbook``: check, try, compare, explain, and the schemas for editors."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import FormatOption, PlaybookOption, examples
from andon.cli.output import Format, print_rows, say

if TYPE_CHECKING:
    from actions.marks import Fault

app = typer.Typer(help="Check and show what is done about problems.", no_args_is_help=True)

_CHECK = examples(
    "andon playbook check shop.yaml", "andon playbook check shop.yaml --from events.jsonl"
)
_SCHEMA = examples("andon playbook schema > playbook.schema.json")
_SHOW = examples("andon playbook show > shop.yaml      # a playbook to start from")

_TEST = examples("andon playbook test cases.yaml", "andon playbook test cases.yaml -p shop.yaml")
_DIFF = examples(
    "andon playbook diff old.yaml new.yaml",
    "andon playbook diff old.yaml new.yaml --events andon-data",
)
_EXPLAIN = examples("andon playbook explain shop.yaml --kind lost-shipment")
_ACTIONS = examples("andon playbook actions", "andon playbook actions -o json")
_PREVIEW = examples("andon playbook preview lost-shipment --locale vi")

PathArgument = Annotated[
    Path | None,
    typer.Argument(help="The playbook; without it the one that ships with Andon.", dir_okay=False),
]


@app.command(epilog=_CHECK)
def check(
    path: PathArgument = None,
    source: Annotated[
        list[Path] | None,
        typer.Option("--from", help="Count on these recordings what is opened.", exists=True),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="The same on what a run has kept in this folder.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Name every mistake with file, line and column; exit with 1 if there is any.

    Of a sound playbook, print how much evidence its budgets of wrong alarms ask for.
    """
    from actions.marks import PlaybookError
    from andon.spending import least, spent
    from andon.weighed import sources_of
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
    if source or data:
        rows = spent(playbook, sources_of(source or [], data))
        print_rows(rows, form, empty="too little history: nothing is judged in the first two weeks")
    else:
        print_rows(least(playbook), form)
        say("at least so much evidence to 1; a large shop needs more: see --from")


@app.command(epilog=_SCHEMA)
def schema(
    cases: Annotated[
        bool, typer.Option("--cases", help="Of a file of cases, for andon playbook test.")
    ] = False,
) -> None:
    """Print the JSON Schema with which an editor completes and checks a playbook."""
    from actions.playbook import playbook_schema
    from andon.trial_forms import cases_schema

    written = cases_schema() if cases else playbook_schema()
    sys.stdout.write(json.dumps(written, indent=2) + "\n")


@app.command(epilog=_SHOW)
def show(path: PathArgument = None) -> None:
    """Print a playbook as it is read: a good start for one's own."""
    from andon.wiring import read_playbook

    sys.stdout.write(read_playbook(path).text)


@app.command("test", epilog=_TEST)
def try_on_cases(
    cases: Annotated[
        list[Path], typer.Argument(help="Files of cases.", exists=True, dir_okay=False)
    ],
    playbook: PlaybookOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Try a playbook on cases: events in, expected problems and actions out; 1 if one fails."""
    from andon.trials import try_cases

    trials = [(path, trial) for path in cases for trial in try_cases(path, playbook)]
    rows = [
        {"result": "FAIL" if trial.faults else "ok", "case": trial.name, "file": str(path)}
        for path, trial in trials
    ]
    print_rows(rows, form)
    faults = [fault for _, trial in trials for fault in trial.faults]
    for fault in faults:
        say(str(fault))
    failed = sum(bool(trial.faults) for _, trial in trials)
    say(f"{failed} of {len(trials)} cases failed" if failed else f"{len(trials)} cases: all kept")
    if failed:
        raise typer.Exit(1)


@app.command(epilog=_DIFF)
def diff(
    old: Annotated[Path, typer.Argument(help="The playbook in force.", exists=True)],
    new: Annotated[Path, typer.Argument(help="The one that is to follow.", exists=True)],
    events: Annotated[
        list[Path] | None,
        typer.Option("--events", "-e", help="Recorded events to try both on.", exists=True),
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Show what differs between two playbooks, and on recorded events whom it helps and harms."""
    from andon.comparing import effect, outcome_of, text_differences
    from andon.wiring import read_playbook

    differences = text_differences(read_playbook(old), read_playbook(new))
    print_rows(differences, form, empty="the two say the same")
    if events:
        rows = effect(outcome_of(old, events), outcome_of(new, events))
        say("")
        print_rows(rows, form)


@app.command(epilog=_EXPLAIN)
def explain(
    path: PathArgument = None,
    kind: Annotated[str | None, typer.Option("--kind", "-k", help="Only about this kind.")] = None,
) -> None:
    """Say in sentences what a playbook does, how far it goes by itself, and what stops it."""
    from andon.telling import told
    from andon.wiring import read_playbook

    for line in told(read_playbook(path), kind):
        sys.stdout.write(line + "\n")


@app.command("actions", epilog=_ACTIONS)
def catalogue(form: FormatOption = Format.TABLE) -> None:
    """List the actions that a rule can name: what each takes, and what undoes it."""
    from andon.telling import catalogue_rows

    print_rows(catalogue_rows(), form)


@app.command(epilog=_PREVIEW)
def preview(
    kind: Annotated[str, typer.Argument(help="The kind of problem it tells of.")],
    playbook: PlaybookOption = None,
    locale: Annotated[
        str | None, typer.Option("--locale", help="en or vi; without it both.")
    ] = None,
) -> None:
    """Print the message that a customer would read about a kind of problem."""
    from andon.previewing import previews

    for text in previews(kind, playbook, locale):
        sys.stdout.write(text + "\n")


def _row(fault: "Fault") -> dict[str, object]:
    at = fault.at
    return {"file": at.file, "line": at.line, "column": at.column, "message": fault.message}
