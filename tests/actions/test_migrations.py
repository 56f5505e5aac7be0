"""A ledger that an older version wrote is taken over whole, and is in the chain afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select, text

from actions.database import upgrade
from actions.ledger import Ledger
from actions.tables import metadata
from actions.testing import NOON, a_problem
from actions.testing_postgres import new_database
from actions.verifying import first_break
from schemas.decisions import Status

CUSTOMER = "cust-4711"
PROBLEM = a_problem(customer_id=CUSTOMER)

OLD_ROWS: dict[str, dict[str, Any]] = {
    "problems": {
        "id": PROBLEM.id,
        "kind": PROBLEM.kind,
        "subject_type": "order",
        "subject": "O1",
        "order_id": "O1",
        "customer_id": CUSTOMER,
        "severity": "warning",
        "state": "open",
        "opened_at": NOON,
        "changed_at": NOON,
        "body": json.dumps({"customer_id": CUSTOMER, "subject": "O1"}),
    },
    "changes": {
        "problem_id": PROBLEM.id,
        "what": "opened",
        "at": NOON,
        "stored_at": NOON,
        "body": json.dumps({"customer_id": CUSTOMER, "subject": "O1", "évidence": [1, None]}),
    },
    "playbooks": {"version": "v1", "text": "name: t"},
    "decisions": {
        "id": "d1",
        "problem_id": PROBLEM.id,
        "change": "opened",
        "verdict": "act now",
        "detail": f"5.00 USD for {CUSTOMER} in 1d",
        "rule": "r",
        "mode": "auto",
        "playbook_version": "v1",
        "decided_at": NOON,
    },
    "actions": {
        "id": "a1",
        "decision_id": "d1",
        "problem_id": PROBLEM.id,
        "name": "credit-customer",
        "target_type": "customer",
        "target": CUSTOMER,
        "harm": "O1|late|1",
        "cost_minor": 500,
        "currency": "USD",
        "order_id": "O1",
        "customer_id": CUSTOMER,
        "rule": "r",
        "planned_at": NOON,
        "planned_status": "queued",
        "params": json.dumps({"note": f"for {CUSTOMER}"}),
    },
    "outcomes": {"action_id": "a1", "attempt": 1, "status": "done", "at": NOON, "detail": "ok"},
}


def old_ledger(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        upgrade(connection, "0001")
        for table, row in OLD_ROWS.items():
            names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)  # noqa: S608 - ours
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path}/old.sqlite"
    if request.param == "postgresql":
        url = new_database(request.getfixturevalue("postgres_server"), "old")
    old_ledger(url)
    return url


def test_an_older_ledger_is_in_the_chain_once_it_is_opened(old_url: str) -> None:
    ledger = Ledger(old_url)
    with ledger.reading() as connection:
        found = first_break(connection)
        kept = {
            name: str(connection.execute(select(table)).all())
            for name, table in metadata.tables.items()
            if "hash" in table.c
        }
    (action,) = ledger.actions(customer_id=CUSTOMER)
    (decision,) = ledger.decisions()
    ledger.close()

    assert found is None
    assert [name for name, rows in kept.items() if CUSTOMER in rows] == []
    assert (action.target, action.params) == (CUSTOMER, {"note": f"for {CUSTOMER}"})
    assert (action.harm, action.status) == ("O1|late|1", Status.DONE)
    assert decision.detail == OLD_ROWS["decisions"]["detail"]
