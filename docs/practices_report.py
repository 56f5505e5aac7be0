"""Print every row of docs/practices.md with the tests that prove it, and which rows have none."""

import contextlib
import io
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

PRACTICES: Final = Path(__file__).with_name("practices.md")
ROW: Final = re.compile(r"^\| (\d\.\d+) \| ([^|]+) \|", re.MULTILINE)


class Marked:
    """A pytest plugin that remembers which tests carry which practice id."""

    def __init__(self) -> None:
        self.tests_of: defaultdict[str, set[str]] = defaultdict(set)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note every marker of every collected test; parameters of one test count once."""
        for test in session.items:
            name = test.nodeid.partition("[")[0]
            for marker in test.iter_markers("practice"):
                self.tests_of[str(marker.args[0])].add(name)


def main() -> int:
    """Collect the tests without running them and print the table; 1 if they cannot be collected."""
    marked = Marked()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        collected = pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider"], [marked])
    if collected != pytest.ExitCode.OK:
        print(said.getvalue(), file=sys.stderr)
    practices = ROW.findall(PRACTICES.read_text("utf-8"))
    for practice, title in practices:
        print(f"{practice:<5} {title}")
        for name in sorted(marked.tests_of[practice]) or ["none yet"]:
            print(f"        {name}")
    proved = sum(bool(marked.tests_of[practice]) for practice, _ in practices)
    print(f"\n{proved} of {len(practices)} practices are proved by a test")
    return int(collected != pytest.ExitCode.OK)


if __name__ == "__main__":
    sys.exit(main())
