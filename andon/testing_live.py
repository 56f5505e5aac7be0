"""A shop on Kafka for tests: topics of its own, workers in processes of their own, one ledger.

What must hold is asked of the ledger and of a receiver that counts: the problems of a replay, the
same actions, each effect once.
"""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import httpx2
from kafka import KafkaProducer
from sqlalchemy import ColumnElement, Connection, func, or_, select
from sqlalchemy.exc import OperationalError

from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import ANY, Relay
from actions.rounds import Rounds
from actions.tables import actions, commands, outbox, outcomes
from actions.testing import SECRET
from andon.counting import Counted
from andon.metrics import Counts
from andon.wiring import build_engine, read_playbook
from schemas.codec import Decoder, encode
from schemas.decisions import Status
from schemas.problems import Problem, problems_digest
from schemas.times import NEVER
from streams.dead_letters import dead_letters
from streams.embedded import wall_clock
from streams.found import Found, encode_found
from streams.group import News
from streams.live_desk import LiveDesk
from streams.partition import by_type
from streams.recordings import find
from streams.replay import replay_paths
from streams.sending import Outgoing, routes, send, write
from streams.topics import Names, create, topics
from streams.wire import DeadLetter

ANDON: Final = Path(sys.executable).parent / "andon"
PATIENCE_S: Final = 120.0
"""Longest wait that is no failure: machines that share their cores are slow now and then."""

CLOCK_EVERY: Final = 20
"""Fewest events between clocks of a recording in pieces, so that each piece lets time pass."""

_numbers = count(1)


class Late(AssertionError):  # noqa: N818 - read as a sentence: it is late
    """What was waited for did not come."""


def wait_for(what: Callable[[], bool], why: Callable[[], str], seconds: float = PATIENCE_S) -> None:
    """Wait until ``what`` holds; raise Late with ``why`` it does not."""
    until = time.monotonic() + seconds
    while not what():
        if time.monotonic() > until:
            raise Late(why())
        time.sleep(0.1)


class Answer(NamedTuple):
    """What must come of a recording, however it is taken in."""

    digest: str
    """Of its problems."""
    action_ids: list[str]
    effects: list[str]
    """Ids of the actions that are performed without anybody's leave."""


def answer_to(recording: Path) -> Answer:
    """Return what a replay finds, decided hour by hour in one process over a ledger in memory."""
    playbook = read_playbook(None)
    replayed = replay_paths([recording], build_engine(playbook))
    decoded = Decoder().decode_lines(recording.read_bytes())
    typed = by_type(decoded.events, decoded.occurred, decoded.recorded, NEVER)
    said = tuple(sorted((at, encode(event).decode()) for at, event in News().of(typed)))
    ledger = Ledger("sqlite://")
    desk = Desk(ledger, playbook)
    rounds = Rounds(ledger, desk, Relay(ledger, {ANY: lambda _: "done"}).run_once)
    live: LiveDesk[int] = LiveDesk(
        desk.take,
        Counted(ledger, Counts()).hear,
        perform=lambda now: bool(rounds(now)),
        is_log=True,
    )
    ordered = sorted(replayed.changes, key=lambda change: (change.at, change.problem.id))
    found = Found(clock=NEVER, is_end=True, changes=tuple(ordered), events=said)
    live.offer(encode_found(found), 0)
    asyncio.run(live.decide())
    with ledger.reading() as connection:
        ids, effects = _ids(connection, NEVER), _done(connection, NEVER)
    ledger.close()
    return Answer(problems_digest(replayed.problems), ids, effects)


