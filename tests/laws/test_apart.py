"""Partitions, judge and desk apart, each at its own pace and dying as it likes: one answer."""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from andon.simulate.story import decaf_week
from detectors.population.defects import DEFECTS
from detectors.registry import DETECTORS, registered
from schemas.codec import Decoder
from schemas.events import Event, OrderPlaced
from schemas.problems import Change, problems_digest
from schemas.times import HOUR, NEVER, ms
from streams.accounts import encoded
from streams.engine import HORIZON, RULES, Engine
from streams.found import Slots, decode_found, encode_found
from streams.group import LOG, Group, News
from streams.judging import Gap, Seat
from streams.live_judge import founds
from streams.partition import by_type
from streams.replay import Replayed, replay_paths
from streams.snapshots import Settings, Snapshots
from streams.testing_groups import Logs, Read, a_group, logs_of
from streams.wire import again_record

SETTINGS: Final = Settings(registered(*DETECTORS), DEFECTS, RULES)
MOST_STEPS: Final = 20_000
TOPICS: Final = ("events", "contacts")


@dataclass
class Apart:
    """A shop on Kafka without Kafka: what is written stays, and is read again after each death."""

    logs: Logs
    chance: random.Random
    store: Snapshots
    most: int
    """Records read at a time, at most."""
    largest: int
    """Bytes of a record of accounts, at most."""
    deaths: float
    """How likely something dies at a step."""
    losses: float = 0.0
    """How likely what a partition tells does not arrive, though it was told."""
    accounts: list[bytes] = field(default_factory=list)
    problems: list[bytes] = field(default_factory=list)
    decided: list[Change] = field(default_factory=list)
    said: list[tuple[int, str]] = field(default_factory=list)
    died: int = 0
    lost: int = 0
    answered: int = 0

    def __post_init__(self) -> None:
        self.of = len(self.logs) - 1
        self.groups = {number: a_group(*TOPICS, number=number) for number in self.logs}
        self.seat, self.heard, self.published = Seat(RULES, ms(HORIZON)), 0, (-1, False)
        self.asked: set[Gap] = set()
        self.desk: Slots[int] = Slots(HOUR)
        self.taken, self.open = 0, set[int]()
        self.known: set[tuple[str, str, int]] = set()

    def run(self) -> None:
        """Go on until everything is read, and all that was written as well."""
        for _ in range(MOST_STEPS):
            if self.is_done:
                return
            self.read(self.chance.choice(list(self.logs)))
            for part in (self.judge, self.decide):
                if self.chance.random() < 0.5:
                    part()
            if self.chance.random() < self.deaths:
                self.chance.choice((self.lose_group, self.lose_seat, self.lose_desk))()
        pytest.fail("something waits for what never comes")

    @property
    def is_done(self) -> bool:
        read = all(
            tail.next_offset == len(self.logs[number][topic])
            for number, group in self.groups.items()
            for topic, tail in group.tails.items()
        )
        told = not any(group.has_news for group in self.groups.values())
        heard = self.heard == len(self.accounts) and self.published == (self.seat.clock, True)
        return read and told and heard and self.taken == len(self.problems) and not self.desk.held

    # ----- partitions -----

    def read(self, number: int) -> None:
        group, topic = self.groups[number], self.chance.choice(TOPICS)
        start = max(0, group.tails[topic].next_offset - self.chance.choice((0, 0, 3)))
        size = self.chance.randint(1, self.most)
        assert group.take(topic, self.logs[number][topic][start : start + size]) == []
        if group.again is not None:
            since = group.again
            group = self.restored(number, lambda header: header["clock"] <= since)
            self.answered += 1
            group.answered = len(self.logs[number][TOPICS[0]])
        if group.has_news and self.chance.random() < 0.7:
            self.tell(group)

    def tell(self, group: Group) -> None:
        settled = group.settle()
        if settled.is_end or self.chance.random() >= self.losses:
            self.accounts += encoded(settled.telling(group.number, self.of), self.largest)
        else:
            self.lost += 1
        if self.chance.random() < self.deaths:
            header = {"offsets": group.offsets, "clock": group.state.clock}
            header["answered"] = group.answered
            self.store.save(f"partition-{group.number}", header, group.state, "same")

    def lose_group(self) -> None:
        self.restored(self.chance.choice(list(self.logs)), lambda _: True)
        self.died += 1

    def restored(self, number: int, fits: Callable[[Mapping[str, Any]], bool]) -> Group:
        loaded = self.store.load(f"partition-{number}", "same", SETTINGS, fits)
        group = a_group(*TOPICS, number=number)
        group.answered = len(self.logs[number][TOPICS[0]])
        if loaded is not None:
            header = loaded.header
            group = Group(number, loaded.state, header["offsets"], LOG, header["answered"])
        self.groups[number] = group
        return group

    # ----- the judge -----

    def judge(self) -> None:
        end = min(len(self.accounts), self.heard + self.chance.randint(1, 30))
        self.seat.is_from_beginning |= self.heard == 0
        for data in self.accounts[self.heard : end]:
            self.seat.hear(data)
        self.heard = end
        if end == len(self.accounts):
            self.ask()
        judged = self.seat.decide()
        told = (judged.clock, self.seat.is_end)
        if judged.changes or judged.said or told != self.published:
            self.problems += map(encode_found, founds(judged, is_end=self.seat.is_end))
            self.published = told
        if self.chance.random() < self.deaths:
            self.store.save("judge", {"heard": self.heard}, self.seat, "same")

    def ask(self) -> None:
        gaps = set(self.seat.gaps.values())
        for gap in sorted(gaps - self.asked):
            log = self.logs[gap.partition][TOPICS[0]]
            headers, value = again_record(gap.since)
            log.append(Read(len(log), value, headers=headers))
        self.asked = gaps

    def lose_seat(self) -> None:
        loaded = self.store.load("judge", "same", SETTINGS)
        self.seat = loaded.state if loaded else Seat(RULES, ms(HORIZON))
        self.heard, self.published = loaded.header["heard"] if loaded else 0, (-1, False)
        self.asked = set()
        self.died += 1

    # ----- the desk -----

    def decide(self) -> None:
        end = min(len(self.problems), self.taken + self.chance.randint(1, 30))
        for offset in range(self.taken, end):
            self.desk.offer(decode_found(self.problems[offset]), offset)
            self.open.add(offset)
        self.taken = end
        ready = self.desk.ready()
        self.said += ready.events
        for change in ready.changes:
            mark = (change.problem.id, change.what, change.at)
            if mark not in self.known:
                self.known.add(mark)
                self.decided.append(change)
        self.open -= set(ready.done)

    def lose_desk(self) -> None:
        self.desk = Slots(HOUR)
        self.taken, self.open = min(self.open, default=self.taken), set()
        self.died += 1


