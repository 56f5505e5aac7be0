"""Time inside Andon: ``int64`` milliseconds since 1970-01-01 UTC, with one value for *never*."""

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
"""One time per row, ms UTC; ``NEVER`` where there is none."""

Flags = NDArray[np.bool_]
"""One truth value per row."""

NEVER: Final = (1 << 42) - 1
"""Later than every clock (year 2109), small enough that ``NEVER + 72 h`` cannot overflow."""

MINUTE: Final = 60_000
HOUR: Final = 3_600_000
DAY: Final = 86_400_000


def ms(span: timedelta) -> int:
    """Return ``span`` in whole milliseconds."""
    return span // timedelta(milliseconds=1)


def instant(time_ms: int) -> datetime:
    """Return the aware UTC datetime of ``time_ms`` (ms UTC)."""
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=time_ms)


def iso(time_ms: int) -> str:
    """Return ``time_ms`` (ms UTC) as RFC 3339 with milliseconds and ``Z``."""
    return instant(time_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")
