from pathlib import Path

import numpy as np
import pytest

from schemas.codec import encode
from schemas.events import Customer, Event
from schemas.testing import a_contact, a_delivery, a_line, an_order, at, at_ms
from streams.engine import RULES
from streams.group import LIVE, LOG, NO_VALUE, Group, Settled
from streams.snapshots import Settings, Snapshots
from streams.testing_groups import Read, a_clock, a_group, a_partition, records_of
from streams.wire import CLOCK, again_record

NOON = at_ms("03-01T12:00")
ORDER = an_order(time=at("03-01T12:00"))
LATER = an_order(order_id="o-2", time=at("03-01T13:00"))
LAST = an_order(order_id="o-3", time=at("03-01T14:00"))
MORE = b'{"type":"no.such"}'


def decided(group: Group) -> int:
    return group.state.counts["events"]


def read(group: Group, topic: str, *said: Event | bytes | None) -> Group:
    assert group.take(topic, records_of(*said, start=group.tails[topic].next_offset)) == []
    return group


def same(one: Settled, other: Settled) -> bool:
    told, again = one.account, other.account
    return (
        (one.since, one.until, one.offsets, one.is_end, one.orders)
        == (other.since, other.until, other.offsets, other.is_end, other.orders)
        and told.changes == again.changes
        and set(told.observations) == set(again.observations)
        and all(
            np.array_equal(getattr(told.exposures, name), getattr(again.exposures, name))
            for name in ("at", "clock", "day", "units")
        )
    )


# ----- time -----


def test_two_topics_meet_by_recorded_time() -> None:
    group = a_group("a", "b")
    read(group, "a", ORDER, LAST)
    read(group, "b", LATER)
    settled = group.settle()

    assert (settled.until, settled.orders, group.count) == (at_ms("03-01T13:00"), 1, 2)
    assert settled.offsets == {"a": (0, 1), "b": (0, 0)}


def test_what_was_recorded_last_waits_because_more_of_that_millisecond_may_come() -> None:
    group = read(a_group(), "events", ORDER)
    group.settle()

    assert (decided(group), group.offsets) == (0, {"events": 0})
    read(group, "events", LATER)
    assert (group.settle().orders, group.offsets) == (1, {"events": 1})


def test_an_idle_topic_of_a_recording_holds_back_until_a_clock_comes() -> None:
    group = read(a_group("a", "b"), "a", ORDER, LATER)
    group.pass_time("b", at_ms("03-01T18:00"))
    waited = group.has_news
    group.take("b", [a_clock(0, NOON + 1)])

    assert not waited
    assert group.has_news
    assert group.settle().orders == 1


def test_live_an_idle_topic_that_was_read_to_its_end_passes_with_the_time() -> None:
    group = a_group("a", "b", clock=LIVE)
    group.take("a", records_of(ORDER, stamp=NOON))
    waited = group.has_news
    group.pass_time("a", NOON + 100)
    group.pass_time("b", NOON + 50)
    settled = group.settle()

    assert not waited
    assert (settled.orders, settled.until) == (1, NOON + 50)


def test_live_the_brokers_stamp_counts_and_not_the_senders() -> None:
    group = a_group(clock=LIVE)
    group.take("events", [*records_of(ORDER, stamp=NOON + 5), *records_of(LATER, start=1)])
    group.pass_time("events", NOON + 6)

    assert group.settle().orders == 2


def test_live_no_clock_record_makes_time_pass_or_end() -> None:
    group = a_group(clock=LIVE)
    letters = group.take("events", [a_clock(0, NOON, is_end=True)])

    assert (letters, group.passed, group.has_news) == ([], 0, False)
    assert group.offsets == {"events": 1}


def test_a_recording_ends_when_all_its_topics_have() -> None:
    group = a_group("a", "b")
    group.take("a", [a_clock(0, NOON, is_end=True)])
    group.take("b", [a_clock(0, NOON)])
    first = group.settle()
    quiet = group.has_news
    group.take("b", [a_clock(1, NOON, is_end=True)])
    second = group.has_news and group.settle()

    assert (first.is_end, quiet) == (False, False)
    assert second
    assert (second.since, second.until, second.is_end) == (NOON, NOON, True)


def test_an_event_behind_the_end_goes_on() -> None:
    group = a_group()
    group.take("events", [a_clock(0, NOON, is_end=True)])
    group.settle()
    read(group, "events", LATER)

    assert (group.has_news, group.settle().is_end) == (True, False)


def test_stamps_that_go_back_are_cut_and_counted() -> None:
    group = read(a_group(), "events", LATER, ORDER, LAST)
    settled = group.settle()

    assert (group.tails["events"].late, settled.orders) == (1, 2)


def test_a_stamp_before_a_clock_is_cut_to_it() -> None:
    group = a_group()
    group.take("events", [a_clock(0, at_ms("03-01T13:00")), *records_of(ORDER, start=1)])
    group.settle()

    assert (group.tails["events"].late, group.count) == (1, 1)


