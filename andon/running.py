"""One run of the embedded driver, from settings to drain."""

import contextlib
import socket
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from andon.appealing import appeals_of
from andon.config import Config
from andon.metrics import Gauges, exposition
from andon.standing import standing_in
from andon.verified import last_verified
from andon.wiring import NotPossible, Parts, open_parts
from schemas.problems import Change
from schemas.times import iso
from streams.embedded import Embedded, Timing
from streams.folder import Folder
from streams.inbox import Inbox
from streams.ingest import LOOPBACK, Ports, ingest_app, names_of
from streams.journal import Journal
from streams.service import Beside, Service, nobody_speaks
from streams.sources import Piece, read_file, read_stream
from streams.workers import Worker, http_server, listen, performer, reader

_FOLLOW_SECONDS = 0.2
_LAST_PORT = 65_535
_MOST_TOLD = 10
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")
"""How gzip (RFC 1952) and Zstandard (RFC 8878) files begin."""

_log = structlog.get_logger("andon")


@dataclass(frozen=True, slots=True)
class Running:
    """What the caller asked for: input, address to listen on, folder, playbook."""

    source: str | None
    follow: bool
    recording: bool
    address: str
    data: Path
    playbook: Path | None


def run_service(wanted: Running, config: Config, stopping: threading.Event) -> None:
    """Run until the input ends or ``stopping`` is set, and leave everything accepted decided.

    Raises:
        NotPossible: The options contradict each other, or the port is taken.
        FolderInUse: Another process writes the folder.
    """
    _refuse_contradictions(wanted)
    folder = Folder(wanted.data)
    with contextlib.ExitStack() as stack:
        stack.enter_context(folder.locked())
        journal = stack.enter_context(Journal(folder.journal))
        parts = stack.enter_context(open_parts(folder, wanted.playbook, config))
        timing = Timing(recording=wanted.recording)
        embedded = Embedded(journal, parts.engine, parts.settle, timing=timing, hear=parts.hear)
        inbox = Inbox()
        beside = _beside(wanted, journal, embedded, inbox, parts)
        words = nobody_speaks if wanted.recording else appeals_of(parts.ledger, journal)
        Service(embedded, inbox, stopping, _tell, words).run(beside)
        _summarise(embedded)


def _refuse_contradictions(wanted: Running) -> None:
    if wanted.source is None and not wanted.address:
        raise NotPossible("nothing to read: name a file, - for standard input, or --http")
    if wanted.recording and wanted.address:
        raise NotPossible("--recording and --http contradict: what comes by HTTP happens now")
    if wanted.source in (None, "-") and wanted.follow:
        raise NotPossible("--follow needs a file")


def _beside(
    wanted: Running, journal: Journal, embedded: Embedded, inbox: Inbox, parts: Parts
) -> Beside:
    return Beside(
        reader=_reader(wanted, journal, inbox),
        server=_server(wanted, embedded, inbox, parts),
        performer=_performer(embedded, parts),
    )


def _performer(embedded: Embedded, parts: Parts) -> Worker:
    if not parts.performs:
        _log.warning("no ANDON_WEBHOOK_URL: actions are planned and wait, nobody performs them")
    return performer(parts.perform, lambda: embedded.acting_clock)


def _reader(wanted: Running, journal: Journal, inbox: Inbox) -> Worker | None:
    if wanted.source is None:
        return None
    stopping = threading.Event()
    pieces = _pieces(wanted, journal, stopping)
    return reader(wanted.source, pieces, inbox, stopping)


def _pieces(wanted: Running, journal: Journal, stopping: threading.Event) -> Iterator[Piece]:
    if wanted.source == "-":
        return read_stream(sys.stdin.buffer)
    path = Path(wanted.source or "")
    if not path.is_file():
        raise NotPossible(f"{path}: no such file")
    _refuse_compressed(path)
    mark = journal.mark(str(path.resolve()))

    def more() -> bool:
        return not stopping.wait(_FOLLOW_SECONDS)

    return read_file(path, mark, more if wanted.follow else None)


def _refuse_compressed(path: Path) -> None:
    """A compressed file cannot grow, and has no place in it to go on from."""
    with path.open("rb") as file:
        if file.read(4).startswith(_COMPRESSED):
            raise NotPossible(f"{path} is compressed: unpack it into `andon run -`")


def _server(wanted: Running, embedded: Embedded, inbox: Inbox, parts: Parts) -> Worker | None:
    if not wanted.address:
        return None
    host, listener = listening(wanted.address)
    ports = Ports(
        inbox,
        lambda: embedded.rebuilt,
        lambda: list(embedded.board.open.values()),
        feed=parts.ledger.feed,
        customer=standing_in(lambda: parts.ledger),
        metrics=exposition(parts.counts, parts.ledger, _gauges(embedded, parts, wanted.data)),
    )
    port = listener.getsockname()[1]
    _log.info("listening", url=f"http://{host}:{port}/api/v1/events")
    return http_server(ingest_app(ports, names_of(host)), listener)


def _gauges(embedded: Embedded, parts: Parts, data: Path) -> Gauges:
    return Gauges(
        events=lambda: embedded.board.events,
        rejected=lambda: embedded.board.rejected,
        log_clock=lambda: embedded.log_clock,
        now=lambda: embedded.acting_clock,
        doubts=lambda: {why: n for why, n in embedded.counts.items() if why != "events"},
        breakers=parts.breakers.states,
        verified=lambda: last_verified(Folder(data)),
    )


def listening(address: str) -> tuple[str, socket.socket]:
    """Listen on ``PORT`` or ``HOST:PORT``; return the host and the socket.

    Raises:
        NotPossible: It is no address, or somebody has it already.
    """
    try:
        host, port = read_address(address)
        return host, listen(host, port)
    except OSError as error:
        reason = f"cannot listen on {address} ({error.strerror}): free it, or choose another port"
        raise NotPossible(reason) from error


def read_address(text: str) -> tuple[str, int]:
    """Return host and port of ``PORT`` or ``HOST:PORT``; raise NotPossible for anything else."""
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > _LAST_PORT:
        raise NotPossible(f"{text!r} is no address: write PORT or HOST:PORT")
    return host.strip("[]") or LOOPBACK[0], int(port)


def _tell(changes: list[Change]) -> None:
    if len(changes) > _MOST_TOLD:
        _log.info("problems changed", **Counter(change.what.name.lower() for change in changes))
        return
    for change in changes:
        problem = change.problem
        _log.info(
            f"problem {change.what}", kind=problem.kind, subject=problem.subject, at=iso(change.at)
        )


def _summarise(embedded: Embedded) -> None:
    board = embedded.board
    _log.info(
        "stopped", events=board.events, rejected=board.rejected, open_problems=len(board.open)
    )
