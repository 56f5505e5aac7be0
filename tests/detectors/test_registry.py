import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from detectors import order
from detectors.calendars import BusinessDays
from detectors.journeys.tables import ROWS, Shipments, Table
from detectors.order.silent_shipment import SilentShipment
from detectors.question import Question
from detectors.registry import DETECTORS, registered
from detectors.testing import due
from schemas.problems import Severity
from schemas.times import NEVER, Times

EVERY = pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: detector.kind)
FILES = {path.stem for path in Path(order.__path__[0]).glob("*.py")} - {"__init__"}
BLAME = re.compile(
    r"\b(fault|blame|guilty|careless|abuse|fraud|customer (forgot|failed))", re.IGNORECASE
)


@dataclass(frozen=True)
class Alarmist:
    kind: ClassVar = "alarm"
    version: ClassVar = "1"
    table: ClassVar = Table.SHIPMENT
    severity: ClassVar = Severity.INFO
    evidence: ClassVar[tuple[str, ...]] = ("packed_at",)

    def due(self, shipment: Shipments) -> Times:
        return np.minimum(shipment.packed_at, 1)


def test_a_detector_that_raises_an_alarm_about_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="alarm is due on an empty row"):
        registered(Alarmist())


def test_two_detectors_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two detectors are called silent-shipment"):
        registered(SilentShipment(), SilentShipment())


def test_every_file_asks_the_question_it_is_named_after() -> None:
    assert {detector.kind.replace("-", "_") for detector in DETECTORS} == FILES


@EVERY
def test_it_says_never_on_an_empty_row(detector: Question) -> None:
    assert due(detector) == NEVER


@EVERY
def test_it_says_never_on_many_rows_and_on_none(detector: Question) -> None:
    of = ROWS[detector.table].of()
    columns = {name: np.repeat(column, 3) for name, column in of._columns.items()}  # noqa: SLF001 - widened
    none = {name: column[:0] for name, column in columns.items()}

    assert detector.due(ROWS[detector.table](columns, of.words)).tolist() == [NEVER] * 3
    assert detector.due(ROWS[detector.table](none, of.words)).size == 0


@EVERY
def test_its_evidence_are_facts_of_its_table(detector: Question) -> None:
    rows = ROWS[detector.table].of()

    assert detector.evidence
    for name in detector.evidence:
        assert getattr(rows, name).size == 1


@EVERY
def test_each_of_its_settings_says_where_its_figure_comes_from(
    detector: Question,
) -> None:
    source = Path(order.__path__[0], f"{detector.kind.replace('-', '_')}.py").read_text("utf-8")

    for name in vars(type(detector))["__slots__"]:
        assert isinstance(getattr(detector, name), timedelta | BusinessDays | int | float)
        assert re.search(rf'    {name}: .*\n    """', source)


@pytest.mark.practice("4.1")
@EVERY
def test_its_words_blame_nobody(detector: Question) -> None:
    said = f"{detector.kind} {type(detector).__doc__} {' '.join(detector.evidence)}"

    assert not BLAME.search(said.replace("without blame", ""))
