"""Record ``andon demo`` on a terminal of its own and write what it showed to docs/assets/demo.svg.

The picture holds the live view at the moment the second wrong bag of coffee came in, then the
figures at the end. Run: ``.venv/bin/python docs/assets/record_demo.py`` (a minute; POSIX only).
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

PICTURE: Final = Path(__file__).with_name("demo.svg")
COLUMNS: Final = 112
ROWS: Final = 40
MOMENT: Final = ("delist-sku COFFEE-DECAF-500", "opened    sku-wrong-item COFFEE")
"""What must be on the screen at the moment that is kept."""

CLOSING: Final = "The week in figures"
_REDRAW: Final = re.compile(r"(?:\r?\x1b\[2K|\x1b\[1A\x1b\[2K)+")
_CONTROL: Final = re.compile(r"\x1b\[\?\d+[hl]")


def record() -> str:
    """Run the demonstration on a pseudo-terminal and return every byte it wrote, as text."""
    child, terminal = pty.fork()
    if child == 0:
        command = Path(sys.executable).with_name("andon")
        wanted = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        os.execve(command, ["andon", "demo"], os.environ | wanted)  # noqa: S606 - our own program
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    written = read_all(terminal)
    os.waitpid(child, 0)
    return written.decode()


def read_all(terminal: int) -> bytes:
    """Return what is written to ``terminal`` until its other end is closed."""
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # how Linux says that the other end is closed
            piece = b""
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def screens(written: str) -> list[str]:
    """Return every picture the live view drew, the last with what was printed after it."""
    return _REDRAW.split(_CONTROL.sub("", written).replace("\r\n", "\n"))


def picture(written: str) -> str:
    """Return the kept moment and the closing figures as SVG."""
    drawn = screens(written)
    kept = next(one for one in drawn if all(words in bare(one) for words in MOMENT))
    after = drawn[-1][bare_place(drawn[-1], CLOSING) :]
    shown = Text.from_ansi(f"{kept.strip()}\n\n{after.strip()}")
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=COLUMNS, file=nowhere, force_terminal=True)
        console.print(shown, no_wrap=True, crop=True)
        return console.export_svg(title="andon demo")


def bare(screen: str) -> str:
    """Return a screen without its colours."""
    return Text.from_ansi(screen).plain


def bare_place(screen: str, words: str) -> int:
    """Return where in ``screen`` the line with ``words`` starts, colours included."""
    return screen.rindex("\n", 0, screen.index(words)) + 1


def main() -> None:
    """Record, and say what was written."""
    PICTURE.write_text(picture(record()), "utf-8")
    print(f"{PICTURE.name}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
