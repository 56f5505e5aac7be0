import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.journeys.names import Codes
from detectors.journeys.vocabulary import Item, Lane, PackedItem, Vocabulary
from detectors.population.subjects import PAIR, Rows, Subjects
from detectors.population.testing_counts import HERE, Cell, names_of, of_sku

WHOLE = {
    "sku": "sku-1",
    "seller": "seller-1",
    "category": "shirts",
    "sku_size": "shirts/alba/M",
    "warehouse": "w-1",
    "bin": "w-1/A-1",
    "batch": "sku-1#7",
    "carrier": "acme",
    "lane": "HH->BE",
    "region": "BE",
    PAIR: "sku-1@w-1",
    "market": "*",
}
NOT_PACKED = PackedItem("", "", "")
NO_LANE = Lane("", "", "", "", "", "")


def coded(words: Vocabulary, *cells: Cell) -> dict[str, Codes]:
    return {
        "item": words.items.codes([cell.item for cell in cells]),
        "place": words.packed.codes([cell.place for cell in cells]),
        "lane": words.lanes.codes([cell.lane for cell in cells]),
    }


def rows_of(subjects: Subjects, *cells: Cell, source: int = 0) -> Rows:
    words = Vocabulary()
    return subjects.rows(source, words, coded(words, *cells))


def named(cell: Cell) -> dict[str, str]:
    subjects = Subjects()
    return names_of(subjects, rows_of(subjects, cell), 0)


def test_a_unit_is_counted_under_all_that_is_known_of_it() -> None:
    assert named(HERE) == WHOLE


@pytest.mark.parametrize(
    ("cell", "missing"),
    [
        (HERE._replace(item=HERE.item._replace(size="")), {"sku_size"}),
        (HERE._replace(item=HERE.item._replace(seller_id="")), {"seller"}),
        (HERE._replace(item=HERE.item._replace(sku="")), {"sku", PAIR}),
        (HERE._replace(place=HERE.place._replace(bin="")), {"bin"}),
        (HERE._replace(place=HERE.place._replace(batch="")), {"batch"}),
        (HERE._replace(place=HERE.place._replace(sku="")), {"batch"}),
        (HERE._replace(place=NOT_PACKED), {"warehouse", "bin", "batch", PAIR}),
        (HERE._replace(lane=HERE.lane._replace(carrier="unknown")), {"carrier"}),
        (HERE._replace(lane=NO_LANE), {"carrier", "lane", "region"}),
    ],
)
def test_under_what_nobody_said_nothing_is_counted(cell: Cell, missing: set[str]) -> None:
    assert named(cell).keys() == WHOLE.keys() - missing


def test_a_lane_is_told_by_countries_where_nobody_names_regions() -> None:
    lane = Lane("acme", "", "DE", "", "VN", "")

    assert named(HERE._replace(lane=lane))["lane"] == "DE->VN"
    assert named(HERE._replace(lane=lane))["region"] == "VN"


def test_with_one_end_only_there_is_no_lane() -> None:
    lanes = [Lane("acme", "", "DE", "", "", ""), Lane("acme", "", "", "", "VN", "")]
    found = [named(HERE._replace(lane=lane)) for lane in lanes]

    assert ["lane" in names for names in found] == [False, False]
    assert [names.get("region") for names in found] == [None, "VN"]


def test_an_unknown_cell_is_counted_under_the_market_alone() -> None:
    subjects, unknown = Subjects(), np.array([-1])
    rows = subjects.rows(0, Vocabulary(), dict.fromkeys(("item", "place", "lane"), unknown))

    assert names_of(subjects, rows, 0) == {"market": "*"}


def test_partitions_with_other_codes_mean_the_same_subjects() -> None:
    subjects, cells = Subjects(), [HERE, of_sku("sku-2"), of_sku("sku-3")]
    forth = rows_of(subjects, *cells, source=0)
    back = rows_of(subjects, *reversed(cells), source=1)

    assert {name: rows.tolist() for name, rows in forth.items()} == {
        name: rows[::-1].tolist() for name, rows in back.items()
    }
    assert subjects.count("sku") == len(cells)
    assert subjects.names("sku") == ["sku-1", "sku-2", "sku-3"]


def test_what_a_partition_learns_later_is_known_from_then_on() -> None:
    subjects, words = Subjects(), Vocabulary()
    first = subjects.rows(0, words, coded(words, HERE))
    second = subjects.rows(0, words, coded(words, HERE, of_sku("sku-2")))

    assert second["sku"].tolist() == [first["sku"][0], subjects.row("sku", "sku-2")]


def test_an_article_is_a_sku_wherever_it_lies_and_whatever_its_batch() -> None:
    subjects = Subjects()
    rows = rows_of(subjects, HERE, of_sku("sku-2"))

    assert subjects.articles("sku", rows["sku"]).tolist() == rows["sku"].tolist()
    assert subjects.articles(PAIR, rows[PAIR]).tolist() == rows["sku"].tolist()
    assert subjects.articles("batch", rows["batch"]).tolist() == rows["sku"].tolist()
    assert subjects.articles("seller", rows["seller"]).tolist() == [-1, -1]


def test_a_batch_belongs_to_its_sku_even_if_the_name_looks_like_a_batch() -> None:
    subjects = Subjects()
    rows = rows_of(subjects, of_sku("tea #5"))
    [sku] = subjects.articles("batch", rows["batch"]).tolist()

    assert subjects.name("sku", sku) == "tea #5"
    assert subjects.names("sku") == ["tea #5"]


def test_what_was_packed_may_be_another_article_than_was_ordered() -> None:
    subjects = Subjects()
    rows = rows_of(subjects, HERE._replace(place=PackedItem("sku-9", "w-1", "", "7")))
    [sku] = subjects.articles("batch", rows["batch"]).tolist()

    assert subjects.name("sku", sku) == "sku-9"


def test_the_warehouses_of_a_sku_are_found_by_name() -> None:
    subjects = Subjects()
    places = [HERE.place._replace(warehouse=w) for w in ("w-2", "w-1", "old@w-1")]
    cells = [HERE._replace(place=place) for place in places]
    rows = rows_of(subjects, *cells, of_sku("sku-2"))
    mine = int(rows["sku"][0])

    def named_pairs(warehouse: str) -> list[str]:
        return [subjects.name(PAIR, row) for row in subjects.pairs_of(mine, warehouse)]

    assert named_pairs("") == ["sku-1@old@w-1", "sku-1@w-1", "sku-1@w-2"]
    assert named_pairs("w-1") == ["sku-1@w-1"]
    assert named_pairs("w-9") == []


names = st.sampled_from(["", "a", "b"])
some_cells = st.builds(
    Cell,
    st.builds(Item, names, names, names, names, names),
    st.builds(PackedItem, names, names, names, names),
    st.builds(Lane, names, names, names, names, names, names),
)


@given(st.lists(some_cells, min_size=1, max_size=6))
def test_a_unit_is_counted_under_the_same_names_whoever_came_before_it(cells: list[Cell]) -> None:
    subjects = Subjects()
    rows = rows_of(subjects, *cells)

    assert [names_of(subjects, rows, i) for i in range(len(cells))] == [named(c) for c in cells]
