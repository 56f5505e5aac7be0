"""The command line as tests use it: in this process, with what it printed and how it ended."""

import contextlib
import io
import json
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

from andon.cli import main


class Said(NamedTuple):
    """What a command left behind; ``code`` is its exit code."""

    code: int
    out: str
    err: str

    @property
    def words(self) -> str:
        """Both streams, without the line breaks that a narrow terminal asks for."""
        return " ".join(f"{self.out} {self.err}".split())

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What it printed as JSON Lines."""
        return [json.loads(line) for line in self.out.splitlines()]


def command(*arguments: object) -> Said:
    """Run ``andon`` with these arguments; what it raises beyond its exit is not caught."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _called(arguments):
        code = _code_of_main()
    return Said(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _called(arguments: tuple[object, ...]) -> Iterator[None]:
    before = sys.argv
    sys.argv = ["andon", *map(str, arguments)]
    try:
        yield
    finally:
        sys.argv = before


def _code_of_main() -> int:
    try:
        main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else int(left.code is not None)
    return 0
