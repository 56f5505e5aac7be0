from hypothesis import given
from hypothesis import strategies as st

from detectors.population.unit_names import UnitNames


def test_a_name_has_one_number_however_often_it_is_told() -> None:
    names = UnitNames()

    assert names.codes(["a", "b", "a"]).tolist() == [0, 1, 0]
    assert names.codes(["c", "b"]).tolist() == [2, 1]
    assert (len(names), names.next) == (3, 3)


def test_a_name_that_is_told_again_after_it_was_forgotten_gets_a_new_number() -> None:
    names = UnitNames()
    names.codes(["a", "b"])
    names.forget(1)

    assert names.codes(["a", "b"]).tolist() == [2, 1]
    assert len(names) == 2


steps = st.lists(st.lists(st.sampled_from("abcdef")) | st.integers(0, 12), max_size=12)


@given(steps)
def test_numbers_that_are_needed_always_lead_back_to_their_names(
    happens: list[list[str] | int],
) -> None:
    names, known, needed = UnitNames(), dict[int, str](), 0
    for what in happens:
        if isinstance(what, int):
            needed = max(needed, min(what, names.next))
            names.forget(needed)
        else:
            codes = names.codes(what)
            assert names.of(codes) == what
            known |= dict(zip(codes.tolist(), what, strict=True))
    kept = [number for number in known if number >= needed]

    assert names.of(names.codes([known[number] for number in kept])) == [known[n] for n in kept]
    assert names.codes([known[number] for number in kept]).tolist() == kept
