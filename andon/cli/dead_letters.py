"""``andon dead-letters``: records on Kafka that could not be read, and another try."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import FormatOption, KafkaOption, LimitOption, PrefixOption, examples
from andon.cli.output import Format, print_rows, say

if TYPE_CHECKING:
    from andon.kafka import Cluster
    from streams.dead_letters import Kept, Retry

app = typer.Typer(
    name="dead-letters",
    help="Records on Kafka that could not be read, and another try.",
    no_args_is_help=True,
)

_COLUMNS = ("id", "at", "path", "reason")
_LIST = examples("andon dead-letters list", "andon dead-letters list --all -o json | jq -r .value")
_RETRY = examples(
    "andon dead-letters retry andon.events/3/1042",
    "andon dead-letters retry andon.events/3/1042 --corrected event.json",
    "andon dead-letters retry --all",
)


@app.command("list", epilog=_LIST)
def list_letters(
    kafka: KafkaOption = None,
    every: Annotated[bool, typer.Option("--all", "-a", help="Also those sent again.")] = False,
    limit: LimitOption = 100,
    prefix: PrefixOption = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """List what could not be read: where it stood, the reason, and what it said."""
    from andon.kafka import cluster

    kept = [one for one in _kept(cluster(kafka, prefix)) if every or not one.is_retried]
    rows = [_row(one) for one in kept[-limit:]]
    print_rows(rows, form, _COLUMNS, empty="no dead letters")


@app.command(epilog=_RETRY)
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Ids from the list.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that were not sent again.")] = False,
    corrected: Annotated[
        Path | None,
        typer.Option("--corrected", help="File with what to send instead of the one.", exists=True),
    ] = None,
    kafka: KafkaOption = None,
    prefix: PrefixOption = None,
) -> None:
    """Send dead letters to where they came from, if they can be read by now; exit 1 if not."""
    from andon.kafka import cluster
    from andon.wiring import NotPossible
    from streams.dead_letters import Retry, fault_of, send_again

    if corrected and (every or len(ids or []) != 1):
        raise NotPossible("--corrected needs exactly one id: it says what to send instead")
    where = cluster(kafka, prefix)
    retries = [
        Retry(one.letter, corrected.read_bytes() if corrected else one.letter.value or b"")
        for one in _wanted(_kept(where), ids or [], every)
    ]
    faults = {one.letter.id: fault_of(one) for one in retries}
    sound = [one for one in retries if not faults[one.letter.id]]
    send_again(where.bootstrap, where.names, sound)
    _tell(sound, faults)


def _tell(sound: "list[Retry]", faults: dict[str, str]) -> None:
    for name, fault in faults.items():
        if fault:
            say(f"{name} not sent: {fault}")
    say(f"{len(sound)} sent again" if faults else "nothing to send again")
    if len(sound) < len(faults):
        raise typer.Exit(1)


def _wanted(kept: "list[Kept]", ids: list[str], every: bool) -> "list[Kept]":
    from andon.wiring import NotPossible

    if every:
        return [one for one in kept if not one.is_retried]
    by_id = {one.letter.id: one for one in kept}
    if missing := [name for name in ids if name not in by_id]:
        raise NotPossible(f"not in the list: {missing}; see andon dead-letters list")
    if not ids:
        raise NotPossible("name ids from andon dead-letters list, or --all")
    return [by_id[name] for name in dict.fromkeys(ids)]


def _kept(where: "Cluster") -> "list[Kept]":
    from streams.dead_letters import dead_letters

    return dead_letters(where.bootstrap, where.names.dead_letters)


def _row(kept: "Kept") -> dict[str, object]:
    from schemas.times import iso

    letter = kept.letter
    return {
        "id": letter.id,
        "state": "retried" if kept.is_retried else "kept",
        "at": iso(kept.at),
        "path": letter.path,
        "reason": letter.reason,
        "key": None if letter.key is None else letter.key.decode(errors="replace"),
        "value": (letter.value or b"").decode(errors="replace"),
    }
