"""``andon queue``, ``own`` and ``outcome``: what waits for people, who has it, what came of it."""

from typing import Annotated

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

QUEUE_EXAMPLES = examples("andon queue", "andon queue --limit 10 -o json")
OWN_EXAMPLES = examples('andon own 51f7cc89 --why "I know the warehouse"')
OUTCOME_EXAMPLES = examples(
    'andon outcome 51f7cc89 investigation-closed --why "labels of bins 4 and 5 were swapped"',
    'andon outcome 51f7cc89 claim-paid --amount "42.00 USD" --why "letter of 3 May"',
)

_COLUMNS = ("since", "severity", "kind", "subject", "owner", "next_step", "problem_id")

ProblemArgument = Annotated[
    str, typer.Argument(help="The problem; the first letters of its id are enough.")
]


def queue(
    limit: LimitOption = 100, form: FormatOption = Format.TABLE, data: DataOption = None
) -> None:
    """List what waits for people, in the order in which to take it, with owner and next step."""
    from andon.persons import open_desk, tasks_of

    with open_desk(data) as desk:
        rows = tasks_of(desk)[:limit]
    print_rows(rows, form, _COLUMNS, empty="nothing waits for a person")


def own(
    problem: ProblemArgument, why: WhyOption, who: WhoOption = None, data: DataOption = None
) -> None:
    """Take a problem: you answer for it from now on, and nobody else is alarmed about it."""
    from andon.persons import open_desk, spoken, take

    word = spoken(who, why)
    with open_desk(data) as desk:
        taken = take(desk, problem, word)
    say(f"{word.who} has {taken.kind} {taken.subject}")


def outcome(
    problem: ProblemArgument,
    what: Annotated[
        str,
        typer.Argument(
            help="investigation-closed, appeal-upheld, appeal-refused, claim-paid, claim-refused."
        ),
    ],
    why: WhyOption,
    amount: Annotated[
        str | None, typer.Option("--amount", help="What was paid, such as '42.00 USD'.")
    ] = None,
    who: WhoOption = None,
    data: DataOption = None,
) -> None:
    """Tell what came of a problem later; what was held back is put back where it should be."""
    from actions.outcomes_told import report_outcome
    from andon.persons import line_of, open_desk, outcome_named, spoken

    told = outcome_named(problem, what, amount)
    with open_desk(data) as desk:
        following = report_outcome(desk.ledger, desk.playbook, told, spoken(who, why))
    for action in following:
        say(f"queued: {line_of(action)}")
    say(f"noted: {what}")
