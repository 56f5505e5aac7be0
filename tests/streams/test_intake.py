import json

from schemas.codec import Decoder
from schemas.times import HOUR, MINUTE, iso
from streams.intake import JSON_LINES, Delivery, Intake, Taken

NOW = 1_790_000_000_000


def a_line(at: int, recorded: int | None = None, **fields: object) -> bytes:
    event: dict[str, object] = {"type": "shipment.delivered", "id": "e1", "time": iso(at)}
    event |= {"order_id": "o1", "shipment_id": "s1"} | fields
    if recorded is not None:
        event["recordedtime"] = iso(recorded)
    return json.dumps(event).encode()


def take(intake: Intake, *lines: bytes, now: int = NOW) -> Taken:
    return intake.take(Delivery(b"\n".join(lines), JSON_LINES, "test"), now)


def test_live_events_are_stamped_with_their_receipt() -> None:
    taken = take(Intake(Decoder(), 0), a_line(NOW - HOUR, recorded=NOW - HOUR))

    assert taken.recorded.tolist() == [NOW]
    assert json.loads(taken.entries[0].line)["recordedtime"] == iso(NOW)


def test_stamps_never_go_back_when_the_wall_clock_does() -> None:
    intake = Intake(Decoder(), NOW)
    taken = take(intake, a_line(NOW - HOUR), now=NOW - MINUTE)

    assert taken.recorded.tolist() == [NOW]


def test_a_recording_is_believed() -> None:
    intake = Intake(Decoder(), 0, recording=True)
    taken = take(intake, a_line(1000, recorded=5000), a_line(2000, recorded=7000))

    assert taken.recorded.tolist() == [5000, 7000]


def test_a_recording_out_of_order_is_clamped_to_the_log() -> None:
    intake = Intake(Decoder(), 0, recording=True)
    taken = take(intake, a_line(1, recorded=7000), a_line(1, recorded=5000))

    assert taken.recorded.tolist() == [7000, 7000]


def test_a_stamp_five_minutes_ahead_is_still_believed() -> None:
    taken = take(Intake(Decoder(), 0), a_line(NOW + 5 * MINUTE))

    assert (len(taken.events), taken.refusals) == (1, [])


def test_a_stamp_further_ahead_is_quarantined_with_its_reason() -> None:
    taken = take(Intake(Decoder(), 0), a_line(NOW), a_line(NOW + 5 * MINUTE + 1), a_line(NOW))
    (refusal,) = taken.refusals

    assert len(taken.events) == 2
    assert (refusal.position, refusal.path) == (1, "$.time")
    assert "more than 5 minutes after the clock here" in refusal.reason


def test_a_recording_from_the_future_does_not_lift_the_floor() -> None:
    intake = Intake(Decoder(), 0, recording=True)
    take(intake, a_line(1, recorded=NOW + HOUR), a_line(1, recorded=5000))

    assert intake.floor == 5000


def test_good_events_around_a_bad_one_are_taken() -> None:
    taken = take(Intake(Decoder(), 0), a_line(NOW), b'{"type": "shipment.del', a_line(NOW))

    assert len(taken.events) == 2
    assert [refusal.position for refusal in taken.refusals] == [1]


def test_events_without_an_order_are_filed_under_customer_or_sku() -> None:
    contact = a_line(NOW, type="contact.opened", order_id="", contact_id="c", customer_id="k1")
    price = a_line(NOW, type="sku.listed", order_id="", sku="S1")
    taken = take(Intake(Decoder(), 0), contact, price)

    assert [entry.order_key for entry in taken.entries] == ["customer k1", "sku S1"]
