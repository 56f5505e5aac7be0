"""Names outside the core, numbers inside: order ids, child ids and the values of categories."""

from collections.abc import Hashable, Sequence
from hashlib import blake2b
from typing import Any, Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
"""One code per row: an index into an :class:`Interned` or a :class:`Texts`."""

Value = TypeVar("Value", bound=Hashable)

UNKNOWN: Final = -1
"""The code of a category that nobody has reported yet."""


Ends = NDArray[np.uint32]
"""Where each of many texts ends in one buffer, bytes."""

MOST_BYTES: Final = 2**32 - 1
"""What one buffer of texts holds at most."""


class Texts:
    """Short texts end to end in one buffer: a tenth of what as many ``str`` objects cost."""

    __slots__ = ("_bytes", "_ends")

    def __init__(self) -> None:
        """Start empty."""
        self._bytes = bytearray()
        self._ends = np.zeros(1024, np.uint32)[:1]

    def __len__(self) -> int:
        """Count the texts."""
        return self._ends.size - 1

    @property
    def nbytes(self) -> int:
        """Memory held, bytes."""
        return len(self._bytes) + self._ends.nbytes

    def __getstate__(self) -> tuple[NDArray[np.uint8], Ends]:
        """Return the buffer as an array, which can be kept beside a pickle, and only grows."""
        return np.frombuffer(self._bytes, np.uint8), self._ends

    def __setstate__(self, state: tuple[NDArray[np.uint8], Ends]) -> None:
        text, ends = state
        self._bytes = bytearray(text)
        self._ends = _extended(np.zeros(1024, np.uint32)[:0], ends)

    def append(self, texts: Sequence[str]) -> Codes:
        """Store ``texts``; return their codes.

        Raises:
            OverflowError: More than 4 GiB of text; more partitions share it out.
        """
        first = len(self)
        joined = "".join(texts)
        if joined.isascii():
            sizes = np.fromiter(map(len, texts), np.int64, len(texts))
        else:
            sizes = np.array([len(text.encode()) for text in texts], np.int64)
        ends = sizes.cumsum() + len(self._bytes)
        if ends.size and int(ends[-1]) > MOST_BYTES:
            message = "ids and names of one partition exceed 4 GiB: use more partitions"
            raise OverflowError(message)
        self._bytes += joined.encode()
        self._ends = _extended(self._ends, ends)
        return np.arange(first, first + len(texts))

    def keep(self, codes: Codes) -> None:
        """Let go of all texts but those stored under ``codes`` (ascending): they get 0, 1, ..."""
        ends = self._ends.astype(np.int64)
        sizes = ends[1:] - ends[:-1]
        is_kept = np.zeros(sizes.size, np.bool_)
        is_kept[codes] = True
        text = np.frombuffer(self._bytes, np.uint8)[is_kept.repeat(sizes)]
        self._bytes = bytearray(text)
        self._ends = _extended(np.zeros(1024, np.uint32)[:1], sizes[codes].cumsum())

    def __getitem__(self, code: int) -> str:
        """Return the text stored under ``code``."""
        start, end = self._ends[code : code + 2].tolist()
        return self._bytes[start:end].decode()

    def many(self, codes: NDArray[np.signedinteger]) -> list[str]:
        """Return the texts stored under ``codes``."""
        spans = zip(self._ends[codes].tolist(), self._ends[codes + 1].tolist(), strict=True)
        return [self._bytes[start:end].decode() for start, end in spans]


def _extended(array: Ends, tail: Codes | Ends) -> Ends:
    """Return ``array`` with ``tail`` behind it, in spare room of its buffer where there is some."""
    size, room = array.size, array if array.base is None else array.base
    grown = size + tail.size
    if grown > room.size:
        room = np.empty(max(1024, grown + grown // 2), np.uint32)
        room[:size] = array
    room[size:grown] = tail
    return room[:grown]


class _Numbering(dict[Any, int]):
    """Values to numbers in the order of their first look-up."""

    __slots__ = ("values_seen",)

    def __init__(self, values: list[Any]) -> None:
        """Number ``values``, which new ones are appended to."""
        super().__init__(zip(values, range(len(values)), strict=True))
        self.values_seen = values

    def __reduce__(self) -> tuple[type["_Numbering"], tuple[list[Any]]]:
        """Leave out the numbers, which follow from the order."""
        return _Numbering, (self.values_seen,)

    def __missing__(self, value: object) -> int:
        code = self[value] = len(self.values_seen)
        self.values_seen.append(value)
        return code


class Interned(Generic[Value]):
    """Values of one category and their codes, in the order in which they were first seen."""

    __slots__ = ("_codes", "values")

    def __init__(self) -> None:
        """Start with no value."""
        self._codes = _Numbering([])
        self.values: list[Value] = self._codes.values_seen

    def codes(self, values: Sequence[Value]) -> Codes:
        """Return the code of each value, new codes for new values."""
        return np.fromiter(map(self._codes.__getitem__, values), np.int64, len(values))

    def code(self, value: Value) -> int:
        """Return the code of one value, a new one for a new value."""
        return self._codes[value]

    def keep(self, codes: Codes) -> None:
        """Let go of all values but those of ``codes`` (ascending), which get 0, 1, ..."""
        self._codes = _Numbering([self.values[code] for code in codes.tolist()])
        self.values = self._codes.values_seen


class Lookup:
    """The number behind each code, for whole columns at once."""

    __slots__ = ("_room", "size")

    def __init__(self) -> None:
        """Start with no code."""
        self._room = np.empty(1024, np.int64)
        self.size = 0

    def __getstate__(self) -> Codes:
        """Leave out room that holds nothing yet."""
        return self._room[: self.size]

    def __setstate__(self, numbers: Codes) -> None:
        self.size = numbers.size
        self._room = np.empty(max(1024, 2 * self.size), np.int64)
        self._room[: self.size] = numbers

    def learn(self, numbers: Sequence[int]) -> None:
        """Let the next codes stand for ``numbers``."""
        size = self.size + len(numbers)
        if size >= self._room.size:
            room = np.empty(2 * size, np.int64)
            room[: self.size] = self._room[: self.size]
            self._room = room
        self._room[self.size : size] = numbers
        self.size = size

    def of(self, codes: Codes, unknown: int) -> Codes:
        """Return the number behind each code, ``unknown`` where the code is ``UNKNOWN``."""
        self._room[self.size] = unknown
        return self._room[: self.size + 1][codes]


class Figures(Interned[int]):
    """Interned numbers that can be looked up for whole columns."""

    __slots__ = ("_lookup",)

    def __init__(self) -> None:
        """Start with no number."""
        super().__init__()
        self._lookup = Lookup()

    def keep(self, codes: Codes) -> None:
        """Let go of all numbers but those of ``codes`` (ascending), which get 0, 1, ..."""
        super().keep(codes)
        self._lookup = Lookup()

    def of(self, codes: Codes, unknown: int) -> Codes:
        """Return the number behind each code, ``unknown`` where the code is ``UNKNOWN``."""
        self._lookup.learn(self.values[self._lookup.size :])
        return self._lookup.of(codes, unknown)


def hashes(ids: Sequence[str]) -> Codes:
    """Return a 64-bit hash of each id: equal within one process only, so it never leaves it."""
    return np.fromiter(map(hash, ids), np.int64, len(ids))


def stable_hashes(names: Sequence[str]) -> Codes:
    """Return a 64-bit hash of each name, equal everywhere; ten times as dear as :func:`hashes`."""
    digests = (blake2b(name.encode(), digest_size=8).digest() for name in names)
    return np.frombuffer(b"".join(digests), "<i8").astype(np.int64)