def marks(changes: Sequence[Change]) -> set[Any]:
    return {(change.problem.id, change.what, change.at) for change in changes}


Known = dict[tuple[str, Any], int]


def first_told(said: Iterable[tuple[int, Event]]) -> Known:
    """Return when each contact, and what each order says of its customer, is told first, ms UTC."""
    known: Known = {}
    for at, event in sorted(said, key=lambda one: one[0]):
        of_order = isinstance(event, OrderPlaced) and (event.customer_id, event.customer)
        known.setdefault(of_order or (event.id, None), at)
    return known


def worth_telling(recording: Path) -> Known:
    """Return what a desk must have heard of customers, whoever read it."""
    decoded = Decoder().decode_lines(recording.read_bytes())
    typed = by_type(decoded.events, decoded.occurred, decoded.recorded, NEVER)
    return first_told(News().of(typed))


def heard_by(shop: Apart) -> Known:
    """Return what the desk did hear."""
    events = Decoder().decode_lines("\n".join(text for _, text in shop.said).encode()).events
    return first_told((at, event) for (at, _), event in zip(shop.said, events, strict=True))


def check(shop: Apart, answer: Replayed, recording: Path) -> None:
    """The problems, every change of them and the order in which they are decided are the same."""
    newest = {change.problem.id: change.problem for change in shop.decided}

    assert problems_digest(list(newest.values())) == problems_digest(answer.problems)
    assert newest == {problem.id: problem for problem in answer.problems}
    assert marks(shop.decided) == marks(answer.changes)
    assert [c.at for c in shop.decided] == sorted(c.at for c in answer.changes)
    assert heard_by(shop) == worth_telling(recording)
    assert shop.died


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return decaf_week(1, tmp_path_factory.mktemp("week")).events_path


@pytest.fixture(scope="module")
def answer_of_week(week: Path) -> Replayed:
    return replay_paths([week], Engine())


@pytest.fixture(scope="module")
def answer(world_path: Path) -> Replayed:
    return replay_paths([world_path], Engine())


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("partitions", [1, 4, 12])
def test_parts_that_go_at_any_pace_and_die_give_the_answer_of_one_engine(
    world_path: Path, answer: Replayed, tmp_path: Path, partitions: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    logs = logs_of(world_path, partitions, *TOPICS)
    most = chance.choice((30, 100))
    shop = Apart(logs, chance, Snapshots(tmp_path), most, largest=3_000, deaths=0.05)
    shop.run()

    check(shop, answer, world_path)


@pytest.mark.parametrize("partitions", [1, 4])
def test_a_week_in_which_a_sku_is_found_gives_the_answer_of_one_engine(
    week: Path, answer_of_week: Replayed, tmp_path: Path, partitions: int
) -> None:
    chance = random.Random(partitions)  # noqa: S311 - not for secrets
    logs = logs_of(week, partitions, *TOPICS)
    shop = Apart(logs, chance, Snapshots(tmp_path), 1_500, largest=20_000, deaths=0.05)
    shop.run()

    check(shop, answer_of_week, week)
    assert any(p.kind == "sku-wrong-item" for p in answer_of_week.problems)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("partitions", [1, 4])
def test_accounts_that_are_lost_are_told_again_and_the_answer_is_that_of_one_engine(
    world_path: Path, answer: Replayed, tmp_path: Path, partitions: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    logs = logs_of(world_path, partitions, *TOPICS)
    shop = Apart(logs, chance, Snapshots(tmp_path), 100, largest=3_000, deaths=0.05, losses=0.3)
    shop.run()

    check(shop, answer, world_path)
    assert shop.lost
    assert shop.answered
