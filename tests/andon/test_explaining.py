from pathlib import Path

import pytest

from andon.explaining import Account, explain_order
from andon.wiring import NotPossible
from schemas.codec import encode
from schemas.testing import a_contact, a_dispatch, a_link, a_resolution, an_order, as_lines
from schemas.testing.builders import ORDER
from streams.folder import Folder
from streams.intake import order_key
from streams.journal import Entry, Journal


def _found(account: Account) -> set[str]:
    answers = account.explanation.answers
    return {problem.kind for answer in answers for problem in answer.problems}


def recording(path: Path) -> Path:
    events = [
        an_order(time="2026-03-01T08:00:00.000Z"),
        a_dispatch(time="2026-03-02T08:00:00.000Z"),
        an_order(order_id="other", time="2026-04-01T08:00:00.000Z"),
    ]
    path.write_bytes(as_lines(events))
    return path


def test_the_account_tells_what_happened_and_what_was_made_of_it(tmp_path: Path) -> None:
    account = explain_order(ORDER, [recording(tmp_path / "in.jsonl")], None, None)
    text = account.text()

    assert len(account.events) == 2
    assert "silent-shipment" in _found(account)
    assert text.index("shipment.dispatched") < text.index("silent-shipment of")


def test_time_that_passed_in_the_recording_counts_for_the_order(tmp_path: Path) -> None:
    path = recording(tmp_path / "in.jsonl")
    path.write_bytes(b"\n".join(path.read_bytes().splitlines()[:2]))
    account = explain_order(ORDER, [path], None, None)

    assert _found(account) == set()
    assert "silent-shipment of shipment" in account.text()


def test_an_order_nobody_knows_is_said_to_be_unknown(tmp_path: Path) -> None:
    with pytest.raises(NotPossible, match="nothing is known of order nope"):
        explain_order("nope", [recording(tmp_path / "in.jsonl")], None, None)


def test_contacts_linked_later_are_part_of_the_account(tmp_path: Path) -> None:
    events = [a_contact(order_id=""), a_link(), a_resolution(order_id="", customer_id="c-1")]
    with Journal(Folder(tmp_path).journal) as journal:
        journal.append([Entry(n, order_key(e), encode(e)) for n, e in enumerate(events)])

    assert len(explain_order(ORDER, [], tmp_path, None).events) == 3
