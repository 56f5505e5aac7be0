"""The Olist importer: invented rows, and the real slice where it lies beside the project."""

import csv
import gzip
from pathlib import Path

import pytest

from andon.connectors.olist import COLUMNS, Unimportable, import_olist
from schemas.codec import Decoder
from schemas.events import Event, OrderPlaced, ReviewPosted, ShipmentDelivered, ShipmentDispatched
from schemas.times import iso

FOLDERS_BESIDE = Path(__file__).parents[2].parent.glob("*/data/olist-2016-2017")
REAL = next(FOLDERS_BESIDE, Path("absent"))

ROWS = {
    "orders": [
        (
            "o1,c1,delivered,2017-10-10 10:00:00,2017-10-12 09:00:00,2017-10-16 12:00:00,"
            "2017-10-20 00:00:00"
        ),
        "o2,c2,canceled,2017-10-11 08:00:00,,,2017-10-14 00:00:00",
        (
            "o3,c3,delivered,2017-10-11 09:00:00,2017-10-15 00:30:00,2017-10-19 12:00:00,"
            "2018-02-16 00:00:00"
        ),
    ],
    "order_items": [
        "o1,1,p1,s1,2017-10-13 10:00:00,19.9,8.5",
        "o1,2,p2,s1,2017-10-14 10:00:00,5,1.25",
        "o3,1,p1,s2,2017-10-13 10:00:00,19.90,8.50",
    ],
    "order_reviews": ["r1,o1,2,2017-10-18 20:00:00", "r2,o3,5,2017-10-22 20:00:00"],
    "customers": ["c1,person-a,RJ", "c2,person-b,SP", "c3,person-a,BA"],
    "products": ["p1,cafe", "p2,"],
    "sellers": ["s1,SP", "s2,MG"],
}


def olist_folder(folder: Path, *, gzipped: bool = False, without: str = "") -> Path:
    """Write the invented rows under Olist's file names, leaving out one column if asked."""
    for name, rows in ROWS.items():
        table = [list(COLUMNS[name]), *(row.split(",") for row in rows)]
        keep = [i for i, column in enumerate(table[0]) if column != without]
        path = folder / f"olist_{name}_dataset.csv{'.gz' if gzipped else ''}"
        with gzip.open(path, "wt") if gzipped else path.open("w") as file:
            csv.writer(file).writerows([[row[i] for i in keep] for row in table])
    return folder


def imported(folder: Path, zone: str = "America/Sao_Paulo") -> list[Event]:
    """Import ``folder`` and return its events as the product reads them."""
    summary = import_olist(folder, folder / "events.jsonl", zone)
    decoded = Decoder().decode_lines(summary.path.read_bytes())
    assert decoded.rejected == []
    return decoded.events


def placed(folder: Path) -> dict[str, OrderPlaced]:
    return {event.order_id: event for event in imported(folder) if isinstance(event, OrderPlaced)}


def test_an_order_is_placed_with_its_lines_sellers_prices_and_limits(tmp_path: Path) -> None:
    order = placed(olist_folder(tmp_path))["o1"]

    assert order.time == "2017-10-10T13:00:00.000Z"
    assert order.customer_id == "person-a"
    assert order.currency == "BRL"
    assert order.destination is not None
    assert (order.destination.country, order.destination.region) == ("BR", "RJ")
    assert [(line.sku, line.seller_id, line.unit_price, line.category) for line in order.lines] == [
        ("p1", "s1", "19.90", "cafe"),
        ("p2", "s1", "5.00", ""),
    ]
    assert [line.ship_by for line in order.lines] == [
        "2017-10-13T13:00:00.000Z",
        "2017-10-14T13:00:00.000Z",
    ]


def test_a_promise_lasts_till_the_last_millisecond_of_the_estimated_day(tmp_path: Path) -> None:
    order = placed(olist_folder(tmp_path))["o1"]

    assert order.promised_by == "2017-10-21T01:59:59.999Z"


def test_a_promise_ends_right_also_where_summer_time_has_no_midnight(tmp_path: Path) -> None:
    # On 2017-10-15 clocks went from 00:00 to 01:00, so the 14th ended at 03:00 UTC.
    order = placed(olist_folder(tmp_path))["o2"]

    assert order.promised_by == "2017-10-15T02:59:59.999Z"


def test_a_promise_ends_right_where_midnight_comes_twice(tmp_path: Path) -> None:
    # On 2018-02-18 clocks went from 00:00 back to 23:00; the 16th is the day before that.
    order = placed(olist_folder(tmp_path))["o3"]

    assert order.promised_by == "2018-02-17T01:59:59.999Z"


