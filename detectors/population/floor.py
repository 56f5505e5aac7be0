"""The floor below the statistics: two wrong items for one customer, or one each for several."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple

from detectors.observations import Observation, Repair, Replacement, Report
from detectors.population.files import News, SkuFile
from detectors.population.register import Move, Register, of_kind
from detectors.population.rules import PopulationRules
from schemas.problems import Change
from schemas.times import NEVER, ms

IsKnown = Callable[[str, str], bool]
"""Whether a problem of a kind is open about a SKU, for another reason."""


Needed = Callable[[str], int]
"""How many customers with one wrong item each are more than chance brings a SKU."""


@dataclass(slots=True)
class Docket:
    """What waits for the end of a period: observations, and SKUs to look at again."""

    observations: list[Observation] = field(default_factory=list)
    skus: set[str] = field(default_factory=set)


class Remembered(NamedTuple):
    """A fact of the period that ended at ``end`` (ms UTC)."""

    end: int
    fact: Report | Replacement | Repair


class Floor:
    """Wrong items by SKU: a pure function of the set of observations.

    Silent stretches cost nothing: only periods with observations, and those in which a problem may
    expire, are judged. What is older than windows and horizon together is forgotten.
    """

    def __init__(self, rules: PopulationRules, horizon: int) -> None:
        """Start without knowledge; a journey can take a report back for ``horizon`` ms."""
        self._rules = rules
        self._retention = ms(max(rules.strike_window, rules.customers_window)) + horizon
        self._dockets: dict[int, Docket] = {}
        self._ends: list[int] = []
        """A heap of the keys of ``_dockets``."""
        self._register = Register()
        self._files: dict[str, SkuFile] = {}
        self._memory: deque[Remembered] = deque()

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return the SKUs about which something is remembered, in the order of their names."""
        return tuple(sorted(self._files))

    def observe(self, observations: Iterable[Observation]) -> None:
        """Take in what became known in periods that have not been judged."""
        for observation in observations:
            self._docket(self._rules.end_of(observation.at)).observations.append(observation)

    @property
    def next_end(self) -> int:
        """Return the end of the next period that has to be judged (ms UTC), else ``NEVER``."""
        return self._ends[0] if self._ends else NEVER

    def has_news(self, end: int) -> bool:
        """Whether anything happened in the period that ends at ``end`` (ms UTC)."""
        docket = self._dockets.get(end)
        return docket is not None and bool(docket.observations)

    def is_open(self, kind: str, sku: str) -> bool:
        """Whether a problem of ``kind`` is open about a SKU."""
        return sku in self._files and self._files[sku].is_open(kind)

    def _docket(self, end: int) -> Docket:
        if end not in self._dockets:
            self._dockets[end] = Docket()
            heappush(self._ends, end)
        return self._dockets[end]

    def judge(self, is_known: IsKnown, needed: Needed) -> list[Change]:
        """Judge the next period; ``is_known`` tells what is open for another reason already.

        ``needed`` says how many customers are more than chance brings a SKU.
        """
        end = heappop(self._ends)
        self._forget(end - self._retention)
        docket = self._dockets.pop(end)
        news = {sku: News() for sku in docket.skus if sku in self._files}
        facts, moves = self._register.update(docket.observations)
        for move in moves:
            self._move(move, news)
        repairs = self._repairs(docket.observations, news)
        self._memory.extend(Remembered(end, fact) for fact in (*facts, *repairs))
        return [
            change
            for sku in sorted(news)
            for change in self._decide(sku, end, news[sku], is_known, needed)
        ]

    def _move(self, move: Move, news: dict[str, News]) -> None:
        if move.before is not None:
            self._files[move.before].remove(move.report)
            news.setdefault(move.before, News()).removed.append(move.cause)
        if move.after is not None:
            self._file(move.after).add(move.report)
            news.setdefault(move.after, News())

    def _repairs(self, observations: list[Observation], news: dict[str, News]) -> list[Repair]:
        """Return the repairs that occurred after all known ones of their SKU."""
        found = []
        for repair in of_kind(Repair, observations):
            told = news.setdefault(repair.sku, News())
            known = told.repair or self._file(repair.sku).repair
            if known is None or repair.cause.occurred_at > known.cause.occurred_at:
                told.repair = repair
                found.append(repair)
        return found

    def _file(self, sku: str) -> SkuFile:
        if sku not in self._files:
            self._files[sku] = SkuFile(sku, self._rules)
        return self._files[sku]

    def _decide(
        self, sku: str, end: int, news: News, is_known: IsKnown, needed: Needed
    ) -> list[Change]:
        file = self._files[sku]
        news.customers_needed = needed(sku)
        changes = file.judge(end, news, is_known)
        again = file.look_again()
        if again < NEVER:
            self._docket(self._rules.end_of(again)).skus.add(sku)
        self._tidy(sku)
        return changes

    def _tidy(self, sku: str) -> None:
        if self._files[sku].is_empty:
            del self._files[sku]

    def _forget(self, oldest: int) -> None:
        """Forget what became known in periods that ended before ``oldest`` (ms UTC)."""
        while self._memory and self._memory[0].end < oldest:
            fact = self._memory.popleft().fact
            sku = fact.sku if isinstance(fact, Repair) else self._register.forget(fact)
            if sku is not None:
                self._files[sku].forget(fact)
                self._tidy(sku)
