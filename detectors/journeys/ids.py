"""Order ids to row numbers: open addressing over 64-bit hashes, no Python object per order."""

from collections.abc import Sequence

import numpy as np

from detectors.journeys.blocks import Column
from detectors.journeys.folds import Numbers
from detectors.journeys.names import Texts, hashes

_SMALLEST = 4096


class OrderIds:
    """The row of every order id.

    Ids are told apart by their 64-bit SipHash, keyed by the process: two of a hundred million
    orders share one with a chance of 1 in 3 000. The ids themselves are kept for output only.
    """

    __slots__ = ("_hash", "_slots", "texts")

    def __init__(self) -> None:
        """Start without orders."""
        self.texts = Texts()
        self._hash = Column(0)
        self._slots = np.full(_SMALLEST, -1, np.int32)

    def __len__(self) -> int:
        """Count the rows given out."""
        return len(self.texts)

    @property
    def nbytes(self) -> int:
        """Memory in use, bytes."""
        return self.texts.nbytes + self._hash.nbytes + self._slots.nbytes

    def rows(self, order_ids: Sequence[str]) -> Numbers:
        """Return the row of each id, new rows for new ids in the order of their first mention."""
        keys = hashes(order_ids)
        rows = self._slots[self._find(keys)].astype(np.int64)
        missing = (rows < 0).nonzero()[0]
        if missing.size:
            _, first, which = np.unique(keys[missing], return_index=True, return_inverse=True)
            rank = np.empty(first.size, np.int64)
            rank[first.argsort()] = np.arange(first.size)
            fresh = missing[np.sort(first)]
            made = self._add([order_ids[i] for i in fresh.tolist()], keys[fresh])
            rows[missing] = made[rank[which]]
        return rows

    def renew(self, row: int) -> int:
        """Let the id of ``row`` stand for a new, empty journey; return its row."""
        order_id = self.texts[row]
        place = self._find(hashes([order_id]))
        self._hash.values[row] = ~self._hash.values[row]
        [fresh] = self.texts.append([order_id]).tolist()
        self._hash.extend(fresh + 1)
        self._hash.values[fresh] = hashes([order_id])[0]
        self._slots[place] = fresh
        return int(fresh)

    def keep(self, rows: Numbers) -> None:
        """Let go of all orders but those of ``rows`` (ascending), which get the rows 0, 1, ...

        Asked for again, the others are new orders.
        """
        self.texts.keep(rows)
        self._hash.keep(rows)
        self._fill()

    def _fill(self) -> None:
        """Make room for twice as many orders as there are, and put all of them in."""
        size = max(_SMALLEST, 1 << (2 * len(self)).bit_length())
        self._slots = np.full(size, -1, np.int32)
        self._insert(np.arange(len(self)))

    def _find(self, keys: Numbers) -> Numbers:
        """Return the slot of each key, or the empty one where it would go."""
        slots, known = self._slots, self._hash.values
        mask = slots.size - 1
        place = keys & mask
        if not known.size:
            return place
        row = slots[place]
        todo = ((row >= 0) & (known[row] != keys)).nonzero()[0]
        while todo.size:
            place[todo] = (place[todo] + 1) & mask
            row = slots[place[todo]]
            todo = todo[(row >= 0) & (known[row] != keys[todo])]
        return place

    def _add(self, order_ids: Sequence[str], keys: Numbers) -> Numbers:
        """Give distinct new ids, whose hashes are ``keys``, the next rows."""
        before = len(self)
        rows = self.texts.append(order_ids)
        self._hash.extend(len(self))
        self._hash.values[rows] = keys
        if 2 * len(self) > self._slots.size:
            self._fill()
        else:
            self._insert(rows)
        return np.arange(before, len(self))

    def _insert(self, rows: Numbers) -> None:
        """Put rows into free slots; of several that want one, one gets it and the rest go on."""
        while rows.size:
            place = self._find(self._hash.values[rows])
            self._slots[place] = rows
            rows = rows[self._slots[place] != rows]
