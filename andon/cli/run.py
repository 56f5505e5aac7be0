"""``andon run``: everything in one process."""

import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from andon.cli.options import DataOption, LedgerOption, PlaybookOption, examples

EXAMPLES = examples(
    "andon run --http                           # take events at http://127.0.0.1:8080",
    "andon run events.jsonl --follow            # read a file that grows",
    "kcat -C -t orders | andon run -            # read standard input",
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
    data: DataOption = None,
    playbook: PlaybookOption = None,
    ledger: LedgerOption = None,
) -> None:
    """Watch events as they come; find problems, decide and act. Survives a kill, and resumes.

    Everything is kept in one folder. Without [bold]--http[/bold] or [bold]--follow[/bold] it ends
    with its input.
    """
    from andon.config import read_config
    from andon.logs import configure_logs
    from andon.running import Running, run_service

    config = read_config()
    config = config if ledger is None else replace(config, ledger_url=ledger)
    configure_logs(config.log)
    wanted = Running(
        source=source,
        follow=follow,
        recording=recording,
        address=config.http if http is None else http,
        data=data or Path(config.data),
        playbook=playbook or (Path(config.playbook) if config.playbook else None),
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
