"""Names of the units reported, each under one number until no report needs it any more."""

from collections.abc import Sequence

import numpy as np

from detectors.journeys.names import Codes


class UnitNames:
    """Numbers for names, in the order in which they were first told; the first ones are forgotten.

    A name that is told again after it was forgotten gets a new number: nobody knows its old one.
    """

    def __init__(self) -> None:
        """Start with no name."""
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._forgotten = 0

    def __len__(self) -> int:
        return len(self._names)

    @property
    def next(self) -> int:
        """The number that the next new name gets."""
        return self._forgotten + len(self._names)

    def codes(self, names: Sequence[str]) -> Codes:
        """Return the number of each name, new ones for new names."""
        known = self._numbers
        for name in names:
            if name not in known:
                known[name] = self.next
                self._names.append(name)
        return np.fromiter(map(known.__getitem__, names), np.int64, len(names))

    def of(self, numbers: Codes) -> list[str]:
        """Return the names behind ``numbers``; none of them is forgotten."""
        return [self._names[place] for place in (numbers - self._forgotten).tolist()]

    def forget(self, needed: int) -> None:
        """Forget the names before the number ``needed``."""
        gone = needed - self._forgotten
        if gone > 0:
            for name in self._names[:gone]:
                del self._numbers[name]
            del self._names[:gone]
            self._forgotten = needed
