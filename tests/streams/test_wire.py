"""Records on Kafka that are not events say what they are, and nothing else is taken for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.testing import a_packing
from schemas.times import NEVER
from streams.engine import partition_of
from streams.wire import (
    AGAIN,
    CLOCK,
    OFFSET,
    DeadLetter,
    again_of,
    again_record,
    clock_of,
    clock_record,
    dead_letter_of,
    dead_letter_record,
    partition_of_key,
    retried_of,
    retried_record,
)

OTHERS = ("ce_id", "content-type", "traceparent")

letters = st.builds(
    DeadLetter,
    topic=st.from_regex(r"[a-z.\-]{1,20}", fullmatch=True),
    partition=st.integers(0, 1000),
    offset=st.integers(0, 2**63 - 1),
    reason=st.text(),
    path=st.text(),
    key=st.none() | st.binary(),
    value=st.binary(),
    headers=st.lists(st.tuples(st.sampled_from(OTHERS), st.binary())).map(tuple),
)


@given(st.integers(0, NEVER - 1))
def test_a_clock_is_read_as_it_was_written(ms: int) -> None:
    headers, value = clock_record(ms)

    assert (clock_of(headers), value) == (ms, b"")


@given(st.lists(st.tuples(st.sampled_from(OTHERS), st.binary())))
def test_headers_of_others_are_no_clock_and_no_letter(headers: list[tuple[str, bytes]]) -> None:
    assert clock_of(headers) is None
    assert retried_of(headers) is None
    assert dead_letter_of(headers, b"o-1", b"{}") is None


@pytest.mark.parametrize("headers", [None, (), []])
def test_a_record_without_headers_is_no_clock(headers: list[tuple[str, bytes]] | None) -> None:
    assert clock_of(headers) is None


@pytest.mark.parametrize("value", [b"", b"-1", b"1e3", b" 12", b"9" * 20, b"%d" % NEVER])
def test_a_clock_that_cannot_be_read_is_no_clock(value: bytes) -> None:
    assert clock_of([(CLOCK, value)]) is None


@given(st.integers(0, NEVER - 1))
def test_what_is_asked_for_again_is_read_as_it_was_written(since: int) -> None:
    headers, value = again_record(since)

    assert (again_of(headers), value, clock_of(headers)) == (since, b"", None)


@pytest.mark.parametrize("headers", [None, [], [("traceparent", b"1")], [(AGAIN, b"soon")]])
def test_other_records_ask_for_nothing(headers: list[tuple[str, bytes]] | None) -> None:
    assert again_of(headers) is None


@given(letters)
def test_a_dead_letter_keeps_all_that_was_in_the_record(letter: DeadLetter) -> None:
    headers, value = dead_letter_record(letter)

    assert dead_letter_of(headers, letter.key, value) == letter


@given(letters)
def test_a_tombstone_names_the_letter_that_was_sent_again(letter: DeadLetter) -> None:
    assert retried_of(retried_record(letter)) == letter.id


def test_a_letter_without_a_readable_place_is_none() -> None:
    letter = DeadLetter("andon.events", 3, 7, "no JSON", "$", None, b"x")
    headers = [
        (name, b"?" if name == OFFSET else text) for name, text in dead_letter_record(letter)[0]
    ]

    assert dead_letter_of(headers, None, b"x") is None


@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_the_engine_and_the_wire_agree_on_the_partition_of_an_order(partitions: int) -> None:
    packing = a_packing(order_id="ü-17")

    assert partition_of(packing, partitions) == partition_of_key("ü-17", partitions)
