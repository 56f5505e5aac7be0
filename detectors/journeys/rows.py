"""Rows of facts, as detectors see them: one attribute per fact, one array element per row."""

from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from detectors.journeys.folds import Fact, Fold, Numbers
from detectors.journeys.vocabulary import Vocabulary
from schemas.times import Flags, Times


def when(condition: Flags, due: Times | int) -> Times:
    """Return ``due`` (ms UTC) where ``condition`` holds and ``NEVER`` elsewhere."""
    return np.where(condition, due, np.int64((1 << 42) - 1))


class Rows:
    """Some rows of one table. Subclasses declare the facts; the engine fills the columns."""

    facts: ClassVar[dict[str, Fact]] = {}
    """Every declared fact by name, in the order of declaration."""

    __slots__ = ("_columns", "words")

    def __init_subclass__(cls) -> None:
        """Collect the facts a table declares."""
        cls.facts = {name: f for name, f in vars(cls).items() if isinstance(f, Fact)}

    def __init__(self, columns: Mapping[str, Numbers], words: Vocabulary) -> None:
        """Wrap ``columns`` (equally long arrays by fact name) and the ``words`` behind codes.

        What is there already is read without asking the fact's declaration first.
        """
        self._columns = columns
        vars(self).update(columns)
        self.words = words

    def column(self, name: str) -> Numbers:
        """Return one fact of every row."""
        return self._columns[name]

    def recent(self, fact: str, place: int) -> Numbers:
        """Return the ``place``-th last value (0 is the last) of a ``Recent`` fact, 0 where none."""
        return self._columns[f"{fact}.{place}"]

    @classmethod
    def of(cls, words: Vocabulary | None = None, /, **known: int) -> Self:
        """Return one row on which only ``known`` facts are known: the row of examples and tests."""
        columns = {name: np.array([known.pop(name, f.unknown)]) for name, f in cls._scalars()}
        if known:
            message = f"{cls.__name__} has no fact {', '.join(known)}"
            raise TypeError(message)
        return cls(columns, words or Vocabulary())

    @classmethod
    def _scalars(cls) -> list[tuple[str, Fact]]:
        plain = [(n, f) for n, f in cls.facts.items() if f.fold is not Fold.RECENT]
        lists = [(n, f) for n, f in cls.facts.items() if f.fold is Fold.RECENT]
        return plain + [(f"{n}.{i}", f) for n, f in lists for i in range(f.size)]