def test_a_clock_counts_from_where_it_stands() -> None:
    group = a_group()
    clock = a_clock(1, at_ms("03-01T13:00"))
    group.take("events", [*records_of(ORDER), clock, *records_of(LAST, start=2)])

    assert group.tails["events"].late == 0
    assert group.settle().orders == 1


# ----- what is no event -----


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        (MORE, "no.such"),
        (b"\xff\xfe", "UTF-8"),
        (b"", NO_VALUE),
        (b" \n\t", NO_VALUE),
        (None, NO_VALUE),
        (encode(ORDER) + b" " + encode(LATER), "trailing"),
        (encode(ORDER) + b"\n" + encode(LATER), "trailing"),
        (b'{"type":', "truncated"),
    ],
)
def test_what_is_no_event_is_a_dead_letter_and_the_rest_goes_on(
    poison: bytes | None, reason: str
) -> None:
    group = a_group(number=3)
    records = records_of(ORDER, poison, LATER, LAST, start=7)
    [letter] = group.take("events", records)

    assert (letter.topic, letter.partition, letter.offset) == ("events", 3, 8)
    assert letter.value == poison
    assert reason in letter.reason
    assert group.tails["events"].waiting[0].offset.tolist() == [7, 9, 10]
    assert group.settle().orders == 2


def test_two_values_in_one_record_do_not_make_up_for_a_blank_one() -> None:
    group = a_group()
    twice = encode(ORDER) + encode(LATER)
    letters = group.take("events", records_of(twice, b" ", LAST))

    assert sorted(letter.offset for letter in letters) == [0, 1]
    assert group.tails["events"].waiting[0].offset.tolist() == [2]


def test_an_event_on_many_lines_is_one_event() -> None:
    group = a_group()
    spread = encode(ORDER).replace(b",", b"\n,")
    read(group, "events", spread, LATER)

    assert group.settle().orders == 1


def test_nothing_but_poison_is_nothing_but_dead_letters() -> None:
    group = a_group()
    letters = group.take("events", records_of(None, b"", MORE))

    assert [letter.offset for letter in sorted(letters, key=lambda one: one.offset)] == [0, 1, 2]
    assert (group.count, group.has_news, group.offsets) == (0, False, {"events": 3})


def test_a_dead_letter_keeps_key_and_headers() -> None:
    headers = [("trace", b"1"), (CLOCK, b"soon")]
    [letter] = a_group().take("events", [Read(0, None, key=b"k", headers=headers)])

    assert (letter.key, letter.headers) == (b"k", tuple(headers))


def test_an_event_with_headers_of_others_is_an_event() -> None:
    group = a_group()
    letters = group.take("events", [Read(0, encode(ORDER), headers=[("trace", b"1")])])

    assert (letters, group.count) == ([], 1)


# ----- asked to tell again -----


def asking(since: int, offset: int) -> Read:
    headers, value = again_record(since)
    return Read(offset, value, headers=headers)


def test_what_was_told_and_is_asked_for_is_wanted_again_from_the_earliest_moment_on() -> None:
    group = a_group()
    group.take("events", records_of(ORDER, LAST))
    group.settle()
    clock = group.state.clock
    letters = group.take("events", [asking(clock - 1, 2), asking(clock - 5, 3), asking(clock, 4)])

    assert (letters, group.again, group.tails["events"].next_offset) == ([], clock - 5, 5)


def test_what_is_yet_to_be_told_is_not_told_twice() -> None:
    group = a_group()
    group.take("events", [*records_of(ORDER, LAST), asking(0, 2)])

    assert group.again is None


def test_whoever_asked_before_a_group_began_anew_is_not_answered_again() -> None:
    group = Group(0, a_partition(), {"events": 0}, LOG, answered=3)
    group.take("events", records_of(ORDER, LAST))
    group.settle()
    group.take("events", [asking(1, 2)])
    before = group.again
    group.take("events", [asking(1, 3)])

    assert (before, group.again) == (None, 1)


# ----- going on -----


def test_records_that_were_read_before_are_passed_over() -> None:
    group = read(a_group(), "events", ORDER, LATER)
    group.take("events", records_of(ORDER, LATER, LAST))
    group.take("events", records_of(MORE))

    assert (group.count, group.offsets) == (3, {"events": 0})


def test_an_offset_nobody_has_is_passed_over() -> None:
    group = a_group()
    group.take("events", [*records_of(ORDER), *records_of(LATER, start=9)])
    group.settle()

    assert group.offsets == {"events": 9}


def restored(group: Group, where: Path) -> Group:
    """Return the group as another worker has it: from its snapshot, nothing read again yet."""
    store = Snapshots(where)
    store.save("group", {"offsets": group.offsets}, group.state, "same")
    loaded = store.load("group", "same", Settings(rules=RULES))
    assert loaded is not None
    return Group(group.number, loaded.state, loaded.header["offsets"], LOG)


