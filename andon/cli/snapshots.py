"""``andon snapshots``: what workers on Kafka keep, so that they start again in seconds."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from andon.cli.options import DataOption, FormatOption, examples
from andon.cli.output import Format, print_rows, say

if TYPE_CHECKING:
    from streams.snapshots import Manifest, Snapshots

app = typer.Typer(
    name="snapshots",
    help="What workers on Kafka remember, kept from time to time; the log is the truth.",
    no_args_is_help=True,
)

_COLUMNS = ("name", "number", "created_at", "bytes", "chunks")
_LIST = examples("andon snapshots list", "andon snapshots list --snapshots s3://shop/andon -o json")
_VERIFY = examples("andon snapshots verify", "andon snapshots verify -o json | jq -r .reason")
_PRUNE = examples("andon snapshots prune --keep 1", "andon snapshots prune --force")

WhereOption = Annotated[
    str | None,
    typer.Option(
        "--snapshots",
        metavar="WHERE",
        help="Folder or URL of the snapshots, such as s3://bucket/andon.",
        show_default="snapshots in the data folder",
    ),
]


@app.command("list", epilog=_LIST)
def list_snapshots(
    where: WhereOption = None, form: FormatOption = Format.TABLE, data: DataOption = None
) -> None:
    """List the snapshots of every partition and of the judge, the newest first."""
    store = _store(where, data)
    rows = [_row(one) for one in store.list()]
    damaged = len(store.verify(chunks=False))
    print_rows(rows, form, _COLUMNS, empty="" if damaged else f"no snapshots at {store.where}")
    if damaged:
        say(f"{damaged} more cannot be read: andon snapshots verify says why")


@app.command(epilog=_VERIFY)
def verify(
    where: WhereOption = None, form: FormatOption = Format.TABLE, data: DataOption = None
) -> None:
    """Read every snapshot in full; list what is damaged, and exit with 1 if anything is.

    A damaged snapshot stops nobody: the one before it is taken, or the log is read.
    """
    store = _store(where, data)
    found = store.verify()
    rows = [{"name": one.name, "file": one.file, "reason": one.reason} for one in found]
    print_rows(rows, form)
    if rows:
        damaged = len({(one.name, one.file) for one in found})
        say(f"{damaged} damaged: workers pass over them; andon snapshots prune makes room")
        raise typer.Exit(1)
    whole = len(store.list())
    say(f"{whole} whole" if whole else f"no snapshots at {store.where}")


@app.command(epilog=_PRUNE)
def prune(
    where: WhereOption = None,
    keep: Annotated[
        int, typer.Option("--keep", "-k", help="How many of each name stay.", min=1)
    ] = 3,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also files younger than an hour; only when no worker runs."),
    ] = False,
    data: DataOption = None,
) -> None:
    """Remove old snapshots, and files that no snapshot is made of."""
    gone = _store(where, data).prune(keep, force=force)
    say(f"removed: {gone.snapshots} snapshots, {gone.files} files ({gone.nbytes:,} bytes)")


def _store(where: str | None, data: Path | None) -> "Snapshots":
    from andon.config import read_config
    from andon.wiring import NotPossible
    from streams.folder import Folder
    from streams.snapshots import Snapshots, Unreachable

    config = read_config()
    folder = Folder(data or Path(config.data))
    store = Snapshots(where or config.snapshots or folder.snapshots)
    try:
        store.reach()
    except Unreachable as error:
        raise NotPossible(str(error)) from error
    return store


def _row(one: "Manifest") -> dict[str, object]:
    from schemas.times import iso

    return {
        "name": one.name,
        "number": one.number,
        "created_at": iso(one.created_at),
        "bytes": one.size,
        "chunks": len(one.chunks),
        "header": one.header,
        "fingerprint": one.fingerprint,
    }
