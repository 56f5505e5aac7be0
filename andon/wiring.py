"""The one place that knows all parts and joins them."""

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import InterfaceError, OperationalError

from actions.breaker import Breakers
from actions.causes import KINDS as HARMS
from actions.desk import Desk
from actions.executors.grouping import Throttle
from actions.executors.kafka import Kafka
from actions.executors.pagerduty import PagerDuty
from actions.executors.telling import OPS, TAG_OF_ACTION
from actions.executors.webhook import Webhook
from actions.ledger import Ledger
from actions.marks import Fault, PlaybookError
from actions.outbox import ANY, Perform, Relay
from actions.playbook import Playbook, Setting, load_playbook
from actions.quantities import Money
from actions.resolving import ALERTS, RESOLVED
from actions.rounds import Rounds, nobody_performs
from andon.calendars import as_setting, calendars, on_calendars
from andon.config import Config, read_config
from andon.counting import Counted
from andon.metrics import Counts
from andon.reloading import Reloading
from detectors.population.ladders import all_kinds
from detectors.population.populations import Probe
from detectors.population.rules import PopulationRules, SellerRules
from detectors.question import Question
from detectors.registry import DETECTORS
from schemas.decisions import Action, Decision, Outcome, Status
from schemas.problems import Change
from schemas.times import HOUR
from streams.embedded import Hear, wall_clock
from streams.engine import Engine
from streams.folder import Folder

KINDS: Final = tuple(dict.fromkeys((*HARMS, *(found.kind for found in DETECTORS), *all_kinds())))
"""Kinds of problems that a playbook may name: what is known to do harm, and what is looked for."""

TO_OPS: Final = (*ALERTS, RESOLVED)
"""What the operations team is told: beside alerts to partners, Apprise's work."""

AWAY: Final = (OperationalError, InterfaceError)
"""What SQLAlchemy raises when a database does not answer."""

GROUP_WAIT_S: Final = 1.0
ALERTS_A_MINUTE: Final = 10
"""How long an alert waits for others to join it, and how many messages a minute people can read."""

_ANSWERS: Final = {"": False, "no": False, "0": False, "false": False} | dict.fromkeys(
    ("yes", "1", "true"), True
)

_TAGS: Final = re.compile(r"(?P<tags>[a-z]+(,[a-z]+)*)=(?P<address>.+)")


class NotPossible(Exception):  # noqa: N818 - read as a sentence: this is not possible
    """What was asked for cannot be done as asked; the message says what to do instead."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What one run is made of."""

    playbook: Playbook
    engine: Engine
    ledger: Ledger
    settle: Callable[[list[Change], int], list[Decision]]
    perform: Callable[[int], Sequence[Outcome]]
    """Does what people have said, and performs what is due."""
    hear: Hear
    """Notes what events say about customers, before they are kept."""
    counts: Counts
    """What monitors read."""
    breakers: Breakers
    """Which destinations are left in peace."""
    performs: bool
    """Whether anybody is named to perform actions; without, they are planned and wait."""


@contextmanager
def open_parts(folder: Folder, playbook: Path | None, config: Config) -> Iterator[Parts]:
    """Join engine, desk and relay over the ledger of ``folder``; close it afterwards.

    Raises:
        PlaybookError: The playbook holds mistakes.
        LedgerError: The ledger is of a newer version.
    """
    book = read_playbook(playbook)
    with open_ledger(folder, config.ledger_url) as ledger:
        desk = Desk(ledger, book)
        executors = executors_of(config)
        relay = Relay(ledger, executors)
        perform = relay.run_once if executors else nobody_performs
        rounds = Rounds(ledger, desk, perform, [_watch(playbook, book, desk)] if playbook else [])
        counted = Counted(ledger, Counts())
        yield Parts(
            playbook=book,
            engine=build_engine(book),
            ledger=ledger,
            settle=counted.settling(desk.take),
            perform=counted.performing(rounds),
            hear=counted.hear,
            counts=counted.counts,
            breakers=relay.breakers,
            performs=bool(executors),
        )


def _watch(path: Path, book: Playbook, desk: Desk) -> Callable[[], None]:
    return Reloading(path, read_playbook, desk.follow, book).look


