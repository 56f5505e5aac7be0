"""``andon ledger``: prove it, take it elsewhere, make it forget a customer, follow what it asks."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from andon.cli.options import DataOption, LedgerOption, examples
from andon.cli.output import say

app = typer.Typer(
    help="The record of what was found, decided and done: prove it, export it, erase a customer.",
    no_args_is_help=True,
)

WhoOption = Annotated[str, typer.Option("--who", help="Who asks for it.", envvar="USER")]
WhyOption = Annotated[str, typer.Option("--why", help="The reason; kept for good.")]


@app.command(
    epilog=examples(
        "andon ledger verify", "andon ledger verify --anchor 1204:9c1e... # a head you kept"
    )
)
def verify(
    anchor: Annotated[
        str | None,
        typer.Option("--anchor", metavar="NUMBER:HASH", help="A head that was kept elsewhere."),
    ] = None,
    data: DataOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Check every entry; exit with 1 and name the first that was changed, removed or put in.

    Prints the head, NUMBER:HASH; /metrics shows when it was found whole. Keep the head where nobody
    who can write the ledger can write: against it even a ledger that was written anew from some
    entry on is found out.
    """
    from actions.chain import head
    from actions.verifying import first_break, read_anchor
    from andon.config import read_config
    from andon.verified import note_verified
    from andon.wiring import ledger_to_read
    from streams.embedded import wall_clock
    from streams.folder import Folder

    kept = None if anchor is None else read_anchor(anchor)
    with ledger_to_read(data, ledger) as opened, opened.reading() as connection:
        broken, newest = first_break(connection, kept), head(connection)
    if broken is not None:
        typer.echo(str(broken))
        say("[bold red]the ledger was changed[/]: what comes after this entry proves nothing")
        raise typer.Exit(1)
    if ledger is None:
        note_verified(Folder(data or Path(read_config().data)), newest, wall_clock())
    typer.echo(str(newest))
    say(f"all {newest.number:,} entries hold")


@app.command(epilog=examples("andon ledger export > ledger.jsonl"))
def export(data: DataOption = None, ledger: LedgerOption = None) -> None:
    """Print every entry as a line of JSON, with the hashes that prove it.

    Take "hash" out of a line and write the rest as canonical JSON (RFC 8785): its SHA-256 is that
    hash, and "previous" is the hash of the line before.
    """
    from actions.verifying import proofs
    from andon.wiring import ledger_to_read

    with ledger_to_read(data, ledger) as opened, opened.reading() as connection:
        for proof in proofs(connection):
            sys.stdout.write(json.dumps(proof, ensure_ascii=False) + "\n")


@app.command(epilog=examples("andon ledger erase C-1001 --who dpo --why 'asked on 3 March'"))
def erase(
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    who: WhoOption,
    why: WhyOption,
    data: DataOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Make the ledger forget who a customer is; what was found, done and paid stays provable.

    Refused while something is owed to them. The journal of events is another store: it keeps them.
    """
    from actions.erasing import erase as make_forget
    from andon.wiring import ledger_to_read
    from streams.embedded import wall_clock

    with ledger_to_read(data, ledger) as opened:
        done = make_forget(opened, customer, who=who, why=why, now=wall_clock())
    typer.echo(done.ref)
    say(f"erased: {done.problems} problems and {done.actions} actions name a reference instead")


@app.command(epilog=examples("andon ledger feed", "andon ledger feed --after 1200 --limit 500"))
def feed(
    after: Annotated[int, typer.Option("--after", help="Only behind this number.", min=0)] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", help="At most so many.", min=1)] = 1_000,
    data: DataOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Print what is to be done, oldest first, a line of JSON each: columns as Debezium names them.

    Go on behind the "seq" of the last line. An action that is asked for again keeps its id: do
    each id once.
    """
    from andon.wiring import ledger_to_read

    with ledger_to_read(data, ledger) as opened:
        for row in opened.feed(after, limit):
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
