"""What a snapshot leaves out because the running engine brings its own: settings, not state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType, MethodType
from typing import Any, Final, NoReturn, cast

from detectors.journeys.folds import Fact
from detectors.journeys.tables import ROWS, Table
from detectors.population.defects import DEFECTS, Defect
from detectors.population.populations import Probe
from detectors.population.rules import PopulationRules, SellerRules
from detectors.question import Question
from detectors.registry import DETECTORS


class Unreadable(Exception):  # noqa: N818 - read as a sentence: the snapshot is unreadable
    """A snapshot cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The parts of an engine that come from the playbook, put into every state that is loaded."""

    questions: Sequence[Question] = DETECTORS
    defects: Sequence[Defect] = DEFECTS
    rules: PopulationRules = field(default_factory=PopulationRules)


def question(kind: str) -> NoReturn:
    """Stand for the question called ``kind``; only :func:`answers` can say which that is."""
    raise Unreadable(f"the question {kind} is known to an engine only")


def defect(name: str, charged: tuple[str, ...]) -> NoReturn:
    """Stand for the defect ``name`` that counts against the subject types ``charged``."""
    raise Unreadable(f"the defect {name} of {charged} is known to an engine only")


def fact(table: Table, name: str) -> NoReturn:
    """Stand for the fact ``name`` of a table."""
    raise Unreadable(f"the fact {name} of {table.name} is known to an engine only")


def rules(name: str) -> NoReturn:
    """Stand for the judge's rules (no name), or for what is called ``name`` of them."""
    raise Unreadable(f"the rules ({name}) are known to an engine only")


def nothing() -> None:
    """Stand for somebody who watched the engine: whoever loads it is another one."""


_FACTS: Final[Mapping[int, tuple[Table, str]]] = {
    id(one): (table, name) for table, rows in ROWS.items() for name, one in rows.facts.items()
}
"""Facts are declarations: each is itself wherever it is mentioned."""

StandIn = tuple[Callable[..., object], tuple[object, ...]]
"""What is pickled instead: one of the functions above with its arguments."""


def _asks(kind: type) -> bool:
    return all(hasattr(kind, name) for name in ("kind", "table", "due"))


def _method(method: Any) -> StandIn:  # noqa: ANN401 - of whatever class
    if isinstance(method.__self__, PopulationRules):
        return rules, (method.__name__,)
    return nothing, ()


def _function(function: Any) -> StandIn | Any:  # noqa: ANN401 - see above
    return (nothing, ()) if "<locals>" in function.__qualname__ else NotImplemented


_STAND_INS: Final[Mapping[type, Callable[[Any], StandIn]]] = {
    Fact: lambda thing: (fact, _FACTS[id(thing)]),
    Defect: lambda thing: (defect, (thing.name, thing.charged)),
    PopulationRules: lambda _: (rules, ("",)),
    SellerRules: lambda _: (rules, ("sellers",)),
    Probe: lambda _: (nothing, ()),
    MethodType: _method,
    FunctionType: _function,
}


def stand_in(thing: object) -> StandIn | Any:  # noqa: ANN401 - NotImplemented has no type of its own
    """Return what is pickled instead of ``thing``, ``NotImplemented`` where it is itself."""
    kind = type(thing)
    if kind in _STAND_INS:
        return _STAND_INS[kind](thing)
    if _asks(kind):
        return question, (cast("Question", thing).kind,)
    return NotImplemented


def answers(settings: Settings) -> dict[str, Callable[..., object]]:
    """Return what each stand-in means in an engine with ``settings``, by its name."""
    own = [one.question for one in settings.defects if one.question is not None]
    questions = {one.kind: one for one in (*own, *settings.questions)}
    defects = {(one.name, one.charged): one for one in settings.defects}

    def of_rules(name: str) -> object:
        if name not in ("", "sellers", "ends_of", "end_of"):
            raise Unreadable(f"rules have no {name}")
        return getattr(settings.rules, name) if name else settings.rules

    return {
        "question": lambda kind: _known(questions, kind, "question"),
        "defect": lambda name, charged: _known(defects, (name, charged), "defect"),
        "fact": lambda table, name: _known(ROWS[table].facts, name, "fact"),
        "rules": of_rules,
        "nothing": nothing,
    }


def _known(things: Mapping[Any, object], key: object, what: str) -> object:
    if key not in things:
        raise Unreadable(f"the {what} {key} is not asked any more")
    return things[key]
