"""The judge: one per shop, told by every partition what became known, deciding period by period."""

from collections.abc import Iterable, Sequence

from detectors.journeys.vocabulary import Vocabulary
from detectors.observations import Appeal, Exposures, Observation, Repair, Reports
from detectors.population.almanac import Almanac
from detectors.population.children import Children
from detectors.population.floor import Floor
from detectors.population.populations import Populations, Probe, Sitting
from detectors.population.rules import PopulationRules
from detectors.population.whereabouts import sayings
from schemas.problems import Change
from schemas.times import DAY


class Judge:
    """What is wrong with populations: a pure function of all that was told, in whatever pieces.

    Counts and their evidence find what has become bad; the floor finds a SKU that was wrong twice
    for one customer however little evidence that is. Whatever one of them has opened the other one
    does not open again.
    """

    def __init__(self, rules: PopulationRules, horizon: int, probe: Probe | None = None) -> None:
        """Start without knowledge; a journey can take a report back for ``horizon`` ms."""
        self._rules = rules
        self._floor = Floor(rules, horizon)
        self._populations = Populations(rules, probe)
        self._children = Children(horizon)
        self._judged = 0
        """End of the last period that was judged, ms UTC."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return the SKUs about which the floor remembers something, by name."""
        return self._floor.subjects

    @property
    def nbytes(self) -> int:
        """Memory in use by counts, bytes."""
        return self._populations.nbytes

    @property
    def almanac(self) -> Almanac | None:
        """What is usual and how much evidence is needed today; ``None`` before the first unit."""
        return self._populations.almanac

    def subject_types(self, name: str) -> tuple[str, ...]:
        """Return the types of the subjects called ``name`` that units were counted under."""
        return self._populations.subject_types(name)

    def observe(self, observations: Iterable[Observation]) -> None:
        """Take in what became known in periods that have not been judged."""
        told = list(observations)
        self._floor.observe(told)
        for one in told:
            if isinstance(one, (Repair, Appeal)):
                self._populations.mend(one)

    def observe_counts(
        self, source: int, out: Exposures, reports: Reports, words: Vocabulary
    ) -> None:
        """Take in what the partition ``source`` counted; its codes are of ``words``."""
        self._populations.hear(source, out, reports, words)
        self._children.hear(sayings(self._populations.subjects, source, reports, words))

    def place(self, orders: Sequence[Change], groups: Sequence[Change]) -> list[Change]:
        """Return all changes, the problems of ``orders`` under those of ``groups`` behind them.

        ``groups`` is what was judged last, and ``orders`` what was decided since the time before.
        """
        return self._children.place(orders, groups)

    def judge(self, until: int) -> list[Change]:
        """Judge every period that ended before ``until`` (ms UTC), in the order of time."""
        last = self._rules.last_end(until)
        if last <= self._judged:
            return []
        self._judged = last
        changes: list[Change] = []
        for day, out, voices in self._populations.days(last, lambda: self._floor.next_end):
            changes += self._up_to(day * DAY)
            changes += self._populations.begin_day()
            for sitting in self._populations.sittings(last, out, voices):
                changes += self._sit(sitting)
        return changes + self._up_to(last)

    def _sit(self, sitting: Sitting) -> list[Change]:
        """Decide the periods of a sitting one by one."""
        changes: list[Change] = []
        for end in sorted(sitting.readings):
            changes += self._up_to(end)
            found = sitting.readings[end]
            changes += self._populations.decide(end, found, self._floor.is_open)
        changes += self._up_to(sitting.until)
        return changes + self._populations.repair(sitting.until)

    def _up_to(self, end: int) -> list[Change]:
        """Let the floor judge the periods up to the one that ended at ``end`` (ms UTC)."""
        changes: list[Change] = []
        while self._floor.next_end <= end:
            changes += self._floor.judge(
                self._populations.tracks.is_open, self._populations.customers_needed
            )
        return changes

    def close(self, clock: int) -> list[Change]:
        """End the input at ``clock`` (ms UTC): judge the open period if anything happened in it."""
        end = self._rules.end_of(clock - 1)
        happened = self._floor.has_news(end) or self._populations.is_waiting(end)
        return self.judge(end + 1) if happened else []
