"""How many decisions a second are planned and stored on PostgreSQL, beside bare INSERTs.

python -m benchmarks.decisions --decisions 6000 --batch 500 2000 --runs 3

The server runs with its usual, durable settings (fsync on). The same rows, read back from the
ledger, are then put into a second database by plain INSERT statements, batch by batch.
"""

import argparse
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Table, create_engine, select

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
    "decisions",
    "batch",
    "decisions per second",
    "per CPU-second of ours",
    "rows per decision",
    "rows per second",
    "bare INSERTs, rows per second",
    "time beside bare INSERTs",
)

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
class Figures:
    """Wall seconds of one run; ``cpu_s`` is what our own process took of them."""

    ours_s: float
    cpu_s: float
    bare_s: float
    rows: int


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


def planned_and_stored(url: str, batches: Sequence[Sequence[Change]]) -> tuple[float, float]:
    """Return wall and CPU seconds in which a desk takes all batches, each in one transaction."""
    ledger = Ledger(url)
    desk = Desk(ledger, parse_playbook(PLAYBOOK, "benchmark"))
    began, began_cpu = time.perf_counter(), time.process_time()
    for batch in batches:
        desk.take(batch, NOON)
    spent = time.perf_counter() - began, time.process_time() - began_cpu
    ledger.close()
    return spent


def rows_of(url: str) -> dict[str, list[dict[str, Any]]]:
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


def inserted(url: str, held: dict[str, list[dict[str, Any]]], batches: int) -> float:
    """Return the seconds in which the same rows are inserted, in as many transactions."""
    Ledger(url).close()
    engine = create_engine(url)
    parts = {name: list(_parts(rows, batches)) for name, rows in held.items()}
    began = time.perf_counter()
    for number in range(batches):
        with engine.begin() as connection:
            for stored in STORED:
                if parts[stored.name][number]:
                    connection.execute(stored.insert(), parts[stored.name][number])
    spent = time.perf_counter() - began
    engine.dispose()
    return spent


def _parts(rows: list[dict[str, Any]], count: int) -> Iterator[list[dict[str, Any]]]:
    size = -(-len(rows) // count)
    yield from (rows[start : start + size] for start in range(0, size * count, size))


def measure(server: str, count: int, batch: int, names: Iterator[int]) -> Figures:
    """Return one run: a ledger of its own, and the same rows in another."""
    batches = found(count, batch)
    url = new_database(server, f"ours_{next(names)}")
    ours = planned_and_stored(url, batches)
    held = rows_of(url)
    bare = inserted(new_database(server, f"bare_{next(names)}"), held, len(batches))
    return Figures(*ours, bare, sum(map(len, held.values())))


def row(count: int, batch: int, runs: Sequence[Figures]) -> list[object]:
    """Return one line of the table: medians of the runs."""
    ours, bare = median([one.ours_s for one in runs]), median([one.bare_s for one in runs])
    rows = runs[0].rows
    return [
        count,
        batch,
        round(count / ours),
        round(count / median([one.cpu_s for one in runs])),
        round(rows / count, 1),
        round(rows / ours),
        round(rows / bare),
        f"{ours / bare:.2f}",
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
        lines = [
            row(
                told.decisions,
                batch,
                [measure(server, told.decisions, batch, names) for _ in range(told.runs)],
            )
            for batch in told.batch
        ]
    print(table(HEAD, lines))


if __name__ == "__main__":
    main()
