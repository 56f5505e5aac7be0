"""Type what README.md tells people to type, and say where the answer is not the one shown.

Each line shown must come, in order; ``...`` stands for anything, and what differs from run to run
(stamps of today, ids made from them, speed) is not compared. Not a test: whoever changes an answer
runs it (half a minute) and brings the page up to date.
"""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
BLOCK: Final = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON: Final = re.compile(r"^```python\n(.*?)^```\n\n```\n(.*?)^```", re.MULTILINE | re.DOTALL)
NEEDS_DOWNLOADS: Final = ("olist",)
SERVER: Final = "andon run --http"
ADDRESS: Final = ("127.0.0.1", 8080)

CHANGING: Final = (
    (re.compile(r"\b20(2[6-9]|[3-9]\d)-\d\d-\d\dT[\d:.]+Z"), "NOW"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "ID"),
    (re.compile(r"[\d.,]+ CPU seconds, [\d,]+ events"), "SPEED"),
    (re.compile(r" +"), " "),
)


def tour(page: str) -> Iterator[tuple[str, list[str]]]:
    """Return each command of the page with the lines shown below it."""
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *shown = part.splitlines()
            if not any(word in command for word in NEEDS_DOWNLOADS):
                yield command, shown
    for code, shown in PYTHON.findall(page):
        yield f"python - <<'EOF'\n{code}EOF", shown.splitlines()


def same(line: str) -> str:
    """Return ``line`` without what differs from run to run."""
    for pattern, word in CHANGING:
        line = pattern.sub(word, line)
    return line.rstrip()


def missing(shown: list[str], printed: list[str]) -> list[str]:
    """Return the lines shown that do not come, in their order, among those printed."""
    rest = iter([same(line) for line in printed])
    absent = []
    for line in filter(None, map(same, shown)):
        wanted = re.compile(".*".join(re.escape(part) for part in line.split("...")))
        ahead = list(rest)
        place = next((i for i, one in enumerate(ahead) if wanted.fullmatch(one)), None)
        if place is None:
            absent.append(line)
        rest = iter(ahead if place is None else ahead[place + 1 :])
    return absent


def typed(command: str, folder: Path) -> list[str]:
    """Run ``command`` in a shell and return what it printed on both outputs."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 - our own page, word for word
        ["bash", "-c", command],  # noqa: S607 - the shell of whoever reads the page
        cwd=folder,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def await_server() -> None:
    """Wait until something listens where the page says, a minute at most."""
    for _ in range(120):
        with contextlib.suppress(OSError), socket.create_connection(ADDRESS, timeout=1):
            return
        time.sleep(0.5)


def walk(folder: Path) -> int:
    """Take the tour in ``folder``; return how many lines were not as shown."""
    wrong = 0
    (folder / "docs").symlink_to(ROOT / "docs")
    for command, shown in tour((ROOT / "README.md").read_text("utf-8")):
        if command == SERVER:
            typed(f"nohup {command} > server.log 2>&1 &", folder)
            await_server()
            continue
        printed = typed(command, folder)
        if absent := missing(shown, printed):
            wrong += len(absent)
            print(f"$ {command}", *(f"  not printed: {line}" for line in absent), sep="\n")
            print("  printed:", *printed[:20], *printed[20:][-5:], sep="\n    ")
        time.sleep(1 if command.startswith("curl") else 0)
    return wrong


def main() -> int:
    """Take the tour; 1 if anything was not as shown."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            wrong = walk(folder)
        finally:
            typed("kill $(cat andon-data/lock)", folder)
            time.sleep(1)
    print(
        f"{wrong} lines of README.md are not as printed"
        if wrong
        else "README.md shows what is printed"
    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
