"""Hypothesis strategies: whole journeys with all that can go wrong in them.

Times of journeys lie on a small grid, whose steps are the usual thresholds, so that equal
milliseconds and exact hits are common.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from msgspec.structs import replace

from schemas import vocabulary as words
from schemas.events import (
    Event,
    InspectedLine,
    LineQuantity,
    OrderedLine,
    PackedLine,
    Replaces,
    ReturnedLine,
)
from schemas.testing import builders as build
from schemas.testing.moments import at_ms
from schemas.times import iso, ms

_Line = TypeVar("_Line")

START: Final = at_ms("03-01T10:00")
_STEPS: Final = (
    *(timedelta(minutes=minutes) for minutes in (0, 5, 10)),
    *(timedelta(hours=hours) for hours in (1, 24, 48, 72, 73)),
    *(timedelta(days=days) for days in (5, 7, 10, 14, 15, 21, 28)),
)
GRID: Final = tuple(START + ms(step) for step in _STEPS)
"""The moments at which things happen in journeys, ms UTC; some are a millisecond off."""

_MOMENTS: Final = st.builds(
    int.__add__, st.sampled_from(GRID), st.sampled_from((0, 0, 0, 0, 1, -1))
)
_LINES: Final = ("1", "2", "3")
_SKUS: Final = st.sampled_from(("sku-1", "sku-2", "sku-3"))
_SELLERS: Final = st.sampled_from(("", "seller-1"))
_QUANTITIES: Final = st.integers(1, 3)
_STAMP_OR_NONE: Final = st.one_of(st.just(""), _MOMENTS.map(iso))
_RARELY: Final = st.integers(0, 5).map(lambda die: die == 0)
_OFTEN: Final = st.integers(0, 3).map(lambda die: die > 0)
_TOPICS: Final = st.sampled_from(("", "where_is_my_order", "wrong_item", "damaged", "refund"))


@st.composite
def journeys(draw: DrawFn, most_orders: int = 3) -> list[Event]:
    """Draw the events of some orders, sorted by recorded time, with repeats among them.

    Facts may be late, come before their order, contradict each other or be delivered twice.
    """
    found: list[Event] = []
    for number in range(draw(st.integers(1, most_orders))):
        found += draw(_journey(f"o-{number}"))
    for repeated in draw(st.lists(st.sampled_from(found), max_size=3)):
        later = draw(_MOMENTS)
        found += [repeated, replace(repeated, recordedtime=max(repeated.recordedtime, iso(later)))]
    return sorted(found, key=lambda event: event.recordedtime)


@st.composite
def _journey(draw: DrawFn, order_id: str) -> list[Event]:
    customer_id = draw(st.sampled_from(("c-1", "c-2")))
    stories = st.one_of(
        _parcel(order_id),
        _parcel(order_id),
        _going_back(order_id),
        _contact(order_id, customer_id),
        _review(order_id, customer_id),
        _trouble(order_id),
        _catalogue(),
    )
    told = draw(st.lists(stories, max_size=4))
    placed = [draw(_order(order_id, customer_id))]
    missing = draw(_RARELY) and any(told)
    return [*([] if missing else placed), *(event for story in told for event in story)]


@st.composite
def _order(draw: DrawFn, order_id: str, customer_id: str) -> Event:
    replaces = Replaces(order_id="o-0", line_id="1")
    placed = build.an_order(
        order_id=order_id,
        customer_id=customer_id,
        lines=draw(_some_lines(_ordered_line)),
        ship_by=draw(_STAMP_OR_NONE),
        promised_by=draw(_STAMP_OR_NONE),
        needed_by=draw(_STAMP_OR_NONE),
        replaces=replaces if order_id != "o-0" and draw(_RARELY) else None,
    )
    return draw(_told([placed]))[0]


@st.composite
def _parcel(draw: DrawFn, order_id: str) -> list[Event]:
    of = {"order_id": order_id, "shipment_id": f"{order_id}-s{draw(st.integers(1, 2))}"}
    lines = draw(st.none() | _some_lines(_line_quantity))
    happened: list[Event] = []
    if draw(st.booleans()):
        weights = st.none() | st.sampled_from((500, 510, 900))
        expected, actual = draw(weights), draw(weights)
        packed = draw(_some_lines(_packed_line))
        weighed = {"expected_weight_g": expected, "actual_weight_g": actual}
        happened.append(build.a_packing(**of, **weighed, lines=packed))
    if draw(_OFTEN):
        promised = draw(_STAMP_OR_NONE)
        carrier = draw(st.sampled_from(("acme", "zeta")))
        happened.append(build.a_dispatch(**of, lines=lines, promised_by=promised, carrier=carrier))
    happened += draw(st.lists(_scan(of), max_size=3))
    if draw(st.booleans()):
        happened.append(build.a_delivery(**of))
    return draw(_told(happened))


_OFTEN_LABELS = ("label_created",) * 4
"""A label is all that may be known of a parcel: drawn evenly, other scans nearly always follow."""

_OFTEN_SAID = ("wrong_item", "damaged", "never_arrived") * 4
"""What our detectors ask about comes more often than the many reasons that nobody asks about."""


def _scan(of: dict[str, str]) -> SearchStrategy[Event]:
    return st.builds(
        build.a_scan,
        **{name: st.just(value) for name, value in of.items()},
        status=st.sampled_from((*words.STATUS, *_OFTEN_LABELS, "on_the_moon")),
        responsible=st.sampled_from(("", *words.RESPONSIBLE)),
        eta=_STAMP_OR_NONE,
    )


@st.composite
def _going_back(draw: DrawFn, order_id: str) -> list[Event]:
    of = {"order_id": order_id, "return_id": f"{order_id}-r{draw(st.integers(1, 2))}"}
    lines = draw(_some_lines(_returned_line))
    found = draw(_some_lines(_inspected_line))
    refund_id = f"{order_id}-f{draw(st.integers(1, 2))}"
    told = [
        build.a_return_request(**of, lines=lines),
        build.a_return_shipment(**of),
        build.a_return_receipt(**of, lines=found),
        build.a_return_cancellation(**of),
        build.a_refund(**of, refund_id=refund_id),
    ]
    return draw(_told([event for event in told if draw(st.booleans())]))


@st.composite
def _contact(draw: DrawFn, order_id: str, customer_id: str) -> list[Event]:
    knows_order = draw(_OFTEN)
    contact_id = f"{customer_id}-t{draw(st.integers(1, 3))}"
    of = {"contact_id": contact_id, "order_id": order_id if knows_order else ""}
    of["customer_id"] = customer_id
    channel = draw(st.sampled_from(words.CHANNEL))
    opened = build.a_contact(**of, channel=channel, topic=draw(_TOPICS), seller_id=draw(_SELLERS))
    later = (build.an_answer, build.a_resolution, build.a_callback_request, build.a_callback)
    followed = draw(st.lists(st.sampled_from(later), max_size=3))
    told: list[Event] = [opened, *(make(**of) for make in followed)]
    if not knows_order and draw(_OFTEN):
        told.append(build.a_link(**of | {"order_id": order_id}))
    return draw(_told(told))


@st.composite
def _review(draw: DrawFn, order_id: str, customer_id: str) -> list[Event]:
    of = {"order_id": order_id, "review_id": f"{order_id}-v"}
    told: list[Event] = [
        build.a_review(
            **of,
            customer_id=customer_id,
            rating=draw(st.integers(1, 5)),
            sku=draw(st.just("") | _SKUS),
            seller_id=draw(_SELLERS),
        )
    ]
    if draw(st.booleans()):
        told.append(build.a_review_answer(**of))
    return draw(_told(told))


@st.composite
def _trouble(draw: DrawFn, order_id: str) -> list[Event]:
    lines = draw(st.none() | _some_lines(_line_quantity))
    by = draw(st.sampled_from(words.CANCELLED_BY))
    line_id = draw(st.sampled_from(_LINES))
    change = draw(st.sampled_from(words.DELIVERY_CHANGE))
    told = (
        build.a_cancellation(order_id=order_id, lines=lines, by=by),
        build.an_unfillable_line(order_id=order_id, line_id=line_id),
        build.a_delivery_change(order_id=order_id, shipment_id=f"{order_id}-s1", change=change),
    )
    return draw(_told([draw(st.sampled_from(told))]))


@st.composite
def _catalogue(draw: DrawFn) -> list[Event]:
    if draw(_RARELY):
        return draw(_told([build.an_appeal_upheld(seller_id="seller-1")]))
    makers = (build.a_price, build.a_repair, build.a_listing, build.a_delisting)
    return draw(_told([draw(st.sampled_from(makers))(sku=draw(_SKUS))]))


@st.composite
def _told(draw: DrawFn, events: list[Event]) -> list[Event]:
    """Give each event its two clocks: mostly in the order told, some learnt late."""
    recorded = draw(st.lists(_MOMENTS, min_size=len(events), max_size=len(events)))
    if draw(_OFTEN):
        recorded.sort()
    told = []
    for event, learnt in zip(events, recorded, strict=True):
        occurred = min(learnt, draw(_MOMENTS)) if draw(_RARELY) else learnt
        timed = replace(event, time=iso(occurred), recordedtime=iso(learnt))
        told.append(replace(timed, id=f"{event.id}-{occurred - START}"))
    return told


def _some_lines(line: Callable[[str], SearchStrategy[_Line]]) -> SearchStrategy[list[_Line]]:
    chosen = st.lists(st.sampled_from(_LINES), min_size=1, max_size=3, unique=True)
    return chosen.flatmap(lambda line_ids: st.tuples(*map(line, line_ids)).map(list))


def _ordered_line(line_id: str) -> SearchStrategy[OrderedLine]:
    return st.builds(
        OrderedLine,
        line_id=st.just(line_id),
        sku=_SKUS,
        quantity=_QUANTITIES,
        ship_by=_STAMP_OR_NONE,
        seller_id=_SELLERS,
        size=st.sampled_from(("", "M", "L")),
    )


def _line_quantity(line_id: str) -> SearchStrategy[LineQuantity]:
    return st.builds(LineQuantity, line_id=st.just(line_id), quantity=_QUANTITIES)


def _packed_line(line_id: str) -> SearchStrategy[PackedLine]:
    return st.builds(
        PackedLine,
        line_id=st.just(line_id),
        sku=st.just("") | _SKUS,
        quantity=_QUANTITIES,
        bin=st.sampled_from(("", "A-1", "A-2")),
    )


def _returned_line(line_id: str) -> SearchStrategy[ReturnedLine]:
    reasons = st.sampled_from((*words.RETURN_REASON, *_OFTEN_SAID, "bad_vibes"))
    return st.builds(ReturnedLine, line_id=st.just(line_id), quantity=_QUANTITIES, reason=reasons)


def _inspected_line(line_id: str) -> SearchStrategy[InspectedLine]:
    return st.builds(
        InspectedLine,
        line_id=st.just(line_id),
        quantity=_QUANTITIES,
        disposition=st.sampled_from(words.DISPOSITION),
        sku_found=st.just("") | _SKUS,
    )
