"""Evidence over time, drawn with characters."""

from collections.abc import Sequence
from math import log
from typing import Final

from andon.weighed import Weighed
from schemas.times import DAY, iso

LOG_10: Final = log(10)

LOWEST: Final = -8.0
"""Evidence against a fault is drawn down to this power of ten."""


def drawing(entries: Sequence[Weighed], columns: int, rows: int = 18) -> str:
    """Return a drawing of the evidence over time, ``columns`` wide and ``rows`` high.

    Up is ten times as much evidence, 0 is what is needed to act (-1 to hold, -2 to watch); one
    line for each defect, through what was weighed after each period.
    """
    import plotext  # type: ignore[import-untyped] # noqa: PLC0415 - only who looks waits; has no types

    first = min(entry.at for entry in entries)
    figure = plotext.figure
    figure.clear()
    figure.plot_size(columns, rows)
    figure.title("evidence in powers of ten: 0 is enough to act, -1 to hold, -2 to watch")
    figure.label(f"days since {iso(first)[:10]}", axis="x")
    for defect in dict.fromkeys(entry.defect for entry in entries):
        mine = [entry for entry in entries if entry.defect == defect]
        days = [(entry.at - first) / DAY for entry in mine]
        powers = [max((entry.log_r - entry.act) / LOG_10, LOWEST) for entry in mine]
        figure.draw(figure.signal(days, powers).lines().label(defect))
    figure.line(0.0)
    return str(plotext.uncolorize(str(figure.build()))).rstrip()