def again(group: Group, topic: str, log: list[Read]) -> None:
    group.take(topic, log[group.tails[topic].next_offset :])


def test_a_group_goes_on_from_state_and_offsets_as_if_nothing_had_happened(tmp_path: Path) -> None:
    delivered = a_delivery(time=at("03-07T15:00"))
    end = a_clock(3, at_ms("03-09T00:00"), is_end=True)
    logs = {
        "a": [*records_of(ORDER, LATER, an_order(order_id="o-4", time=at("03-06T00:00"))), end],
        "b": [*records_of(LAST, delivered), a_clock(2, at_ms("03-09T00:00"), is_end=True)],
    }
    group = a_group("a", "b")
    group.take("a", logs["a"][:3])
    group.take("b", logs["b"][:1])
    group.settle()
    other = restored(group, tmp_path)
    for one in (group, other):
        for topic, log in logs.items():
            again(one, topic, log)

    assert other.offsets == group.offsets
    assert same(group.settle(), other.settle())


def test_a_clock_that_others_have_not_passed_yet_is_read_again(tmp_path: Path) -> None:
    logs = {
        "a": [a_clock(0, at_ms("03-02T00:00"), is_end=True)],
        "b": [*records_of(ORDER, LATER), a_clock(2, at_ms("03-02T00:00"), is_end=True)],
    }
    group = a_group("a", "b")
    group.take("a", logs["a"])
    group.take("b", logs["b"][:2])
    group.settle()
    other = restored(group, tmp_path)
    for topic, log in logs.items():
        again(other, topic, log)
    settled = other.settle()

    assert group.offsets == {"a": 0, "b": 1}
    assert (settled.until, settled.is_end) == (at_ms("03-02T00:00"), True)


def test_an_end_that_comes_before_that_of_others_is_read_again(tmp_path: Path) -> None:
    group = a_group("a", "b")
    group.take("a", [a_clock(0, NOON, is_end=True)])
    group.take("b", [a_clock(0, NOON)])
    group.settle()
    other = restored(group, tmp_path)
    again(other, "a", [a_clock(0, NOON, is_end=True)])
    other.take("b", [a_clock(1, NOON, is_end=True)])

    assert other.settle().is_end


def test_a_stamp_that_a_clock_cut_is_cut_again(tmp_path: Path) -> None:
    log = [a_clock(0, at_ms("03-01T13:00")), *records_of(ORDER, LAST, start=1)]
    group = a_group("a", "b")
    group.take("a", log)
    group.take("b", [a_clock(0, NOON - 1)])
    group.settle()
    other = restored(group, tmp_path)
    again(other, "a", log)

    assert other.tails["a"].waiting[0].recorded.tolist() == (
        group.tails["a"].waiting[0].recorded.tolist()
    )


def test_what_is_decided_is_not_read_again() -> None:
    group = a_group()
    group.take("events", [*records_of(ORDER), a_clock(1, NOON + 1, is_end=True)])
    group.settle()

    assert group.offsets == {"events": 2}


# ----- what whoever decides must hear -----


def test_contacts_are_told_and_customers_when_something_about_them_is_new() -> None:
    plain = an_order(order_id="o-5", time=at("03-01T12:00"))
    known = Customer(tier="gold")
    first = an_order(order_id="o-6", time=at("03-01T12:01"), customer=known)
    same_again = an_order(order_id="o-7", time=at("03-01T12:02"), customer=known)
    other = an_order(order_id="o-8", time=at("03-01T12:03"), customer=Customer(tier="base"))
    contact = a_contact(time=at("03-01T12:04"))
    group = read(a_group(), "events", plain, first, same_again, other, contact)
    group.take("events", [a_clock(5, at_ms("03-01T13:00"))])
    said = group.settle().said

    assert {event.id for _, event in said} == {first.id, other.id, contact.id}
    assert {at_ for at_, _ in said} == {NOON + 60_000, NOON + 180_000, NOON + 240_000}


def test_lines_of_no_importance_are_not_told() -> None:
    group = read(a_group(), "events", an_order(lines=(a_line(),)), LAST)

    assert group.settle().said == []


def test_a_customer_is_told_at_the_first_order_whichever_topic_it_is_in() -> None:
    known = Customer(tier="gold")
    first = an_order(order_id="o-6", time=at("03-01T12:01"), customer=known)
    second = an_order(order_id="o-7", time=at("03-01T12:02"), customer=known)
    group = a_group("a", "b")
    group.take("a", [*records_of(second), a_clock(1, at_ms("03-01T13:00"))])
    group.take("b", [*records_of(first), a_clock(1, at_ms("03-01T13:00"))])

    assert group.settle().said == [(NOON + 60_000, first)]
