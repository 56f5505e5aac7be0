"""Whole processes measured from outside: wall time, CPU time, memory; and tables of the figures."""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from subprocess import Popen
from typing import IO, Final

ROOT: Final = Path(__file__).resolve().parent.parent
"""The project."""

ONE_THREAD: Final = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)
"""Small matrix products gain nothing from threads, which would only be counted as CPU time."""

MIB: Final = 1 << 20
_RSS_UNIT: Final = 1 if sys.platform == "darwin" else 1024


class Failed(Exception):  # noqa: N818 - read as a sentence: the measured program failed
    """A measured program failed; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What one process cost from its start to its end, and what it said."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    said: str
    """Its standard output."""
    told: str
    """Its standard error."""

    @property
    def figures(self) -> dict[str, float]:
        """The numbers it reported as a JSON object at the end of its last line."""
        line = self.said.splitlines()[-1]
        last: dict[str, float] = json.loads(line[line.index("{") :])
        return last


def run(command: Sequence[str]) -> Spent:
    """Run ``command`` in the project and return what it cost.

    Raises:
        Failed: It ended with another status than 0.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        process = Popen(command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said, told = _all(out), _all(err)
    if process.returncode:
        raise Failed(told[-2000:])
    return Spent(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * _RSS_UNIT, said, told)


def _all(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def module(name: str, *arguments: object) -> list[str]:
    """Return the command that runs a module of this folder in a process of its own."""
    return [sys.executable, "-m", f"benchmarks.{name}", *map(str, arguments)]


def andon(*arguments: object) -> list[str]:
    """Return the command ``andon`` of this environment with ``arguments``."""
    return [str(Path(sys.executable).parent / "andon"), *map(str, arguments)]


def alternating(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, list[Spent]]:
    """Run every command ``runs`` times in turn, so that a busy spell of the machine hits all."""
    spent: dict[str, list[Spent]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            spent[name].append(run(command))
    return spent


def median(values: Sequence[float]) -> float:
    """Return the median of ``values``."""
    return statistics.median(values)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest of ``values`` that at least ``share`` (0 to 1) of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -int(-share * len(ordered) // 1) - 1))]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return ``rows`` as a Markdown table; numbers are aligned to the right."""
    texts = [[_cell(cell) for cell in row] for row in rows]
    right = [all(not isinstance(row[i], str) for row in rows) for i in range(len(head))]
    rule = ["---:" if is_right else "---" for is_right in right]
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(head), rule, *texts])


def _cell(cell: object) -> str:
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.2f}"  # noqa: PLR2004 - two decimals say nothing more there
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def machine() -> str:
    """Return a line that says where and when the figures were taken."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "msgspec"))
    load = os.getloadavg()[0]
    return (
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores ({platform.machine()}), "
        f"Python {platform.python_version()}, {packages}, load {load:.1f} at the start"
    )
