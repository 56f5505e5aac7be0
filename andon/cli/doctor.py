"""``andon doctor``: is everything here that a run needs?"""

from typing import Annotated

import typer

from andon.cli.options import DataOption, FormatOption, PlaybookOption, examples
from andon.cli.output import Format, print_rows, say

EXAMPLES = examples("andon doctor", "andon doctor --data /var/lib/andon --port 8080")

_MARKS = {True: "ok", False: "FAIL"}


def doctor(
    data: DataOption = None,
    playbook: PlaybookOption = None,
    port: Annotated[int | None, typer.Option("--port", help="Port that must be free.")] = None,
    form: FormatOption = Format.TABLE,
) -> None:
    """Check folder, databases, playbook, clock and port; exit with 1 if anything is wrong."""
    from andon.config import read_config
    from andon.examining import examine

    findings = examine(read_config(), data, playbook, port)
    rows = [
        {"result": _MARKS[one.sound], "check": one.name, "found": one.found, "remedy": one.remedy}
        for one in findings
    ]
    print_rows(rows, form)
    wrong = sum(not one.sound for one in findings)
    say(f"{wrong} of {len(findings)} checks failed" if wrong else "all is well")
    if wrong:
        raise typer.Exit(1)
