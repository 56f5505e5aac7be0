"""How the demonstration looks: a live view on a terminal, plain lines elsewhere."""

import os
import shutil
import sys
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from andon.demo_person import NAME, Said
from andon.demonstration import Moment, Score
from schemas.decisions import Action, Verdict
from schemas.problems import Change, ChangeKind, Problem, Severity
from schemas.times import HOUR, MINUTE, instant

_ROWS: Final = 9
_COLOUR: Final = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.WARNING: "yellow",
    Severity.INFO: "cyan",
}
_MARK: Final = {
    ChangeKind.OPENED: "opened",
    ChangeKind.CLEARED: "over",
    ChangeKind.WITHDRAWN: "withdrawn",
    ChangeKind.ATTACHED: "explained",
}


@dataclass(slots=True)
class LiveView:
    """Problems on the left, actions on the right, the clock and the counts above."""

    console: Console
    _problems: deque[Change] = field(default_factory=lambda: deque(maxlen=_ROWS))
    _actions: deque[Text] = field(default_factory=lambda: deque(maxlen=_ROWS))
    _live: Live | None = None

    def __enter__(self) -> Self:
        self._live = Live(console=self.console, refresh_per_second=12)
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.__exit__(kind, error, trace)

    def show(self, moment: Moment, score: Score) -> None:
        """Show what one step brought."""
        self._problems.extend(moment.changes)
        self._actions.extend(said_line(said) for said in moment.said)
        self._actions.extend(action_line(action) for action in moment.performed)
        if self._live:
            self._live.update(Group(_head(moment, score), self._body()))

    def _body(self) -> RenderableType:
        grid = Table.grid(expand=True, padding=(0, 1))
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        problems = Panel(_lines(map(problem_line, self._problems)), title="problems")
        actions = Panel(_lines(self._actions), title="actions")
        grid.add_row(problems, actions)
        return grid


@dataclass(slots=True)
class PlainView:
    """A line a day, and one for whatever is critical."""

    console: Console
    _day: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, moment: Moment, score: Score) -> None:
        """Show what one step brought, if it is worth a line."""
        day = f"{instant(moment.clock):%A %d %B}"
        if day != self._day:
            self._day = day
            self.console.print(_head(moment, score), soft_wrap=True)
        for change in moment.changes:
            if change.problem.severity is Severity.CRITICAL:
                self.console.print("  ", problem_line(change), soft_wrap=True)
        for said in moment.said:
            self.console.print("  ", said_line(said), soft_wrap=True)
        for action in moment.performed:
            if action.target_type == "sku":
                self.console.print("  ", action_line(action), soft_wrap=True)


def _head(moment: Moment, score: Score) -> Text:
    still_open = sum(problem.is_open for problem in score.problems.values())
    counts = (
        f"{score.events:>7,} events  {len(score.problems):>5,} problems  "
        f"{still_open:>4,} open  {len(score.done):>5,} actions performed"
    )
    return Text.assemble((f"{instant(moment.clock):%a %d %b %H:%M}  ", "bold"), counts)


def _lines(lines: Iterable[Text]) -> Text:
    shown = list(lines)
    joined = Text("\n").join([*shown, *[Text()] * (_ROWS - len(shown))])
    joined.no_wrap, joined.overflow = True, "ellipsis"
    return joined


def problem_line(change: Change) -> Text:
    """Return one line about what happened to a problem."""
    problem = change.problem
    style = _COLOUR[problem.severity] if change.what is ChangeKind.OPENED else "dim"
    when = f"{instant(change.at):%a %H:%M} "
    line = Text.assemble((when, "dim"), (f"{_MARK[change.what]:9} {_words(problem)}", style))
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _words(problem: Problem) -> str:
    return f"{problem.kind} {problem.subject}"


def action_line(action: Action) -> Text:
    """Return one line about what was done."""
    style = "bold magenta" if action.target_type == "sku" else "green"
    line = Text.assemble((f"{action.name} ", style), action.target)
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def said_line(said: Said) -> Text:
    """Return one line about what a person said."""
    words = f"{NAME}: {said.verb} {said.action.name} "
    line = Text.assemble((words, "bold cyan"), f"{said.action.target} ", (f"({said.why})", "dim"))
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def closing(score: Score, home: Path, seconds: float) -> RenderableType:
    """Return the summary at the end of the week, with what to try next."""
    table = Table.grid(padding=(0, 2))
    for name, value in _figures(score, seconds):
        table.add_row(Text(name, "dim"), Text(value, "bold"))
    data, andon = home / "data", _command()
    following = (
        f"{andon} explain O-DECAF-01 --data {data}",
        f"{andon} problems --kind sku-wrong-item --state any --data {data}",
        f"{andon} actions --name delist-sku --data {data}",
        f"{andon} queue --data {data}",
        f"{andon} report --data {data}",
        f"{andon} playbook show > shop.yaml && {andon} playbook check shop.yaml",
        f"{andon} run --http",
    )
    after = Text("\n".join(("", "What to try next:", *(f"  {line}" for line in following))))
    return Group(Text("\nThe week in figures", "bold"), table, after)


def _command() -> str:
    """Return how this program is called from here: its path where its name alone is not found."""
    return "andon" if shutil.which("andon") else os.path.relpath(sys.argv[0])


def _figures(score: Score, seconds: float) -> Iterable[tuple[str, str]]:
    knew = score.knew_first
    known = "no contacts" if knew.rate is None else f"{knew.rate:.0%} of {knew.contacts} contacts"
    yield "events", f"{score.events:,} in {seconds:.0f} seconds"
    yield "problems found", f"{len(score.problems):,}"
    yield "knew first", known
    yield "median lead", _span(knew.median_lead)
    yield "actions performed", f"{len(score.done):,}"
    said = Counter(one.verb for one in score.said)
    yield "waited for a person", f"{score.verdicts[Verdict.OVER_BUDGET]} plans over a budget"
    yield "said by a person", ", ".join(f"{count} {verb}" for verb, count in said.items()) or "-"
    yield "corrected by itself", f"{score.verdicts[Verdict.COMPENSATE]} problems withdrawn"
    yield "credits paid", ", ".join(str(money) for money in score.credits) or "none"
    yield "SKUs pulled", ", ".join(score.pulled) or "none"


def _span(lead: int | None) -> str:
    if lead is None:
        return "-"
    hours, minutes = lead // HOUR, lead % HOUR // MINUTE
    return f"{hours} h {minutes:02} min before the customer's contact"