@dataclass(slots=True)
class Worker:
    """One ``andon run --kafka``; what it says is kept in ``log``."""

    process: "subprocess.Popen[bytes]"
    log: Path
    is_sent_home: bool = False
    """Whether it was told to end."""

    @property
    def said(self) -> str:
        """Everything it said so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def web(self) -> str:
        """Its address for health and metrics."""
        found = re.search(r'"(web|url)": "(http://[^/"]+)', self.said)
        return found[2] if found else ""

    def get(self, page: str) -> tuple[int, str]:
        """Return status and text of a page; 0 while nobody answers."""
        try:
            answer = httpx2.get(f"{self.web}{page}", timeout=5.0)
        except (httpx2.HTTPError, ValueError):
            return 0, ""
        return answer.status_code, answer.text

    def is_ready(self) -> bool:
        """Whether it says so itself."""
        return bool(self.web) and self.get("/readyz")[0] == 200  # noqa: PLR2004 - HTTP's own

    def kill(self) -> None:
        """Take it away as a power cut would."""
        self.is_sent_home = True
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Freeze it: it holds what it holds, and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on, as if no time had passed."""
        self.process.send_signal(signal.SIGCONT)

    def stop(self, seconds: float = 60.0) -> int:
        """Ask it to end; return its exit code."""
        self.is_sent_home = True
        self.process.terminate()
        return self.process.wait(seconds)


