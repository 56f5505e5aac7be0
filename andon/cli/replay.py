"""``andon replay``: recorded events in, problems out; nothing is performed."""

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import FormatOption, PlaybookOption, examples
from andon.cli.output import Format, print_rows, progress, say

if TYPE_CHECKING:
    from streams.replay import Replayed

EXAMPLES = examples(
    "andon replay events.jsonl",
    "andon replay may.jsonl june.jsonl.gz --since 2026-06-01 --format csv > june.csv",
    "andon replay events.jsonl --playbook stricter.yaml --format json | jq .kind",
    "andon replay events.jsonl --hash --batch-size 7 | tail -n 1",
)

_COLUMNS = ("opened_at", "severity", "kind", "subject", "cleared_at", "withdrawn_at")
_LONGEST_TABLE = 40


def replay(
    paths: Annotated[
        list[Path],
        typer.Argument(help="JSON Lines files (also .gz), folders of them or of a run, or -."),
    ],
    batch_size: Annotated[
        int, typer.Option("--batch-size", min=1, help="Events at a time; changes no answer.")
    ] = 80_000,
    show_hash: Annotated[
        bool, typer.Option("--hash", help="Print a SHA-256 over all problems as the last line.")
    ] = False,
    playbook: PlaybookOption = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Leave out what was over before (RFC 3339).")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Leave out events recorded from then on.")
    ] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Find the problems in recorded events, as a live run would have; perform nothing.

    Problems go to stdout, a summary to stderr.
    """
    from andon.replaying import Wanted, moment, replay_sources
    from schemas.problems import plain, problems_digest

    wanted = Wanted(paths, playbook, moment(since), moment(until), batch_size)
    with progress("replaying") as advance:
        replayed = replay_sources(wanted, advance)
    found = sorted(replayed.problems, key=lambda problem: (problem.opened_at, problem.id))
    shown = found[-_LONGEST_TABLE:] if form is Format.TABLE else found
    print_rows([plain(problem) for problem in shown], form, _COLUMNS, empty="no problems found")
    if len(shown) < len(found):
        say(f"the newest {len(shown)} of {len(found):,} problems; --format json prints all")
    _summarise(replayed)
    if show_hash:
        sys.stdout.write(problems_digest(found) + "\n")


def _summarise(replayed: "Replayed") -> None:
    rate = replayed.events / replayed.cpu_seconds if replayed.cpu_seconds else 0.0
    say(
        f"{replayed.events:,} events, {len(replayed.problems):,} problems, "
        f"{replayed.cpu_seconds:.2f} CPU seconds, {rate:,.0f} events per CPU second"
    )
    for kind, count in Counter(problem.kind for problem in replayed.problems).most_common():
        say(f"  {count:>9,} {kind}")
    if replayed.rejected:
        first = replayed.rejected[0]
        say(
            f"  {len(replayed.rejected):,} records rejected, "
            f"the first: {first.file} line {first.position + 1}, {first.path}: {first.reason}"
        )
