"""``andon run``: everything in one process."""

import os
import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from andon.cli.options import (
    DataOption,
    LedgerOption,
    PlaybookOption,
    PrefixOption,
    examples,
)

EXAMPLES = examples(
    "andon run --http                           # take events at http://127.0.0.1:8080",
    "andon run events.jsonl --follow            # read a file that grows",
    "kcat -C -t orders | andon run -            # read standard input",
    "andon run --kafka 127.0.0.1:9092           # be one of several workers",
    "andon run --kafka 127.0.0.1:9092 --role ingest --http   # HTTP into Kafka",
    "andon run recording.jsonl --recording      # believe its recordedtime, then end",
)


def run(
    source: Annotated[
        str | None,
        typer.Argument(help="JSON Lines to read: a file, or - for standard input."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on reading as the file grows.")
    ] = False,
    recording: Annotated[
        bool,
        typer.Option(
            "--recording", help="Believe recordedtime in the file; only its events make time pass."
        ),
    ] = False,
    http: Annotated[
        str | None,
        typer.Option(
            "--http",
            metavar="[[HOST:]PORT]",
            help="Take events at POST /api/v1/events; alone it means 127.0.0.1:8080.",
        ),
    ] = None,
    kafka: Annotated[
        str | None,
        typer.Option(
            "--kafka",
            metavar="HOST:PORT",
            help="Be a worker on Kafka instead; several share the work.",
            show_default=False,
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            help="On Kafka: worker (all of reader, judge and desk), some of them (repeatable), or "
            "ingest: take events over --http.",
            show_default="worker",
        ),
    ] = None,
    worker: Annotated[
        str, typer.Option("--worker", help="On Kafka: the name of this worker, kept over restarts.")
    ] = "",
    web: Annotated[
        str, typer.Option("--web", metavar="[HOST:]PORT", help="On Kafka: health and metrics.")
    ] = "127.0.0.1:6066",
    snapshots: Annotated[
        str | None,
        typer.Option(
            "--snapshots",
            metavar="WHERE",
            help="On Kafka: folder or URL of snapshots, the same for all workers; none for none.",
            show_default="snapshots in the data folder",
        ),
    ] = None,
    prefix: PrefixOption = None,
    data: DataOption = None,
    playbook: PlaybookOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Watch events as they come; find problems, decide and act. Survives a kill, and resumes.

    Everything is kept in one folder. Without [bold]--http[/bold] or [bold]--follow[/bold] it ends
    with its input.
    """
    from andon.config import read_config
    from andon.exporting import export_traces
    from andon.logs import configure_logs

    config = read_config()
    config = config if ledger is None else replace(config, ledger_url=ledger)
    configure_logs(config.log)
    export_traces(os.environ)
    book = playbook or (Path(config.playbook) if config.playbook else None)
    folder = data or Path(config.data)
    if kafka is not None:
        from andon.seeding import with_one_seed

        roles = frozenset(role or ["worker"])
        store = snapshots or config.snapshots or str(folder / "snapshots")
        with_one_seed(store, roles)  # before the rest is imported: it may start this anew

        from andon.ingesting import INGEST, Ingesting, refuse_contradictions, run_ingest
        from andon.living import Living, run_live
        from andon.running import read_address

        if source is not None or follow or (recording and INGEST in roles):
            from andon.wiring import NotPossible

            raise NotPossible("--kafka reads from Kafka alone: andon events send puts files there")
        address = (config.http if INGEST in roles else "") if http is None else http
        refuse_contradictions(roles, address)
        if INGEST in roles:
            run_ingest(Ingesting(kafka, prefix, address), config, _stop_signal())
            raise typer.Exit
        living = Living(
            kafka=kafka,
            prefix=prefix,
            roles=roles,
            worker=worker,
            recording=recording,
            web=read_address(web),
            snapshots=store,
            data=folder,
            playbook=book,
        )
        config = replace(config, kafka=kafka, kafka_prefix=prefix or config.kafka_prefix)
        raise typer.Exit(run_live(living, config))
    from andon.running import Running, run_service

    wanted = Running(
        source=source,
        follow=follow,
        recording=recording,
        address=config.http if http is None else http,
        data=folder,
        playbook=book,
    )
    run_service(wanted, config, _stop_signal())


def _stop_signal() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set; the second signal ends the process at once."""
    stopping = threading.Event()

    def stop(number: int, _: object) -> None:
        stopping.set()
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    return stopping
