import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.journeys import names
from detectors.journeys.ids import OrderIds
from detectors.journeys.names import Figures, Interned, Texts, hashes
from detectors.journeys.vocabulary import Lane, Vocabulary


@given(st.lists(st.lists(st.text(), max_size=40), max_size=8))
def test_texts_are_given_back_as_they_were_stored(batches: list[list[str]]) -> None:
    texts = Texts()
    codes = [code for batch in batches for code in texts.append(batch).tolist()]
    flat = [text for batch in batches for text in batch]

    assert [texts[code] for code in codes] == flat
    assert len(texts) == len(flat)


def test_texts_grow_beyond_their_first_room() -> None:
    texts = Texts()
    for start in range(0, 5_000, 500):
        texts.append([f"id-{n}" for n in range(start, start + 500)])

    assert texts[0] == "id-0"
    assert texts[4_999] == "id-4999"
    assert texts.nbytes > 5_000 * len("id-0000")


@given(st.lists(st.tuples(st.text(max_size=3), st.booleans()), max_size=30))
def test_texts_that_are_kept_are_numbered_anew_in_their_order(some: list[tuple[str, bool]]) -> None:
    texts = Texts()
    texts.append([text for text, _ in some])
    texts.keep(np.flatnonzero([is_kept for _, is_kept in some]))
    kept = [text for text, is_kept in some if is_kept]
    texts.append(["one more"])

    assert [texts[code] for code in range(len(texts))] == [*kept, "one more"]


def test_figures_that_are_kept_are_numbered_anew_in_their_order() -> None:
    figures = Figures()
    figures.of(figures.codes([30, 10, 20]), -1)
    figures.keep(np.array([0, 2]))

    assert figures.values == [30, 20]
    assert figures.codes([20, 10]).tolist() == [1, 2]
    assert figures.of(np.array([2, 1, 0, -1]), -5).tolist() == [10, 20, 30, -5]


def test_values_have_one_code_each_in_the_order_of_their_first_mention() -> None:
    skus: Interned[str] = Interned()

    assert skus.codes(["b", "a", "b"]).tolist() == [0, 1, 0]
    assert skus.codes(["a", "c"]).tolist() == [1, 2]
    assert skus.values == ["b", "a", "c"]
    assert skus.codes([]).tolist() == []


def test_figures_are_looked_up_for_whole_columns() -> None:
    figures = Figures()
    codes = figures.codes([30, 10, 30])

    assert figures.of(codes, -1).tolist() == [30, 10, 30]
    assert figures.of(np.array([-1, 0]), 7).tolist() == [7, 30]


def test_figures_grow_beyond_their_first_room() -> None:
    figures = Figures()
    for start in range(0, 9_000, 700):
        figures.codes(range(start, start + 700))
    codes = figures.codes(range(9_000))

    assert figures.of(codes, -1).tolist() == list(range(9_000))
    assert figures.of(np.array([-1]), -5).tolist() == [-5]


def test_equal_ids_have_equal_hashes() -> None:
    assert hashes(["a", "b", "a"]).tolist() == hashes(["a", "b", "a"]).tolist()
    assert len(set(hashes(["a", "b", "c"]).tolist())) == 3


@given(st.lists(st.lists(st.integers(0, 400).map(str), max_size=60), max_size=12))
@settings(max_examples=50)
def test_order_ids_have_one_row_each_in_the_order_of_their_first_mention(
    batches: list[list[str]],
) -> None:
    ids, rows = OrderIds(), dict[str, int]()
    for batch in batches:
        for name in batch:
            rows.setdefault(name, len(rows))

        assert ids.rows(batch).tolist() == [rows[name] for name in batch]

    assert [ids.texts[row] for row in range(len(ids))] == list(rows)


def test_order_ids_stay_known_while_their_table_grows() -> None:
    ids = OrderIds()
    small = ids.nbytes
    names = [f"o-{n}" for n in range(20_000)]
    for start in range(0, 20_000, 1_000):
        ids.rows(names[start : start + 1_000])

    assert ids.rows(names).tolist() == list(range(20_000))
    assert ids.nbytes > small


def test_a_renewed_order_has_a_new_row_of_the_same_name() -> None:
    ids = OrderIds()
    ids.rows(["a", "b"])
    row = ids.renew(0)

    assert row == 2
    assert ids.texts[row] == "a"
    assert ids.rows(["a", "b"]).tolist() == [2, 1]


def test_renewed_orders_stay_renewed_while_the_table_grows() -> None:
    ids = OrderIds()
    ids.rows([f"o-{n}" for n in range(1_000)])
    fresh = {n: ids.renew(n) for n in range(0, 1_000, 10)}
    ids.rows([f"p-{n}" for n in range(9_000)])

    assert ids.rows([f"o-{n}" for n in range(1_000)]).tolist() == [
        fresh.get(n, n) for n in range(1_000)
    ]


def test_a_lane_is_named_by_region_and_by_country_without_one() -> None:
    assert Lane("acme", "", "BR", "SP", "BR", "RJ").name == "SP->RJ"
    assert Lane("acme", "", "DE", "", "VN", "").name == "DE->VN"


def test_a_fact_without_words_is_its_own_value() -> None:
    words = Vocabulary()

    assert words.texts("reason")(7) == 7
    assert words.texts("customer")(words.customers.append(["c-1"]).tolist()[0]) == "c-1"


def test_more_text_than_one_buffer_holds_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(names, "MOST_BYTES", 5)
    texts = Texts()
    texts.append(["abc"])

    with pytest.raises(OverflowError, match="use more partitions"):
        texts.append(["def"])
    assert texts[0] == "abc"
