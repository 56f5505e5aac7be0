"""What tests ask detectors with: one row on which only some facts are known."""

from typing import Final

from detectors.journeys.tables import ROWS
from detectors.journeys.vocabulary import Lane, Vocabulary
from detectors.question import Question, is_refutable

HOME: Final = Lane("acme", "", "DE", "", "DE", "")
ABROAD: Final = Lane("acme", "", "DE", "", "VN", "")


def due(detector: Question, words: Vocabulary | None = None, /, **known: int) -> int:
    """Return when ``detector`` calls a row a problem (ms UTC) of which it knows only ``known``."""
    return int(detector.due(ROWS[detector.table].of(words, **known))[0])


def refuted(detector: Question, **known: int) -> bool:
    """Return whether ``detector`` takes a problem of the row with ``known`` facts back."""
    rows = ROWS[detector.table].of(**known)
    return is_refutable(detector) and bool(detector.refuted(rows)[0])


def words_of(*lanes: Lane, etas: tuple[int, ...] = ()) -> Vocabulary:
    """Return a vocabulary in which ``lanes`` and ``etas`` (ms UTC) have the codes 0, 1, ..."""
    words = Vocabulary()
    words.lanes.codes(lanes)
    words.etas.codes(etas)
    return words