def test_a_stamp_in_the_skipped_hour_counts_as_an_hour_later(tmp_path: Path) -> None:
    events = imported(olist_folder(tmp_path))
    handed_over = [e for e in events if isinstance(e, ShipmentDispatched) and e.order_id == "o3"]

    assert [event.time for event in handed_over] == ["2017-10-15T03:30:00.000Z"]


def test_a_parcel_has_the_order_s_id_and_travels_from_the_seller_to_the_customer(
    tmp_path: Path,
) -> None:
    events = imported(olist_folder(tmp_path))
    sent = next(e for e in events if isinstance(e, ShipmentDispatched) and e.order_id == "o1")
    came = next(e for e in events if isinstance(e, ShipmentDelivered) and e.order_id == "o1")

    assert sent.shipment_id == came.shipment_id == "o1"
    assert sent.carrier == "unknown"
    assert sent.origin is not None
    assert sent.destination is not None
    assert (sent.origin.region, sent.destination.region) == ("SP", "RJ")


def test_the_customer_speaks_when_the_survey_is_answered(tmp_path: Path) -> None:
    events = imported(olist_folder(tmp_path))
    review = next(e for e in events if isinstance(e, ReviewPosted))

    assert (review.time, review.rating) == ("2017-10-18T22:00:00.000Z", 2)
    assert (review.sku, review.seller_id) == ("", "s1")


def test_cancellations_are_counted_because_they_carry_no_time(tmp_path: Path) -> None:
    folder = olist_folder(tmp_path)
    summary = import_olist(folder, tmp_path / "events.jsonl")

    assert summary.ended_without_time == 1
    assert "order.cancelled" not in summary.counts
    assert summary.counts["order.placed"] == 3


def test_an_order_without_items_is_watched_under_a_sku_of_its_own(tmp_path: Path) -> None:
    order = placed(olist_folder(tmp_path))["o2"]

    assert [line.sku for line in order.lines] == ["unlisted-o2"]


def test_events_are_recorded_when_they_happened_in_the_order_of_time(tmp_path: Path) -> None:
    events = imported(olist_folder(tmp_path))
    times = [event.time for event in events]

    assert times == sorted(times)
    assert all(event.recordedtime == event.time for event in events)


def test_gzipped_files_give_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "packed").mkdir()
    plain = import_olist(olist_folder(tmp_path / "plain"), tmp_path / "plain.jsonl")
    packed = import_olist(
        olist_folder(tmp_path / "packed", gzipped=True), tmp_path / "packed.jsonl"
    )

    assert plain.path.read_bytes() == packed.path.read_bytes()


def test_the_zone_decides_what_the_stamps_mean(tmp_path: Path) -> None:
    events = imported(olist_folder(tmp_path), zone="UTC")

    assert events[0].time == "2017-10-10T10:00:00.000Z"


def test_a_missing_file_is_named_with_the_remedy(tmp_path: Path) -> None:
    (olist_folder(tmp_path) / "olist_sellers_dataset.csv").unlink()

    with pytest.raises(Unimportable, match=r"no olist_sellers_dataset\.csv .*unpack all"):
        import_olist(tmp_path, tmp_path / "events.jsonl")


def test_a_missing_column_is_named_with_the_remedy(tmp_path: Path) -> None:
    olist_folder(tmp_path, without="price")

    with pytest.raises(
        Unimportable, match=r"olist_order_items_dataset\.csv has no column price: use"
    ):
        import_olist(tmp_path, tmp_path / "events.jsonl")


def test_an_unknown_zone_is_refused_with_an_example(tmp_path: Path) -> None:
    olist_folder(tmp_path)

    with pytest.raises(Unimportable, match="unknown time zone 'Mars/Base': give an IANA name"):
        import_olist(tmp_path, tmp_path / "events.jsonl", "Mars/Base")


def test_an_unreadable_stamp_names_the_order(tmp_path: Path) -> None:
    path = olist_folder(tmp_path) / "olist_orders_dataset.csv"
    path.write_text(path.read_text().replace("2017-10-16 12:00:00", "soon"))

    with pytest.raises(Unimportable, match="order o1 cannot be read"):
        import_olist(tmp_path, tmp_path / "events.jsonl")


def test_iso_has_the_length_the_decoder_reads_fastest() -> None:
    assert len(iso(0)) == 24


@pytest.mark.skipif(not REAL.is_dir(), reason="the real slice is not beside the project")
def test_the_real_slice_is_imported_whole(tmp_path: Path) -> None:
    summary = import_olist(REAL, tmp_path / "events.jsonl")
    decoded = Decoder().decode_lines(summary.path.read_bytes())

    assert decoded.rejected == []
    assert summary.counts["order.placed"] == summary.orders == 19_602
    assert summary.counts["review.posted"] == 16_726
    assert summary.ended_without_time == 272