def executors_of(config: Config) -> dict[str, Perform]:
    """Return who performs what, by the name of the action; empty if nobody is configured.

    Raises:
        NotPossible: A setting cannot be used; the message says which.
    """
    executors: dict[str, Perform] = {}
    try:
        if config.webhook_url:
            executors[ANY] = _webhook(config)
        if said_yes("actions_to_kafka", config.actions_to_kafka):
            executors[ANY] = _topic_of_actions(config)
        if config.mail_url:
            executors |= _mail(config)
        if config.apprise:
            executors |= _alerts(config.apprise)
        if config.pagerduty_secret:
            executors |= dict.fromkeys(TO_OPS, PagerDuty(config.pagerduty_secret, wall_clock))
    except ValueError as error:
        raise NotPossible(f"who performs actions: {error}") from error
    return executors


def _mail(config: Config) -> dict[str, Perform]:
    """Return who writes mails: alerts where somebody has an address for them, and letters."""
    from andon.mailing import LETTER, mail_of  # noqa: PLC0415 - only if asked

    mail = mail_of(config)
    alerts = (*TO_OPS, *TAG_OF_ACTION)
    names = [name for name in alerts if TAG_OF_ACTION.get(name, OPS) in mail.to]
    return dict.fromkeys([*names, LETTER] if config.mail_customers else names, mail)


def _alerts(addresses: str) -> dict[str, Perform]:
    from actions.executors.apprise import Apprise  # noqa: PLC0415 - a hundred services

    everyone = (OPS, *sorted(set(TAG_OF_ACTION.values())))
    alerts = Apprise(
        dict(_tagged(address, everyone) for address in addresses.split()),
        group_wait_s=GROUP_WAIT_S,
        throttle=Throttle(ALERTS_A_MINUTE),
        clock=wall_clock,
    )
    return dict.fromkeys((*TO_OPS, *TAG_OF_ACTION), alerts)


def _webhook(config: Config) -> Webhook:
    secrets = _listed(config.webhook_secret)
    if not secrets:
        raise NotPossible(
            "ANDON_WEBHOOK_URL needs ANDON_WEBHOOK_SECRET: unsigned actions are not sent"
        )
    return Webhook(config.webhook_url, secrets, wall_clock, _listed(config.webhook_allowed))


def _topic_of_actions(config: Config) -> Kafka:
    from streams.topics import Names  # noqa: PLC0415 - a client of Kafka, which few install

    if config.webhook_url:
        raise NotPossible(
            "ANDON_WEBHOOK_URL and ANDON_ACTIONS_TO_KAFKA contradict: each action has one way out"
        )
    return Kafka(config.kafka, Names(config.kafka_prefix).actions)


