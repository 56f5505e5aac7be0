"""Whoever sells asks any worker first whether something is wrong for a customer."""

from collections.abc import Callable
from contextlib import closing

import httpx2
import pytest

from actions.desk import Desk
from actions.ledger import Ledger
from actions.playbook import load_playbook
from actions.testing import NOON, a_problem
from actions.testing import opened as an_opening
from actions.testing_postgres import Server
from andon.testing_live import Shop, Worker, wait_for
from schemas.times import iso

Open = Callable[..., Shop]


def something_is_wrong(shop: Shop, customer: str) -> None:
    problem = a_problem("wrong-item", subject="O1", order_id="O1", customer_id=customer)
    with closing(Ledger(shop.ledger_url)) as ledger:
        Desk(ledger, load_playbook()).take([an_opening(problem)], NOON)


def asked(worker: Worker, customer: str, host: str = "127.0.0.1") -> httpx2.Response:
    where = f"{worker.web}/api/v1/customers/{customer}"
    return httpx2.get(where, headers={"host": host}, timeout=60)


@pytest.mark.parametrize("role", ["worker", "reader", "ingest"])
def test_a_customer_for_whom_something_is_wrong_is_sold_nothing(opened: Open, role: str) -> None:
    shop = opened(1)
    something_is_wrong(shop, "c 1")
    shop.environment["ANDON_LEDGER_URL"] = shop.ledger_url
    worker = shop.worker("one", "--role", role, *_HTTP[role], recording=False)
    wait_for(worker.is_ready, shop.explained)
    held, free = asked(worker, "c%201"), asked(worker, "c-2")

    assert held.json() == {
        "customer_id": "c 1",
        "promotions": "hold",
        "because": [{"kind": "wrong-item", "order_id": "O1", "since": iso(NOON)}],
    }
    assert free.json() == {"customer_id": "c-2", "promotions": "free", "because": []}


_HTTP = {"worker": (), "reader": (), "ingest": ("--http", "0")}


def test_a_worker_says_that_its_ledger_is_away_and_answers_no_other_name(
    opened: Open, server: Server
) -> None:
    shop = opened(1)
    worker = shop.worker("one", recording=False)
    wait_for(worker.is_ready, shop.explained)
    elsewhere = asked(worker, "c-1", "evil.example")
    server.stop()
    away = asked(worker, "c-1")
    server.start()
    wait_for(lambda: asked(worker, "c-1").status_code == httpx2.codes.OK, shop.explained)

    assert (elsewhere.status_code, "promotions" in elsewhere.text) == (400, False)
    assert (away.status_code, away.headers["retry-after"]) == (503, "1")
    assert away.headers["content-type"].startswith("application/problem+json")
    assert "the ledger does not answer" in away.json()["detail"]
