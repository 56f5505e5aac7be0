import pytest

from actions.testing import NOON, a_problem, cleared, opened
from schemas.problems import Change
from schemas.times import HOUR
from streams.found import BadRecord, Found, Slots, decode_found, encode_found


def an_opening(subject: str, at: int) -> Change:
    return opened(a_problem(subject=subject, opened_at=at))


def found(clock: int, *changes: Change, said: int = 0, is_end: bool = False) -> Found:
    """Return a record of problems; something was said at ``said`` (ms UTC) if that is a time."""
    events = ((said, "{}"),) if said else ()
    return Found(clock=clock, changes=changes, is_end=is_end, events=events)


def subjects(changes: list[Change]) -> list[str]:
    return [change.problem.subject for change in changes]


def test_a_record_of_problems_arrives_as_it_was_sent() -> None:
    sent = Found(
        clock=NOON,
        is_end=True,
        changes=(an_opening("a", NOON), cleared(a_problem())),
        events=((NOON, "{}"),),
        orders=3,
    )

    assert decode_found(encode_found(sent)) == sent


@pytest.mark.parametrize(
    "data",
    [None, b"", b"\x00\xff", b"[]", b"{}", b'{"clock":"1"}', b'{"clock":1,"changes":[{}]}'],
)
def test_what_is_no_record_of_problems_is_refused(data: bytes | None) -> None:
    with pytest.raises(BadRecord, match="no record of problems"):
        decode_found(data)


def test_changes_are_handed_over_when_their_millisecond_has_passed() -> None:
    desk: Slots[int] = Slots()
    desk.offer(found(NOON + 1, an_opening("a", NOON), an_opening("b", NOON + 1)), 0)
    first, held = desk.ready(), desk.held
    desk.offer(found(NOON + 2), 1)
    second = desk.ready()

    assert (subjects(first.changes), held, first.clock) == (["a"], 1, NOON + 1)
    assert (subjects(second.changes), desk.held, second.clock) == (["b"], 0, NOON + 2)


def test_changes_stay_in_the_order_in_which_they_were_told() -> None:
    desk: Slots[int] = Slots(HOUR)
    desk.offer(found(0, an_opening("z", NOON)), 0)
    desk.offer(found(NOON + HOUR, an_opening("a", NOON), an_opening("m", NOON + 1)), 1)

    assert subjects(desk.ready().changes) == ["z", "a", "m"]


def test_an_hour_is_handed_over_when_it_is_over_and_whole() -> None:
    desk: Slots[int] = Slots(HOUR)
    desk.offer(found(NOON + HOUR - 1, an_opening("a", NOON), said=NOON + 5), 0)
    early = desk.ready()
    desk.offer(found(NOON + HOUR, an_opening("b", NOON + HOUR - 1)), 1)
    late = desk.ready()

    assert (early.changes, early.events, early.done) == ([], [], [])
    assert (subjects(late.changes), late.events) == (["a", "b"], [(NOON + 5, "{}")])
    assert late.done == [0, 1]


def test_at_the_end_of_a_recording_nothing_is_held_back() -> None:
    desk: Slots[int] = Slots(HOUR)
    desk.offer(found(NOON + 2, an_opening("a", NOON + 1), an_opening("sku", NOON + 90)), 0)
    before = desk.ready().changes
    desk.offer(found(NOON + 2, is_end=True), 1)
    after = desk.ready()

    assert before == []
    assert (subjects(after.changes), after.clock, after.done) == (["a", "sku"], NOON + 2, [0, 1])


def test_what_comes_after_an_end_waits_for_its_slot_again() -> None:
    desk: Slots[int] = Slots(HOUR)
    desk.offer(found(NOON, is_end=True), 0)
    desk.ready()
    desk.offer(found(NOON + 5, an_opening("a", NOON + 1)), 1)

    assert (desk.ready().changes, desk.held) == ([], 1)


@pytest.mark.parametrize(
    "waiting", [found(NOON, an_opening("b", NOON + 9)), found(NOON, said=NOON + 9)]
)
def test_no_record_is_done_with_while_anything_in_it_or_before_it_waits(waiting: Found) -> None:
    desk: Slots[str] = Slots()
    desk.offer(found(NOON + 1, an_opening("a", NOON)), "first")
    desk.offer(waiting, "waits")
    desk.offer(found(NOON + 2, an_opening("c", NOON + 1)), "behind")
    before = desk.ready().done
    desk.offer(found(NOON + 10), "last")

    assert (before, desk.ready().done) == (["first"], ["waits", "behind", "last"])


def test_what_is_told_again_is_handed_over_again_and_does_not_turn_time_back() -> None:
    desk: Slots[int] = Slots()
    desk.offer(found(NOON + 5), 0)
    desk.ready()
    desk.offer(found(NOON + 2, an_opening("a", NOON + 1)), 1)
    again = desk.ready()

    assert (subjects(again.changes), again.clock) == (["a"], NOON + 5)
