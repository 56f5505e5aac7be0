"""What docker-compose.yml starts, as processes: intake, two workers, Kafka, PostgreSQL."""

from collections.abc import Callable

import httpx2
import pytest

from actions.testing import Receiver
from andon.testing_live import Shop, Worker, wait_for
from schemas.testing import a_delivery, a_dispatch, a_return_request, an_order, as_lines
from schemas.times import iso
from streams.embedded import wall_clock

ORDERS = 12
Open = Callable[..., Shop]


def story(number: int, now: int) -> bytes:
    """Return the events of one order whose customer got something else."""
    order = {"order_id": f"o-{number}"}
    who = {"customer_id": f"c-{number}"}
    times = [{"time": iso(now - hours * 3_600_000)} for hours in (96, 90, 24, 0)]
    events = (
        an_order(**order, **who, **times[0]),
        a_dispatch(**order, **times[1]),
        a_delivery(**order, **times[2]),
        a_return_request(**order, **times[3]),
    )
    return as_lines(events)


@pytest.fixture
def shop(opened: Open) -> Shop:
    """A shop with an intake and two workers, by the clock of the broker."""
    shop = opened(12)
    shop.intake()
    shop.worker("one", recording=False)
    shop.worker("two", recording=False)
    return shop


def test_what_is_posted_to_the_intake_is_decided_and_done_by_the_workers(
    shop: Shop, receiver: Receiver
) -> None:
    intake, *workers = shop.workers
    wait_for(intake.is_ready, shop.explained)
    lines = b"\n".join(story(number, wall_clock()) for number in range(ORDERS))
    answer = httpx2.post(
        f"{intake.web}/api/v1/events",
        content=lines,
        headers={"content-type": "application/x-ndjson"},
        timeout=60,
    )
    wanted = {f"o-{number}" for number in range(ORDERS)}
    wait_for(lambda: wrong_items(shop) == wanted, shop.explained)
    wait_for(lambda: all(worker.is_ready() for worker in workers), shop.explained)
    wait_for(lambda: shop.pending() == 0, shop.explained)

    assert answer.status_code == 202
    assert wanted <= {order_of(effect) for effect in receiver.effects.values()}
    assert shares(workers) == 12
    assert {worker.stop() for worker in workers} == {0}


def wrong_items(shop: Shop) -> set[str | None]:
    return {problem.order_id for problem in shop.problems() if problem.kind == "wrong-item"}


def order_of(effect: dict[str, dict[str, str]]) -> str | None:
    return effect["data"].get("order_id")


def shares(workers: list[Worker]) -> int:
    """Return how many partitions the workers have between them, the catalogue not counted."""
    pages = [worker.get("/metrics")[1] for worker in workers]
    lines = [line for page in pages for line in page.splitlines()]
    had = [line for line in lines if line.startswith("andon_partitions_assigned ")]
    return sum(int(float(line.split()[1])) for line in had) - 1
