"""One worker on Kafka, from settings to exit code."""

import hashlib
import json
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from actions.appeals import upheld_after
from actions.playbook import Playbook
from andon.config import Config
from andon.heeding import Heeding
from andon.ingesting import Known
from andon.kafka import cluster
from andon.live_metrics import live_exposition
from andon.running import listening
from andon.seeding import NO_SNAPSHOTS
from andon.standing import standing_in
from andon.wiring import (
    AWAY,
    NotPossible,
    Parts,
    build_detectors,
    build_rules,
    open_parts,
    read_playbook,
)
from detectors.population.defects import DEFECTS
from detectors.registry import registered
from schemas.events import Event
from schemas.times import ms
from streams.engine import HORIZON
from streams.folder import Folder
from streams.group import LIVE, LOG
from streams.judging import Seat
from streams.keeping import Keeper
from streams.live import Work, run_worker
from streams.live_deciding import DeskService, nobody_speaks
from streams.live_desk import LiveDesk
from streams.live_judge import JudgeService
from streams.live_reader import Reader
from streams.live_settings import PARTS, LiveSettings
from streams.outlet import Outlet
from streams.partition import Partition
from streams.snapshots import Settings, Snapshots
from streams.topics import differences, topics

WORKER: Final = "worker"
"""The role that is all parts of a worker."""

_log = structlog.get_logger("andon")


@dataclass(frozen=True, slots=True)
class Living:
    """What the caller asked for."""

    kafka: str | None
    prefix: str | None
    roles: frozenset[str]
    worker: str
    recording: bool
    web: tuple[str, int]
    snapshots: str
    data: Path
    playbook: Path | None


def run_live(wanted: Living, config: Config) -> int:
    """Run a worker until it is told to stop or a part fails; return its exit code.

    Raises:
        NotPossible: A setting cannot be used.
        PlaybookError: The playbook holds mistakes.
    """
    settings = _settings(wanted, config)
    playbook = read_playbook(wanted.playbook)
    _refuse_taken_port(settings)
    _refuse_unfit_topics(settings)
    _log.info(
        "worker",
        name=settings.worker,
        kafka=settings.bootstrap,
        parts=sorted(settings.parts),
        clock=settings.clock,
        web=f"http://{settings.web[0]}:{settings.web[1]}",
    )
    with ExitStack() as stack:
        work = Work(settings, Outlet(settings.bootstrap, f"{settings.worker}-reader"))
        keeping = _keeping(wanted, playbook)
        if "reader" in settings.parts:
            work.reader = Reader(settings, work.outlet, keeping(), _partitions(playbook))
        if "judge" in settings.parts:
            outlet = Outlet(settings.bootstrap, f"{settings.worker}-judge")
            work.judge = JudgeService(settings, outlet, keeping(), _seats(playbook))
        parts = None
        if "desk" in settings.parts:
            parts = stack.enter_context(open_parts(Folder(wanted.data), wanted.playbook, config))
            _sit(work, parts)
        elif config.ledger_url:
            known = Known(config.ledger_url)
            stack.callback(known.close)
            work.customer = standing_in(known.opened)
        work.metrics = live_exposition(work, parts, Folder(wanted.data))
        return run_worker(work)


def _refuse_taken_port(settings: LiveSettings) -> None:
    """Refuse to run where the pages cannot be served; Faust would say so in sixty lines."""
    host, port = settings.web
    _, listener = listening(f"{host}:{port}")
    listener.close()


def _refuse_unfit_topics(settings: LiveSettings) -> None:
    """Refuse to run on topics that would not give the one answer.

    Raises:
        KafkaTrouble: No broker answers.
        NotPossible: A topic is missing, or stamps or keeps its records otherwise.
    """
    wanted = topics(settings.names)
    found = differences(settings.bootstrap, wanted)
    if found:
        first = found[0]
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise NotPossible(
            f"{first.topic}: {first.what} is {first.found}, not {first.wanted}{more}: "
            f"{first.remedy}; andon topics check says all"
        )


def parts_of(roles: frozenset[str]) -> frozenset[str]:
    """Return the parts of a worker that ``roles`` name; ``worker`` is all of them.

    Raises:
        NotPossible: There is no such role.
    """
    if unknown := sorted(roles - {WORKER, *PARTS}):
        raise NotPossible(f"no role {', '.join(unknown)}: there are {', '.join((WORKER, *PARTS))}")
    return frozenset(PARTS) if WORKER in roles else roles


def _settings(wanted: Living, config: Config) -> LiveSettings:
    where = cluster(wanted.kafka, wanted.prefix, config)
    folder = Folder(wanted.data)
    folder.path.mkdir(parents=True, exist_ok=True)
    return LiveSettings(
        where.bootstrap,
        worker=wanted.worker or socket.gethostname(),
        names=where.names,
        parts=parts_of(wanted.roles),
        clock=LOG if wanted.recording else LIVE,
        web=wanted.web,
        datadir=str(folder.path / "faust"),
    )


def _keeping(wanted: Living, playbook: Playbook) -> Callable[[], Keeper]:
    """Return what makes a keeper for each part, all of them in one place."""
    store = None if wanted.snapshots == NO_SNAPSHOTS else Snapshots(wanted.snapshots)
    settings = Settings(registered(*build_detectors(playbook)), DEFECTS, build_rules(playbook))
    mark = fingerprint(playbook, recording=wanted.recording)
    return lambda: Keeper(store, mark, settings)


def fingerprint(playbook: Playbook, *, recording: bool) -> str:
    """Return what a state depends on: settings of detectors and populations, and whose clock."""
    form = playbook.form
    told = {
        "detectors": {
            kind: {name: str(setting.value) for name, setting in settings.items()}
            for kind, settings in playbook.detectors.items()
        },
        "populations": form.populations.model_dump(mode="json"),
        "calendar": form.calendar.model_dump(mode="json"),
        "zone": form.zone,
        "clock": LOG if recording else LIVE,
    }
    text = json.dumps(told, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _partitions(playbook: Playbook) -> Callable[[], Partition]:
    asked = registered(*build_detectors(playbook))
    return lambda: Partition(asked, ms(HORIZON), DEFECTS)


def _seats(playbook: Playbook) -> Callable[[], Seat]:
    return lambda: Seat(build_rules(playbook), ms(HORIZON))


def _sit(work: Work, parts: Parts) -> None:
    """Give ``work`` a desk over the ledger of ``parts``."""
    is_log = work.settings.clock == LOG
    desk: LiveDesk[int] = LiveDesk(
        parts.settle,
        parts.hear,
        perform=lambda now: bool(parts.perform(now)),
        is_log=is_log,
        away=AWAY,
    )
    heeding = Heeding(parts)
    if not parts.performs:
        _log.warning("no ANDON_WEBHOOK_URL: actions are planned and wait, nobody performs them")
    outlet = Outlet(work.settings.bootstrap, f"{work.settings.worker}-desk")

    def speak(number: int) -> list[tuple[int, Event]]:
        try:
            return list(upheld_after(parts.ledger, number))
        except AWAY:
            return []

    work.desk = DeskService(work.settings, outlet, desk, nobody_speaks if is_log else speak)
    work.obey, work.note = heeding.obey, heeding.note
    work.customer = standing_in(lambda: parts.ledger)
