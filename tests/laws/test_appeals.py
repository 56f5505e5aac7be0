"""A seller's appeal is an event: one answer with it, another without, however it arrives."""

from collections.abc import Sequence

import pytest

from schemas.events import Event
from schemas.problems import Problem, problems_digest
from schemas.testing import an_appeal_upheld, an_order, at, never_handed_over
from schemas.times import DAY
from streams.engine import Engine
from streams.testing import batch_of

ORDERS = never_handed_over(60)
APPEAL = an_appeal_upheld(
    seller_id="m-1", defect="late", since=at("03-01T00:00"), time=at("03-05T15:00")
)
LAST = an_order(order_id="last", time=at("03-09T09:00"))


def found(events: Sequence[Event], size: int = 1_000, partitions: int = 1) -> list[Problem]:
    """Return every problem about the seller as it is in the end."""
    engine = Engine(partitions=partitions)
    changes = []
    for start in range(0, len(events), size):
        changes += engine.step(batch_of(*events[start : start + size]))
    changes += engine.advance(engine.clock + DAY)
    newest = {change.problem.id: change.problem for change in changes}
    return [one for one in newest.values() if one.subject == "m-1"]


@pytest.mark.practice("0.11")
def test_a_seller_found_right_is_cleared_by_the_event_and_by_nothing_else() -> None:
    [held] = found([*ORDERS, LAST])
    [cleared] = found([*ORDERS, APPEAL, LAST])

    assert (held.kind, held.withdrawn_at) == ("seller-coach", None)
    assert cleared.id == held.id
    assert cleared.withdrawn_at is not None
    assert cleared.ended_by is not None
    assert cleared.ended_by.fact == "seller.appeal_upheld"


@pytest.mark.parametrize("partitions", [1, 3])
@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_an_appeal_gives_one_answer_in_any_batches_and_partitions(
    size: int, partitions: int
) -> None:
    events = [*ORDERS, APPEAL, APPEAL, LAST]
    whole = found([*ORDERS, APPEAL, LAST])

    assert problems_digest(found(events, size, partitions)) == problems_digest(whole)
    assert problems_digest(found(events[::-1])) == problems_digest(whole)