@dataclass(slots=True)
class Shop:
    """Topics with a prefix of their own, a ledger, a folder of snapshots, and workers."""

    bootstrap: str
    home: Path
    ledger_url: str
    receiver_url: str = ""
    partitions: int = 4
    names: Names = field(init=False)
    workers: list[Worker] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    began: int = field(default_factory=wall_clock)
    """When it was opened, ms UTC; what recordings say was recorded before."""

    def __post_init__(self) -> None:
        """Make the topics."""
        self.names = Names(f"shop{os.getpid()}x{next(_numbers)}")
        create(self.bootstrap, topics(self.names, self.partitions))

    @property
    def snapshots(self) -> Path:
        """Where the workers keep their state."""
        return self.home / "snapshots"

    def send(self, *paths: Path) -> None:
        """Send recordings, with their clocks."""
        send(self.bootstrap, routes(self.bootstrap, self.names), paths, recording=True)

    def send_in_pieces(self, recording: Path, pieces: int) -> Iterator[None]:
        """Send a recording in about so many ``pieces``, one whenever the next is asked for."""
        with TemporaryDirectory(prefix="andon-") as folder:
            to, scratch = routes(self.bootstrap, self.names), Path(folder)
            outgoing = Outgoing(to, lambda _done, _total: None, CLOCK_EVERY)
            records = list(outgoing.recorded(find([recording], scratch), scratch))
        size = -(-len(records) // pieces)
        for start in range(0, len(records), size):
            asyncio.run(write(self.bootstrap, records[start : start + size]))
            yield

    def poison(self, value: bytes) -> None:
        """Send a record that is no event to the first partition."""
        with closing(KafkaProducer(bootstrap_servers=self.bootstrap)) as producer:
            producer.send(self.names.events, value, partition=0).get(timeout=30)

    def dead_letters(self) -> list[DeadLetter]:
        """Return what was put aside."""
        kept = dead_letters(self.bootstrap, self.names.dead_letters)
        return [one.letter for one in kept]

    def worker(self, name: str = "", *arguments: str, recording: bool = True) -> Worker:
        """Start a worker; one of the same name takes the place of one that is gone."""
        name = name or f"worker-{len(self.workers) + 1}"
        log = self.home / f"{name}.{time.monotonic_ns()}.log"
        command = [
            str(ANDON),
            "run",
            *("--kafka", self.bootstrap, "--prefix", self.names.prefix, "--worker", name),
            *("--data", str(self.home / name), "--snapshots", str(self.snapshots)),
            *("--ledger", self.ledger_url, "--web", str(_free_port())),
            *(["--recording"] if recording else []),
            *arguments,
        ]
        to_receiver = {
            "ANDON_WEBHOOK_URL": self.receiver_url,
            "ANDON_WEBHOOK_SECRET": SECRET if self.receiver_url else "",
            "ANDON_WEBHOOK_ALLOWED": "127.0.0.0/8",
            "ANDON_LOG": "json",
        }
        environment = os.environ | to_receiver | self.environment
        with log.open("wb") as said:
            process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)  # noqa: S603 - this project's own program
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    def intake(self) -> Worker:
        """Start what takes events over HTTP; it is listed with the workers."""
        log = self.home / f"intake.{time.monotonic_ns()}.log"
        command = [
            str(ANDON),
            "run",
            *("--kafka", self.bootstrap, "--prefix", self.names.prefix, "--role", "ingest"),
            *("--http", f"127.0.0.1:{_free_port()}", "--data", str(self.home / "intake")),
        ]
        with log.open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - this project's own program
                command, stdout=said, stderr=said, env=os.environ | {"ANDON_LOG": "json"}
            )
        intake = Worker(process, log)
        self.workers.append(intake)
        return intake

    # ----- what came of it -----

    def problems(self) -> list[Problem]:
        """Return all problems in the ledger; none while it is away."""
        try:
            with _opened(self.ledger_url) as ledger:
                return ledger.problems()
        except OperationalError:
            return []

    def digest(self) -> str:
        """Return the hash of all problems in the ledger."""
        return problems_digest(self.problems())

    def action_ids(self) -> list[str]:
        """Return the ids of all actions, in order; not of alarms that the wall clock raises."""
        with _opened(self.ledger_url) as ledger, ledger.reading() as connection:
            return _ids(connection, self.began)

    def effects(self) -> list[str]:
        """Return the ids of those that were performed, in order."""
        with _opened(self.ledger_url) as ledger, ledger.reading() as connection:
            return _done(connection, self.began)

    def words(self) -> list[str]:
        """Return the verbs of what people have said, in order."""
        with _opened(self.ledger_url) as ledger, ledger.reading() as connection:
            said = select(commands.c.verb).order_by(commands.c.seq)
            return list(connection.execute(said).scalars())

    def pending(self) -> int:
        """Return how many actions have not been performed yet."""
        waits = outbox.c.status.in_((Status.QUEUED.value, Status.UNDER_WAY.value))
        with _opened(self.ledger_url) as ledger, ledger.reading() as connection:
            return int(connection.execute(select(func.count()).where(waits)).scalar() or 0)

    def settle(self, digest: str, seconds: float = PATIENCE_S) -> None:
        """Wait until the ledger holds the problems with this hash, and nothing is left to do."""

        def done() -> bool:
            self.check_alive()
            return self.digest() == digest and self.pending() == 0

        wait_for(done, self.explained, seconds)

    def check_alive(self) -> None:
        """Raise Late if a worker has ended by itself."""
        for worker in self.workers:
            code = worker.process.poll()
            if code is not None and not worker.is_sent_home:
                raise Late(f"a worker has ended with {code}: {worker.said[-3000:]}")

    def explained(self) -> str:
        """Return what there is, and what the workers said last."""
        said = "\n".join(f"--- {one.log.name}\n{one.said[-1500:]}" for one in self.workers)
        return f"pending {self.pending()}, digest {self.digest()}\n{said}"

    def close(self) -> None:
        """End every worker."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.resume()
                worker.kill()


def _decided(before: int) -> ColumnElement[bool]:
    """Leave out alarms that nobody took something in time, unless raised ``before`` (ms UTC).

    A recording is decided by its own clock, these alarms with it. What still waits when all of it
    is decided is told by the wall clock, which no replay knows.
    """
    return or_(actions.c.rule != "owners", actions.c.planned_at < before)


def _done(connection: Connection, before: int) -> list[str]:
    done = (
        select(actions.c.id)
        .join(outcomes, outcomes.c.action_id == actions.c.id)
        .where(_decided(before), outcomes.c.status == Status.DONE.value)
    )
    return sorted(set(connection.execute(done).scalars()))


def _ids(connection: Connection, before: int) -> list[str]:
    planned = select(actions.c.id).where(_decided(before))
    return sorted(connection.execute(planned).scalars())


@contextmanager
def _opened(url: str) -> Iterator[Ledger]:
    ledger = Ledger(url)
    try:
        yield ledger
    finally:
        ledger.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
