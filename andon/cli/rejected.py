"""``andon rejected``: records that were turned away, and another try."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import DataOption, FormatOption, LimitOption, examples
from andon.cli.output import Format, print_rows, say

if TYPE_CHECKING:
    from streams.journal import Journal, Kept

app = typer.Typer(
    name="rejected", help="Records that were turned away, and another try.", no_args_is_help=True
)

_COLUMNS = ("id", "received_at", "origin", "position", "path", "reason")
_LIST = examples("andon rejected list", "andon rejected list -o json | jq -r .raw")
_RETRY = examples("andon rejected retry 4 7", "andon rejected retry --all")

AllOption = Annotated[bool, typer.Option("--all", "-a", help="Also those retried already.")]


@app.command("list", epilog=_LIST)
def list_rejected(
    every: AllOption = False,
    limit: LimitOption = 100,
    form: FormatOption = Format.TABLE,
    data: DataOption = None,
) -> None:
    """List what was turned away, with the reason and the bytes that came."""
    with _journal(data) as journal:
        kept = journal.rejected(None if every else "kept", limit)
    print_rows([_row(one) for one in kept], form, _COLUMNS, empty="nothing was rejected")


@app.command(epilog=_RETRY)
def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="Numbers from the list.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are kept.")] = False,
    data: DataOption = None,
) -> None:
    """Take rejected records in again, for example when the clock or the version was to blame."""
    from andon.wiring import NotPossible

    with _journal(data) as journal:
        known = {one.id for one in journal.rejected()}
        wanted = sorted(known) if every else (ids or [])
        if missing := [number for number in wanted if number not in known]:
            raise NotPossible(f"not in the list: {missing}; see andon rejected list")
        journal.queue_rejected(wanted)
    if not wanted:
        say("nothing to retry: name numbers from andon rejected list, or --all")
    else:
        say(f"{len(wanted)} queued: a running andon takes them in at once, else the next start")


@contextmanager
def _journal(data: Path | None) -> Iterator["Journal"]:
    from andon.config import read_config
    from streams.folder import Folder
    from streams.journal import Journal

    with Journal.reader(Folder(data or Path(read_config().data)).journal) as journal:
        yield journal


def _row(kept: "Kept") -> dict[str, object]:
    from schemas.times import iso

    one = kept.refusal
    return {
        "id": kept.id,
        "state": kept.state,
        "received_at": iso(one.received_at),
        "origin": one.origin,
        "position": one.position,
        "path": one.path,
        "reason": one.reason,
        "raw": one.raw.decode(errors="replace"),
    }
