"""How many decisions a second are planned and stored on PostgreSQL, beside bare INSERTs and COPY.

python -m benchmarks.decisions --decisions 6000 --batch 500 2000 --runs 3

The server runs with its usual, durable settings (fsync on). The same rows, read back from the
ledger, are then put into a second database by plain INSERT statements, and into a third one by
COPY, batch by batch. The server's processor time is read from Linux's ``/proc``.
"""

import argparse
import itertools
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, create_engine, make_url, select

from actions.bulk import insert_all
from actions.desk import Desk
from actions.ledger import Ledger
from actions.playbook import parse_playbook
from actions.tables import actions, changes, decisions, outbox, persons, playbooks, problems
from actions.testing import NOON, a_problem, opened
from actions.testing_postgres import DURABLE, new_database, postgres
from benchmarks.measuring import machine, median, table
from schemas.problems import Change

STORED: Final = (playbooks, persons, problems, changes, decisions, actions, outbox)
"""The tables a decision writes to, in the order of their references."""

HEAD: Final = (
    "stored by",
    "batch",
    "decisions per second",
    "per CPU-second of ours",
    "per CPU-second of the server",
    "rows per second",
    "time beside bare INSERTs",
    "time beside bare COPY",
)

Rows = list[dict[str, Any]]
Store = Callable[[Connection, Table, Rows], object]
"""How rows are put into a table."""

KIND: Final = "late-delivery"
PLAYBOOK: Final = """
name: benchmark
budgets: [{per: customer, within: 90d, at_most: 50.00 USD}]
rules:
  - name: late
    kind: late-delivery
    mode: auto
    do: [message-customer, {refund-shipping: {at_most: 15.00 USD}}]
"""
"""Two actions for each customer, one of them a letter, within a budget of their own."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one run: by the wall, of our own processor time, and of the server's."""

    wall: float
    ours: float
    server: float


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """What has been used up to a moment by this process and by a server in folder ``home``."""

    home: Path
    began: Spent

    @classmethod
    def started(cls, url: str) -> "Stopwatch":
        """Begin to measure, with the server at ``url``, which this machine runs."""
        home = Path(str(make_url(url).query["host"]))
        return cls(home, _used(home))

    def spent(self) -> Spent:
        """Return what was used since the start; ask before connections are closed."""
        now = _used(self.home)
        ours, server = now.ours - self.began.ours, now.server - self.began.server
        return Spent(now.wall - self.began.wall, ours, server)


def _used(home: Path) -> Spent:
    return Spent(time.perf_counter(), time.process_time(), _cpu_of_server(home))


def _cpu_of_server(home: Path) -> float:
    """Return the CPU seconds of all of a server's processes so far, those that ended included."""
    first = int((home / "db" / "postmaster.pid").read_text().split()[0])
    ticks = sum(_stat(first)[11:15])
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            said = _stat(int(folder.name))
            ticks += sum(said[11:13]) if said[1] == first else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(process: int) -> list[int]:
    """Return the numbers of ``/proc/PID/stat`` behind the name: 1 the parent, 11 to 14 the ticks.

    These are user and system time, then the same of children that have ended.
    """
    said = Path("/proc", str(process), "stat").read_text().rpartition(")")[2].split()
    return [0, *map(int, said[1:])]


def found(count: int, batch: int) -> list[list[Change]]:
    """Return opened problems of as many customers, in batches."""
    problems_ = [
        a_problem(KIND, subject=f"O{n}", order_id=f"O{n}", customer_id=f"C{n}")
        for n in range(count)
    ]
    return [
        [opened(one) for one in problems_[start : start + batch]]
        for start in range(0, count, batch)
    ]


def planned_and_stored(url: str, batches: Sequence[Sequence[Change]]) -> Spent:
    """Return what it costs a desk to take all batches, each in one transaction."""
    ledger = Ledger(url)
    desk = Desk(ledger, parse_playbook(PLAYBOOK, "benchmark"))
    watch = Stopwatch.started(url)
    for batch in batches:
        desk.take(batch, NOON)
    spent = watch.spent()
    ledger.close()
    return spent


def rows_of(url: str) -> dict[str, Rows]:
    """Return what a ledger holds, by table, in the order in which it was stored."""
    engine = create_engine(url)
    with engine.connect() as connection:
        held = {
            stored.name: [dict(row) for row in connection.execute(_in_order(stored)).mappings()]
            for stored in STORED
        }
    engine.dispose()
    return held


def _in_order(stored: Table) -> Any:  # noqa: ANN401 - a query of any row
    query = select(stored)
    return query.order_by(stored.c.entry) if "entry" in stored.c else query


def by_insert(connection: Connection, table: Table, rows: Rows) -> None:
    """Put rows in by INSERT statements of many rows each, as SQLAlchemy writes them."""
    connection.execute(table.insert(), rows)


def stored(url: str, held: dict[str, Rows], batches: int, store: Store) -> Spent:
    """Return what it costs to put the same rows in by ``store``, in as many transactions."""
    Ledger(url).close()
    engine = create_engine(url)
    parts = {name: list(_parts(rows, batches)) for name, rows in held.items()}
    watch = Stopwatch.started(url)
    with engine.connect() as connection:
        for number in range(batches):
            with connection.begin():
                for each in STORED:
                    if rows := parts[each.name][number]:
                        store(connection, each, rows)
        spent = watch.spent()
    engine.dispose()
    return spent


def _parts(rows: Rows, count: int) -> Iterator[Rows]:
    size = -(-len(rows) // count)
    yield from (rows[start : start + size] for start in range(0, size * count, size))


WAYS: Final[dict[str, Store]] = {"bare INSERTs": by_insert, "bare COPY": insert_all}
"""What a desk is compared with: the same rows, with nothing planned, hashed or looked up."""

DESK: Final = "Andon"


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what each way of storing cost, by name, and how many rows there were."""

    spent: dict[str, Spent]
    rows: int


def measure(server: str, count: int, batch: int, names: Iterator[int]) -> Run:
    """Return one run: a ledger of its own, and the same rows in others."""
    batches = found(count, batch)
    url = new_database(server, f"run_{next(names)}")
    spent = {DESK: planned_and_stored(url, batches)}
    held = rows_of(url)
    for name, store in WAYS.items():
        spent[name] = stored(new_database(server, f"run_{next(names)}"), held, len(batches), store)
    return Run(spent, sum(map(len, held.values())))


def lines(count: int, batch: int, runs: Sequence[Run]) -> Iterator[list[object]]:
    """Yield the lines of one batch size: medians of the runs."""
    wall = {way: median([run.spent[way].wall for run in runs]) for way in (DESK, *WAYS)}
    for way, seconds in wall.items():
        ours = median([run.spent[way].ours for run in runs])
        server = median([run.spent[way].server for run in runs])
        yield [
            way,
            batch,
            round(count / seconds),
            round(count / ours),
            round(count / server),
            round(runs[0].rows / seconds),
            *(f"{seconds / wall[other]:.2f}" for other in WAYS),
        ]


def main() -> None:
    """Print the table of all batch sizes."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--decisions", type=int, default=6_000)
    arguments.add_argument("--batch", type=int, nargs="+", default=[500, 2_000])
    arguments.add_argument("--runs", type=int, default=3)
    told = arguments.parse_args()
    print(machine())
    names = itertools.count()
    with postgres(DURABLE) as server:
        rows = [
            line
            for batch in told.batch
            for line in lines(
                told.decisions,
                batch,
                [measure(server, told.decisions, batch, names) for _ in range(told.runs)],
            )
        ]
    print(table(HEAD, rows))
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
