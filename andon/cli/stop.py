"""``andon stop`` and ``andon start``: the cord that anyone may pull, for everything or one rule."""

from pathlib import Path
from typing import Annotated

import typer

from andon.cli.options import DataOption, WhoOption, WhyOption, examples
from andon.cli.output import say

STOP_EXAMPLES = examples(
    'andon stop --why "credits go to the wrong customers"',
    'andon stop --rule "late delivery" --why "the carrier sent wrong dates"',
)
START_EXAMPLES = examples('andon start --why "the carrier has sent new dates"')

RuleOption = Annotated[
    str | None, typer.Option("--rule", help="Only this rule of the playbook.", show_default=False)
]


def stop(
    why: WhyOption, rule: RuleOption = None, who: WhoOption = None, data: DataOption = None
) -> None:
    """Stop acting at once: nothing more is performed until somebody starts it again.

    Problems are still found. What would have been done is decided when it starts again.
    """
    _switch("stop", rule, who, why, data)
    say(f"stopped: {_named(rule)}; problems are still found, see andon actions")


def start(
    why: WhyOption, rule: RuleOption = None, who: WhoOption = None, data: DataOption = None
) -> None:
    """Act again; without a rule everything that was stopped starts."""
    _switch("start", rule, who, why, data)
    say(f"started: {_named(rule)}; what was held goes on, what has grown too old waits for you")


def _switch(verb: str, rule: str | None, who: str | None, why: str, data: Path | None) -> None:
    from andon.persons import open_desk, spoken
    from andon.wiring import NotPossible
    from schemas.commands import EVERYTHING, Command, Verb

    word = spoken(who, why)
    with open_desk(data) as desk:
        names = [one.name for one in desk.playbook.rules]
        if rule is not None and rule not in names:
            raise NotPossible(f"no rule is called {rule!r}; there are: {', '.join(names)}")
        kind, target = ("everything", EVERYTHING) if rule is None else ("rule", rule)
        desk.tell(Command(verb=Verb(verb), target_type=kind, target=target, word=word))


def _named(rule: str | None) -> str:
    return "everything" if rule is None else f"the rule {rule!r}"