def said_yes(name: str, text: str) -> bool:
    """Return what a setting of two answers says; empty is no.

    Raises:
        NotPossible: It is neither.
    """
    if text.lower() not in _ANSWERS:
        raise NotPossible(f"{name} is {text!r}: write yes or no")
    return _ANSWERS[text.lower()]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _tagged(address: str, everyone: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return an Apprise address and its tags; without any of its own it is told everything."""
    found = _TAGS.fullmatch(address)
    if found is None:
        return address, everyone
    return found["address"], tuple(found["tags"].split(","))


@contextmanager
def open_ledger(folder: Folder, url: str | None = None) -> Iterator[Ledger]:
    """Open or create the ledger at ``url``: as configured if not given, else in ``folder``."""
    told = read_config().ledger_url if url is None else url
    ledger = Ledger(told or folder.ledger_url)
    try:
        yield ledger
    finally:
        ledger.close()


def has_ledger(folder: Folder) -> bool:
    """Whether there is a ledger: one that is configured, or the folder's own."""
    return bool(read_config().ledger_url) or folder.ledger.exists()


@contextmanager
def ledger_to_read(data: Path | None, url: str | None = None) -> Iterator[Ledger]:
    """Open a ledger that was written before; raise NotPossible if the folder never has run."""
    config = read_config()
    folder = Folder(data or Path(config.data))
    told = url or config.ledger_url
    if not told and not folder.ledger.exists():
        raise NotPossible(
            f"no ledger in {folder.path}: start `andon run` first, or name the folder by --data"
        )
    with open_ledger(folder, told) as ledger:
        yield ledger


def read_playbook(path: Path | None) -> Playbook:
    """Read the playbook at ``path``, or the shipped one, and check it against the detectors.

    Raises:
        PlaybookError: Every mistake, with file, line and column.
    """
    playbook = load_playbook(path, KINDS)
    build_detectors(playbook)
    return playbook


def build_engine(playbook: Playbook, partitions: int = 1, probe: Probe | None = None) -> Engine:
    """Return a fresh engine whose detectors are set as ``playbook`` says."""
    rules = build_rules(playbook)
    return Engine(build_detectors(playbook), rules=rules, partitions=partitions, probe=probe)


def build_detectors(playbook: Playbook) -> tuple[Question, ...]:
    """Return the registered detectors with the settings of ``playbook``.

    Raises:
        PlaybookError: A setting is unknown, or of the wrong kind.
    """
    faults: list[Fault] = []
    known: dict[str, Any] = {detector.kind: detector for detector in DETECTORS}
    for kind, settings in playbook.detectors.items():
        if kind not in known:
            faults.append(Fault(playbook.detectors_at[kind], _no_such("detector", kind, known)))
        else:
            known[kind] = _set(known[kind], settings, faults)
    if faults:
        raise PlaybookError(faults)
    calendar_of = calendars(playbook.form.calendar.country, playbook.form.zone)
    return tuple(on_calendars(detector, calendar_of) for detector in known.values())


def build_rules(playbook: Playbook) -> PopulationRules:
    """Return the judge's rules with the settings of ``playbook``."""
    told, sellers = playbook.form.populations, playbook.form.populations.sellers
    return PopulationRules(
        period=told.period,
        strike_window=told.strike_window,
        customers=told.customers,
        customers_window=told.customers_window,
        budget=told.wrong_alarms.model_dump(),
        sellers=SellerRules(sellers.preset, sellers.step, sellers.orders),
    )


def _set(detector: Any, settings: Mapping[str, Setting], faults: list[Fault]) -> Any:  # noqa: ANN401 - each detector is a type of its own
    allowed = {field.name: getattr(detector, field.name) for field in fields(detector)}
    sound: dict[str, object] = {}
    for name, setting in settings.items():
        if name not in allowed:
            faults.append(Fault(setting.at, _no_such("setting", name, allowed)))
            continue
        try:
            sound[name] = as_setting(setting.value, allowed[name])
        except TypeError as error:
            faults.append(Fault(setting.value_at, str(error)))
    return replace(detector, **sound)


def check_name(what: str, name: str | None, known: Sequence[str]) -> None:
    """Refuse a ``name`` that nothing has: silence would read as *there is none of these*.

    Raises:
        NotPossible: It is not among those ``known``; the message names the nearest.
    """
    if name is not None and name not in known:
        raise NotPossible(_no_such(what, name, dict.fromkeys(known, None)))


def _no_such(what: str, name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known)) or 'none'}"
    return f"no {what} is called {name!r}: {hint}"


def decide_all(changes: Sequence[Change], playbook: Playbook) -> list[Decision]:
    """Return what a live run would have decided, hour by hour; nothing is kept or performed."""
    ledger = Ledger("sqlite://")
    try:
        desk = Desk(ledger, playbook)
        ordered = sorted(changes, key=attrgetter("at"))
        hours = groupby(ordered, key=lambda change: change.at // HOUR)
        return [one for _, hour in hours for one in _take_hour(desk, list(hour))]
    finally:
        ledger.close()


def _take_hour(desk: Desk, changes: list[Change]) -> list[Decision]:
    return desk.take(changes, changes[-1].at)


def action_status(text: str | None) -> Status | None:
    """Return the status that people call ``text``; raise NotPossible and name them all."""
    if text is None:
        return None
    for status in Status:
        if text.lower() in (status.value, status.name.lower()):
            return status
    raise NotPossible(
        f"no status {text!r}: there are {', '.join(one.name.lower() for one in Status)}"
    )


def price(action: Action) -> str:
    """Return the most an action may cost, as people write it; empty where it costs nothing."""
    return str(Money(action.cost_minor, action.currency)) if action.currency else ""
