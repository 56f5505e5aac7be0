"""Whoever would rather ask than be called gets each action once, in order, and nothing twice."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from actions.desk import Desk
from actions.ledger import Ledger
from actions.outbox import Relay
from actions.playbook import load_playbook
from actions.testing import NOON, a_problem, opened
from streams.inbox import Inbox
from streams.ingest import Ports, ingest_app

FEED = "http://127.0.0.1/api/v1/actions/feed"


def client_of(ledger: Ledger | None) -> TestClient:
    feed = None if ledger is None else ledger.feed
    return TestClient(ingest_app(Ports(Inbox(), lambda: True, list, feed=feed), ["127.0.0.1"]))


def store(ledger: Ledger, order: str) -> None:
    problem = a_problem(subject=order, order_id=order)
    Desk(ledger, load_playbook()).take([opened(problem)], NOON)


def test_asking_again_behind_the_last_row_gives_only_what_is_new(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    client = client_of(ledger)
    store(ledger, "O1")
    first = client.get(FEED).json()
    nothing = client.get(FEED, params={"after": first["next"]}).json()
    store(ledger, "O2")
    second = client.get(FEED, params={"after": first["next"]}).json()
    Relay(ledger, {"*": lambda _: "done"}).run_once(NOON)
    ledger.close()

    assert nothing == {"next": first["next"], "actions": []}
    assert {row["payload"]["data"]["order_id"] for row in first["actions"]} == {"O1"}
    assert {row["payload"]["data"]["order_id"] for row in second["actions"]} == {"O2"}
    assert first["actions"][0].keys() == {
        "seq",
        "id",
        "aggregatetype",
        "aggregateid",
        "type",
        "payload",
    }


@pytest.mark.parametrize("after", ["-1", "x", "1" * 19])
def test_a_place_that_is_none_is_a_bad_request(after: str) -> None:
    assert client_of(Ledger("sqlite://")).get(FEED, params={"after": after}).status_code == 400


def test_a_process_without_a_ledger_has_no_feed_and_knows_no_customers() -> None:
    assert client_of(None).get(FEED).status_code == 404
    assert client_of(None).get("http://127.0.0.1/api/v1/customers/c-1").status_code == 404
