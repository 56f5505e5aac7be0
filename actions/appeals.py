"""Appeals that people upheld, as events: what a person decides about a seller, the judge hears."""

from typing import Final

from sqlalchemy import select

from actions.ledger import Ledger
from actions.outcomes_told import Later
from actions.rows import Row, problem_from
from actions.tables import commands, problems
from schemas.commands import Verb
from schemas.events import SellerAppealUpheld
from schemas.times import iso

SELLER: Final = "seller"
"""The only subjects that appeal."""

SOURCE: Final = "andon/outcome"
"""The ``source`` of events that come from a person's word."""


def upheld_after(ledger: Ledger, number: int) -> list[tuple[int, SellerAppealUpheld]]:
    """Return appeals of sellers upheld after the command ``number``, oldest first, numbered.

    Each is about what its problem was about: its defect, and the days that were looked at.
    """
    query = (
        select(commands.c.seq, commands.c.at, problems.c.body)
        .join(problems, problems.c.id == commands.c.target)
        .where(
            commands.c.seq > number,
            commands.c.verb == Verb.REPORT.value,
            commands.c.terms.contains(f'"{Later.APPEAL_UPHELD.value}"'),
            problems.c.subject_type == SELLER,
        )
        .order_by(commands.c.seq)
    )
    with ledger.reading() as connection:
        rows = connection.execute(query).mappings().all()
    return [(row["seq"], _event(row)) for row in rows]


def _event(row: Row) -> SellerAppealUpheld:
    problem = problem_from(row)
    return SellerAppealUpheld(
        id=f"appeal-{row['seq']}",
        source=SOURCE,
        time=iso(row["at"]),
        seller_id=problem.subject,
        defect=problem.defect or "",
        since=iso(problem.due_at),
        until=iso(problem.opened_at - 1),
    )
