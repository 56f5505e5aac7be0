"""RFC 3339 text to milliseconds, thousands of stamps in one matrix product.

The spelling ``2026-01-01T00:00:00.000Z`` (24 characters) is *canonical* and fast; every other
RFC 3339 spelling is read exactly, one by one. Nothing is believed unread: digits, separators, days
of the month and ranges are all checked.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import compress
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from schemas.times import DAY, NEVER, Flags, Times

_Row = TypeVar("_Row", bound=np.generic)

CANONICAL: Final = "0000-00-00T00:00:00.000Z"
"""The shape of a canonical stamp; every ``0`` stands for a digit."""

_BLOCK: Final = 4096
_FRAME: Final = CANONICAL + "\n"
_WIDTH: Final = len(_FRAME)
_HIGHEST: Final = "2999-19-39T29:59:59.999Z\n"
"""The largest digit of each place; what slips through (month 17, hour 25) is checked later."""

_SHAPE: Final = np.frombuffer((_FRAME * _BLOCK).encode(), np.uint8)
_LARGEST: Final = np.frombuffer((_HIGHEST * _BLOCK).encode(), np.uint8) ^ _SHAPE
_SECONDS: Final = len("0000-00-00T00:00:00")
_MICROSECONDS: Final = len("0000-00-00T00:00:00.000000")
_DAY_S: Final = 86_400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:\.(\d+))?"
    r"(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))",
    re.ASCII,
)


def parse(stamps: Sequence[str]) -> tuple[Times, Flags]:
    """Return ms UTC of every stamp, and which of them could be read.

    Empty text is ``NEVER`` and counts as read. What cannot be read, or lies before 1970 or at
    ``NEVER`` and later, is ``NEVER`` with a false flag. Fractions below a millisecond are cut off.
    """
    present = list(filter(None, stamps))
    times, good = _present(present)
    if len(present) == len(stamps):
        return times, good
    where = np.fromiter(map(bool, stamps), np.bool_, len(stamps))
    return _spread(times, where, NEVER), _spread(good, where, fill=True)


def parse_one(stamp: str) -> int | None:
    """Return ms UTC of one RFC 3339 ``stamp`` in any spelling; ``None`` where it cannot be read.

    A leap second (``:60``, the last of a day in UTC) is the first instant of the next day, as POSIX
    clocks have it.
    """
    found = _RFC3339.fullmatch(stamp)
    if found is None:
        return None
    date, minute, second, fraction, sign, hours, minutes = found.groups()
    leap = second == "60"
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    zone = timezone(-offset if sign == "-" else offset)
    try:
        whole = datetime.fromisoformat(f"{date}T{minute}:{'59' if leap else second}")
    except ValueError:
        return None
    time_ms = (whole.replace(tzinfo=zone) - _EPOCH) // timedelta(milliseconds=1)
    time_ms += 1000 if leap else int((fraction or "")[:3].ljust(3, "0"))
    if leap and time_ms % DAY:
        return None
    return time_ms if 0 <= time_ms < NEVER else None


def _present(stamps: list[str]) -> tuple[Times, Flags]:
    if len(stamps) <= _BLOCK:
        return _block(stamps)
    blocks = [_block(stamps[at : at + _BLOCK]) for at in range(0, len(stamps), _BLOCK)]
    times, good = zip(*blocks, strict=True)
    return np.concatenate(times), np.concatenate(good)


def _block(stamps: list[str]) -> tuple[Times, Flags]:
    times = _canonical(stamps)
    if times is not None:
        return times, np.ones(len(stamps), np.bool_)
    return _mixed(stamps)


def _mixed(stamps: list[str]) -> tuple[Times, Flags]:
    """Read the stamps that are canonical, or nearly so, together, and the others one by one."""
    spelled = list(map(_respelled, stamps))
    where = np.fromiter((len(stamp) == len(CANONICAL) for stamp in spelled), np.bool_, len(stamps))
    times = _canonical(list(compress(spelled, where)))
    if times is None:
        return _exact(stamps)
    rest, good = _exact(compress(stamps, ~where))
    merged = _spread(times, where, NEVER)
    merged[~where] = rest
    return merged, _spread(good, ~where, fill=True)


def _respelled(stamp: str) -> str:
    """Return a ``stamp`` in UTC with its fraction cut, or filled, to milliseconds."""
    local = stamp.removesuffix("+00:00" if stamp.endswith("+00:00") else "Z")
    if len(local) == len(stamp):
        return stamp
    if len(local) == _SECONDS:
        return local + ".000Z"
    if len(local) == _MICROSECONDS and local.isascii() and local[_SECONDS + 1 :].isdecimal():
        return local[: _MICROSECONDS - 3] + "Z"
    return local + "Z"


def _exact(stamps: Iterable[str]) -> tuple[Times, Flags]:
    read = [parse_one(stamp) for stamp in stamps]
    good = np.fromiter((time is not None for time in read), np.bool_, len(read))
    times = (NEVER if time is None else time for time in read)
    return np.fromiter(times, np.int64, len(read)), good


def _canonical(stamps: list[str]) -> Times | None:
    """Return the times if every stamp is canonical, else ``None``.

    The line break between stamps is part of the checked shape, so a stamp of another length shows.
    """
    text = ("\n".join(stamps) + "\n").encode(errors="replace")
    if len(text) != _WIDTH * len(stamps):
        return None
    digits = np.frombuffer(text, np.uint8) ^ _SHAPE[: len(text)]
    if (digits > _LARGEST[: len(text)]).any():
        return None
    month, day, second, ms = _sums(digits)
    if (day > _MONTH_DAYS.take(month)).any() or (second >= _DAY_S).any() or not day.all():
        return None
    times: Times = _MONTH_START.take(month) + ((day * _DAY_S + second) * 1000 + ms)
    return times


def _sums(digits: NDArray[np.uint8]) -> Times:
    """Return rows of month key, day, second of the day and millisecond, one column per stamp."""
    columns = digits.reshape(-1, _WIDTH).astype(np.float32).T
    sums: Times = (_WEIGHTS @ columns).astype(np.int64)
    return sums


def _weights() -> NDArray[np.float32]:
    """Return what each digit adds to the four sums; all exact in float32."""
    weights = np.zeros((4, _WIDTH), np.float32)
    weights[0, [0, 1, 2, 3, 5, 6]] = 20_000, 2000, 200, 20, 10, 1
    weights[1, [8, 9]] = 10, 1
    weights[2, [11, 12, 14, 15, 17, 18]] = 36_000, 3600, 600, 60, 10, 1
    weights[3, [20, 21, 22]] = 100, 10, 1
    return weights


def _calendar() -> tuple[Times, Times]:
    """Return by month key (``year * 20 + month``): ms UTC of the day before the first, and days.

    Months that do not exist, or are not read here, have 0 days.
    """
    months = np.arange("1970-01", "2109-06", dtype="M8[M]")
    first = months.astype("M8[D]").astype(np.int64)
    since_zero = months.astype(np.int64)[:-1] + 1970 * 12
    key = since_zero // 12 * 20 + since_zero % 12 + 1
    start, days = np.zeros(3000 * 20, np.int64), np.zeros(3000 * 20, np.int64)
    start[key] = (first[:-1] - 1) * _DAY_S * 1000
    days[key] = np.diff(first)
    return start, days


_WEIGHTS: Final = _weights()
_MONTH_START, _MONTH_DAYS = _calendar()


def _spread(values: NDArray[_Row], where: Flags, fill: object) -> NDArray[_Row]:
    """Return ``values`` at the true rows of ``where`` and ``fill`` elsewhere."""
    spread = np.full(len(where), fill, values.dtype)
    spread[where] = values
    return spread
