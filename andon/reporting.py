"""From a data folder to the rows of a report: which stretch of time, from which journal."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from actions.quantities import span
from andon.config import read_config
from andon.heard import Heard, hear_all
from andon.persons import open_desk
from andon.recovery import Ordered, held_back, helped, orders_in, recovery
from andon.replaying import Unreadable, moment
from andon.scoreboard import Row, records_of, rules_rows, scoreboard
from andon.wiring import NotPossible
from andon.wishes import wishes_in
from schemas.times import ms
from streams.folder import Folder
from streams.journal import Journal

BY: Final = ("all", "rule", "cause", "recovery")
"""What a report may be by."""


def reported(data: Path | None, since: str, by: str) -> list[Row]:
    """Return the rows of a report.

    Raises:
        NotPossible: Nothing has run in the folder yet, or there is no such report.
        Unreadable: ``since`` is neither a duration nor a time.
    """
    if by not in BY:
        raise NotPossible(f"no report by {by!r}: there are {', '.join(BY)}")
    folder = Folder(data or Path(read_config().data))
    if by == "cause":
        return _causes(folder, since)
    if by == "recovery":
        return _recovery(folder, data, since)
    with open_desk(data) as desk:
        heard, now = _heard(folder, since)
        with desk.ledger.reading() as connection:
            records = records_of(connection, desk.playbook, heard.since, now)
    return rules_rows(records) if by == "rule" else scoreboard(records, heard)


def _causes(folder: Folder, since: str) -> list[Row]:
    with Journal.reader(folder.journal) as journal:
        now = journal.floor
        return wishes_in(journal.lines(), _begin(since, now), now)


def _recovery(folder: Folder, data: Path | None, since: str) -> list[Row]:
    with Journal.reader(folder.journal) as journal:
        now, orders = journal.floor, orders_in(journal.lines())
    begin = _begin(since, now)
    with open_desk(data) as desk, desk.ledger.reading() as connection:
        better = helped(records_of(connection, desk.playbook, begin, now))
        without = held_back(connection, begin, better.since)
    currency = _usual_currency(orders)
    return recovery(better, without, orders, now, currency) if currency else []


def _usual_currency(orders: Mapping[str, list[Ordered]]) -> str:
    """Return what most orders were paid in: sums of several currencies would say nothing."""
    seen = Counter(order.value.currency for some in orders.values() for order in some)
    return max(seen, key=lambda one: (seen[one], one), default="")


def _heard(folder: Folder, since: str) -> tuple[Heard, int]:
    with Journal.reader(folder.journal) as journal:
        now = journal.floor
        return hear_all(journal.lines(), _begin(since, now)), now


def _begin(since: str, now: int) -> int:
    try:
        return now - ms(span(since))
    except ValueError:
        pass
    begin = moment(since)
    if begin is None:
        raise Unreadable("say from when")
    return begin
