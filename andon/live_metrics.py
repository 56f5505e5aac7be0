"""What monitors read of a worker on Kafka: how far it is, what waits, how its snapshots fare."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from andon.metrics import PREFIX, Gauges, Scrape
from andon.verified import last_verified
from andon.wiring import Parts
from streams.embedded import wall_clock
from streams.folder import Folder
from streams.keeping import Kept
from streams.live import Work


class Living(Collector):
    """Collects from the parts of a worker at the moment it is read."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def collect(self) -> Iterator[Metric]:
        """Yield every metric family of the parts that this worker has."""
        work = self._work
        if work.reader is not None:
            yield from self._of_reader()
        if work.judge is not None:
            told = work.judge.status
            yield gauge("judge", "1 where this worker judges groups.", int(told.is_judge))
            yield gauge("judge_lag_records", "Accounts not heard yet.", told.lag)
            yield counter("judge_repeated", "Accounts that had been heard before.", told.repeated)
            yield gauge("judge_gaps", "Partitions of which accounts are missing.", told.gaps)
            yield counter("judge_gaps_asked", "Times missing accounts were asked for.", told.asked)
            yield counter(
                "judge_started_over", "Times all accounts were heard anew.", told.started_over
            )
            yield counter("judge_dead_letters", "Records that were no accounts.", told.letters)
            yield _behind("judge", told.clock)
        if work.desk is not None:
            deciding = work.desk.desk.status
            yield gauge("desk", "1 where this worker decides.", int(work.desk.is_desk))
            yield gauge("desk_held", "Changes whose slot is not over.", deciding.held)
            yield _behind("desk", deciding.clock)
        yield from self._of_snapshots()

    def _of_reader(self) -> Iterator[Metric]:
        reader = self._work.reader
        if reader is None:
            return
        told = reader.status
        yield gauge("partitions_assigned", "Partitions of this worker.", told.assigned)
        yield gauge("consumer_lag_records", "Records there and not read yet.", told.lag)
        yield counter("partition_events", "Events decided on since restored.", told.events)
        yield counter("dead_letters", "Records that were no events.", told.letters)
        yield counter("told_again", "Times lost accounts were told again.", told.told_again)
        yield counter("late", "Stamps that went back and were cut.", told.late)
        yield _behind("reader", told.decided)
        offset_s = (self._work.outlet.clock_offset_ms or 0) / 1000
        yield gauge("broker_clock_offset_seconds", "The broker's clock less ours.", offset_s)

    def _of_snapshots(self) -> Iterator[Metric]:
        every = [part.kept for part in (self._work.reader, self._work.judge) if part is not None]
        if not every:
            return
        yield counter("snapshots_saved", "Snapshots written.", _sum(every, "saved"))
        yield counter("snapshots_failed", "Snapshots refused.", _sum(every, "failed"))
        yield counter("snapshots_loaded", "Snapshots read.", _sum(every, "loaded"))
        yield counter("snapshot_bytes", "Bytes written.", _sum(every, "written_bytes"))
        newest = max(kept.newest_at for kept in every)
        if newest:
            age_s = (wall_clock() - newest) / 1000
            yield gauge("snapshot_age_seconds", "Since the newest was begun.", age_s)


def _sum(every: list[Kept], name: str) -> int:
    return sum(int(getattr(kept, name)) for kept in every)


def gauge(name: str, about: str, value: float) -> Metric:
    """Return what may rise and fall, under our prefix."""
    return GaugeMetricFamily(f"{PREFIX}_{name}", about, value)


def counter(name: str, about: str, value: float) -> Metric:
    """Return what only grows, under our prefix."""
    return CounterMetricFamily(f"{PREFIX}_{name}", about, value)


def _behind(part: str, clock: int) -> Metric:
    """Return how far a part is behind the wall clock, in recorded time."""
    family = GaugeMetricFamily(
        f"{PREFIX}_{part}_behind_seconds", "From the recorded time decided up to, to now."
    )
    if clock:
        family.add_metric([], max(0.0, (wall_clock() - clock) / 1000))
    return family


def live_exposition(work: Work, parts: Parts | None, folder: Folder) -> Callable[[], bytes]:
    """Return what writes all metrics of a worker in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(Living(work))
    if parts is not None:
        registry.register(Scrape(parts.counts, parts.ledger, _gauges(work, parts, folder)))
    return lambda: generate_latest(registry)


def _gauges(work: Work, parts: Parts, folder: Folder) -> Gauges:
    reader, desk = work.reader, work.desk
    return Gauges(
        events=lambda: reader.status.events if reader else 0,
        rejected=lambda: reader.status.letters if reader else 0,
        log_clock=lambda: desk.desk.status.clock if desk else 0,
        now=wall_clock,
        doubts=lambda: reader.status.doubts if reader else {},
        breakers=parts.breakers.states,
        verified=lambda: last_verified(folder),
    )
