"""``andon events``: check recordings, send them to Kafka, and watch what comes in there."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import FormatOption, KafkaOption, LimitOption, PrefixOption, examples
from andon.cli.output import Format, print_rows, progress, say

if TYPE_CHECKING:
    from streams.replay import Unread
    from streams.tailing import Stored

app = typer.Typer(
    name="events",
    help="Check recordings, send them to Kafka, watch what comes in.",
    no_args_is_help=True,
)

_SEND = examples(
    "andon events send events.jsonl --kafka 127.0.0.1:9092",
    "andon events send may.jsonl june.jsonl.gz --recording",
)
_TAIL = examples("andon events tail", "andon events tail --follow -o json | jq .type")
_VALIDATE = examples(
    "andon events validate events.jsonl",
    "andon events validate export/ -o csv > mistakes.csv",
)
_COLUMNS = ("file", "line", "path", "reason")

Paths = Annotated[
    list[Path], typer.Argument(help="JSON Lines files (also .gz, .zst), folders of them, or -.")
]
TopicOption = Annotated[
    str | None, typer.Option("--topic", help="Input topic.", show_default="andon.events")
]


@app.command(epilog=_SEND)
def send(
    paths: Paths,
    kafka: KafkaOption = None,
    topic: TopicOption = None,
    recording: Annotated[
        bool,
        typer.Option(
            "--recording", help="In the order of recordedtime, which workers then believe."
        ),
    ] = False,
    prefix: PrefixOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Send events to Kafka, each to the partition of its order; lines that are none are listed.

    Live, an event is recorded when the broker gets it. A recording keeps the recorded times it
    has: it is sent in their order, with clock records, for workers that run with --recording.
    Send all of it at once: later events may not be recorded earlier.
    """
    from andon.kafka import cluster
    from streams import sending

    where = cluster(kafka, prefix)
    to = sending.routes(where.bootstrap, where.names, topic)
    with progress("sending") as advance:
        sent = sending.send(where.bootstrap, to, paths, recording=recording, on_progress=advance)
    clocks = f" and {sent.clocks:,} clocks" if recording else ""
    say(f"{sent.events:,} events{clocks} sent to {where.bootstrap}")
    _report(sent.rejected, form, "not sent")


@app.command(epilog=_TAIL)
def tail(
    kafka: KafkaOption = None,
    topic: TopicOption = None,
    limit: LimitOption = 10,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    prefix: PrefixOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Print the newest records of a topic; nobody's place in it is moved."""
    from andon.kafka import cluster
    from streams.tailing import following, newest

    where = cluster(kafka, prefix)
    topics = [topic or where.names.events]
    if not follow:
        found = [_shown(one) for one in newest(where.bootstrap, topics, limit)]
        print_rows(found, form, _STORED, empty="nothing there")
        return
    with suppress(KeyboardInterrupt):
        for some in following(where.bootstrap, topics, limit):
            print_rows([_shown(one) for one in some], form, _STORED)


@app.command(epilog=_VALIDATE)
def validate(paths: Paths, form: FormatOption = Format.TABLE) -> None:
    """List the lines that are no events, with the reason; exit with 1 if there are any."""
    from andon.validating import validated

    with progress("reading") as advance:
        found = validated(paths, advance)
    for kind, count in sorted(found.types.items()):
        say(f"{count:>12,} {kind}")
    say(f"{found.events:,} events{found.span}")
    _report(found.rejected, form, "no events")


_STORED = ("at", "place", "key", "type", "id")


def _shown(one: "Stored") -> dict[str, object]:
    from andon.validating import described
    from schemas.times import iso

    return {
        "at": iso(one.at),
        "place": f"{one.topic}/{one.partition}/{one.offset}",
        "key": None if one.key is None else one.key.decode(errors="replace"),
        **described(one.headers, one.value),
        "value": None if one.value is None else one.value.decode(errors="replace"),
    }


def _report(rejected: "Sequence[Unread]", form: Format, what: str) -> None:
    """Print the lines that are no events, and end with 1 if there are any."""
    rows = [
        {
            "file": one.file,
            "line": one.position + 1,
            "path": one.path,
            "reason": one.reason,
            "raw": one.raw.decode(errors="replace"),
        }
        for one in rejected
    ]
    print_rows(rows, form, _COLUMNS)
    if rows:
        say(f"{len(rows):,} lines {what}")
        raise typer.Exit(1)
