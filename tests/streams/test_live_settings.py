import pytest

from streams.live_settings import PARTS, LiveSettings
from streams.topics import Names


def test_a_worker_does_everything_live_unless_told_otherwise() -> None:
    settings = LiveSettings("127.0.0.1:9092")

    assert (settings.parts, settings.clock) == (frozenset(PARTS), "live")


@pytest.mark.parametrize(
    ("wrong", "why"),
    [({"clock": "wall"}, "no clock 'wall'"), ({"parts": frozenset({"cook"})}, "no part cook")],
)
def test_what_means_nothing_is_refused(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        LiveSettings("127.0.0.1:9092", **wrong)  # type: ignore[arg-type]  # that is the point


def test_brokers_are_separated_by_commas() -> None:
    assert LiveSettings(" one:1, two:2 ,").bootstraps == ["one:1", "two:2"]


def test_shops_with_other_prefixes_and_workers_of_other_names_do_not_meet() -> None:
    one = LiveSettings("b:1", worker="w-1", names=Names("shop-1"))
    two = LiveSettings("b:1", worker="w-2", names=Names("shop-2"))

    assert one.group("desk") != two.group("desk")
    assert {one.member(part) for part in PARTS}.isdisjoint(two.member(part) for part in PARTS)
