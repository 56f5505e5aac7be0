import pytest

from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Appeal, Observation, Repair, Replacement, Retraction
from schemas.problems import Cause
from streams.accounts import Telling, decoded, encoded

CAUSE = Cause("some fact", 7, 8)


@pytest.mark.parametrize(
    "said",
    [
        Repair(at=8, cause=CAUSE, sku="sku-1", warehouse_id="w-1"),
        Appeal(at=8, cause=CAUSE, seller="m-1", defect="late", first=20_500, last=20_530),
        Replacement(at=8, cause=CAUSE, order_id="o-2", of_order="o-1", of_line="1", skus=()),
        Retraction(at=8, cause=CAUSE, id="p-1"),
    ],
    ids=lambda said: type(said).__name__,
)
def test_what_the_judge_hears_comes_over_as_it_was_said(said: Observation) -> None:
    telling = Telling(
        partition=0,
        of=1,
        since=0,
        until=10,
        offsets={},
        observations=(said,),
        words=Vocabulary(),
    )
    [data] = encoded(telling)

    assert decoded(data, Vocabulary()).observations == (said,)
