"""Why something is a problem of one order, and why something else is not.

The versions of the order are built anew from its events, by the code that finds its problems. Each
detector then answers for each row: due times version by version, the problems, or what came first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from detectors.journeys.book import CUSTOMER_KEY, Book
from detectors.journeys.episodes import Settled
from detectors.journeys.journeys import Journeys, Typed
from detectors.journeys.openings import SUBJECT_TYPE
from detectors.journeys.streams import told_by
from detectors.journeys.tables import Table
from detectors.journeys.versions import Versions
from detectors.journeys.writes import WRITES
from detectors.question import Question
from schemas.problems import Cause, Problem
from schemas.times import NEVER, ms
from streams.engine import HORIZON, Batch
from streams.explanation import Answer, Explanation, Stage, Verdict

__all__ = ["Answer", "Explanation", "Stage", "Verdict", "explain"]


def explain(  # noqa: PLR0913 - what is not the order itself goes by name
    order_id: str,
    batch: Batch,
    detectors: Sequence[Question],
    *,
    until: int | None = None,
    others: Sequence[Problem] = (),
    locale: str = "en",
    horizon: timedelta = HORIZON,
) -> Explanation:
    """Explain the order of which ``batch`` holds all events.

    Args:
        order_id: The order's id; a heading only.
        batch: The order's events, and those of contacts that were linked to it, in any order.
        detectors: The questions to answer.
        until: The clock (ms UTC): what was recorded or fell due from then on is left out. Without
            it, the moment after the newest event.
        others: Problems of all orders; those about this order's SKUs become part of the answer.
        locale: The language in which problems of many orders are told, ``en`` or ``vi``.
        horizon: How long a journey is remembered.
    """
    end = until or (int(batch.recorded.max(initial=0)) + 1)
    seen: list[_Seen] = []
    journeys = Journeys(detectors, ms(horizon), lambda *told: seen.append(_Seen(*told)))
    journeys.write(_typed(batch, end))
    changes = journeys.settle(end)
    newest = {change.problem.id: change.problem for change in changes}
    problems: dict[tuple[str, str], list[Problem]] = {}
    for problem in newest.values():
        problems.setdefault((problem.kind, problem.subject), []).append(problem)
    answers = [a for one in seen for a in _answers(one, journeys, problems, end)]
    answers.sort(key=lambda answer: (list(Verdict).index(answer.verdict), answer.kind))
    skus = {sku for sku, *_ in journeys.book.words.items.values}
    about = (p for p in others if p.subject_type.startswith("sku") and _sku_of(p) in skus)
    return Explanation(order_id, end, tuple(answers), tuple(about), locale)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was decided on the versions of one table."""

    table: Table
    v: Versions
    settled: Settled


def _typed(batch: Batch, until: int) -> list[Typed]:
    typed: list[Typed] = []
    for kind in WRITES:
        at = [
            i for i, e in enumerate(batch.events) if type(e) is kind and batch.recorded[i] < until
        ]
        if at:
            events = [batch.events[i] for i in at]
            typed.append((kind, events, batch.occurred[at], batch.recorded[at]))
    return typed


def _answers(
    seen: _Seen, journeys: Journeys, problems: dict[tuple[str, str], list[Problem]], until: int
) -> Iterator[Answer]:
    """Yield the answer of each detector about each row that was seen."""
    kind = SUBJECT_TYPE[seen.table]
    for subject, versions, span in _lives(seen, journeys.book):
        for number, question in enumerate(journeys.detectors[seen.table]):
            stages = _stages(seen, number, versions)
            of_all = problems.get((question.kind, subject), ())
            about = sorted((p for p in of_all if p.opened_at in span), key=_opened_at)
            verdict = _verdict(stages, about, until)
            yield Answer(question.kind, kind, subject, verdict, stages, tuple(about))


def _lives(seen: _Seen, book: Book) -> Iterator[tuple[str, range, range]]:
    """Yield each row's subject, its versions, and the time (ms UTC) until its next life begins.

    An order that comes back after the horizon lives again, in rows of the same names.
    """
    v = seen.v
    names = [_subject(book, seen.table, row) for row in v.row[v.heads].tolist()]
    later: dict[str, int] = {}
    for i in reversed(range(len(names))):
        first, last = int(v.heads[i]) + 1, int(v.lasts[i])
        born = int(v.at[first])
        yield names[i], range(first, last + 1), range(born, later.get(names[i], NEVER))
        later[names[i]] = born


def _opened_at(problem: Problem) -> int:
    return problem.opened_at


def _subject(book: Book, table: Table, row: int) -> str:
    order, *rest = book.path(table, row)
    return "/".join([order.removeprefix(CUSTOMER_KEY), *rest])


def _stages(seen: _Seen, detector: int, versions: range) -> tuple[Stage, ...]:
    """Return the versions in which the due time is another than before, joined with the rest."""
    found: list[Stage] = []
    for i in versions:
        known = int(seen.settled.due[detector, i])
        due = known if known < NEVER else None
        at, end = int(seen.v.at[i]), int(seen.v.end[i])
        if found and found[-1].due == due:
            found[-1] = Stage(found[-1].cause, end, due)
        else:
            found.append(Stage(Cause(*told_by(int(seen.v.cause[i])), at), end, due))
    return tuple(found)


def _verdict(stages: Sequence[Stage], problems: Sequence[Problem], until: int) -> Verdict:
    due = stages[-1].due if stages else None
    if problems:
        last = problems[-1]
        ended = Verdict.CLEARED if last.withdrawn_at is None else Verdict.WITHDRAWN
        return Verdict.OPEN if last.is_open else ended
    if due is not None:
        return Verdict.WAITING if due >= until else Verdict.NO_SIGN
    return Verdict.PREVENTED if any(stage.due is not None for stage in stages) else Verdict.NO_SIGN


def _sku_of(problem: Problem) -> str:
    return problem.subject.partition("/")[0]
