"""The relay: claims what is queued, has it performed, records what came of it; loses nothing."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import msgspec
import stamina
from sqlalchemy import Connection, Exists, and_, exists, or_, select

from actions.breaker import Breakers
from actions.errors import Gone, NotYet, Refused, Unavailable
from actions.ledger import Ledger
from actions.resolving import ALERTS, RESOLVED
from actions.store import record
from actions.tables import actions, outbox
from actions.tracing import TRACEPARENT, came_from, span, went_wrong
from schemas.decisions import Action, Outcome, Status
from schemas.times import MINUTE, ms

ANY: Final = "*"
"""The executor of every action that has none of its own."""

LEASE_MS: Final = 2 * MINUTE
"""How long a claim holds; longer than any executor may take, its quick retries included."""


_NOT_OVER: Final = (Status.QUEUED.value, Status.UNDER_WAY.value)


class Perform(Protocol):
    """Has an effect outside, once per action id however often it is called; says what came of it.

    Raises Unavailable if trying again helps, Refused if a person must look.
    """

    def __call__(self, action: Action, /) -> str:
        """Have the effect of ``action``."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long an action is tried before a person must look.

    ``quick`` tries follow each other within seconds; between later ones the wait doubles from
    ``first_wait`` to ``longest_wait``. The defaults try for about three days.
    """

    quick: int = 2
    quick_within: timedelta = timedelta(seconds=10)
    first_wait: timedelta = timedelta(seconds=30)
    longest_wait: timedelta = timedelta(hours=8)
    tries: int = 20

    def wait(self, failures: int, asked: timedelta | None) -> timedelta:
        """Return the wait after that many failures; what the other side asked for is granted."""
        doubled = self.first_wait * (1 << min(failures - 1, 30))
        return max(min(doubled, self.longest_wait), asked or timedelta())


@dataclass(frozen=True, slots=True)
class Claimed:
    """An action that is ours to perform until the lease ends."""

    action: Action
    failures: int
    traceparent: str | None = None
    """The span in which it was planned."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of one claim, and when to try again (ms UTC) if it failed."""

    outcome: Outcome
    due_at: int


@dataclass(frozen=True, slots=True)
class PutBack:
    """A claim that came to nothing: its destination may not be called before ``due_at``."""

    action_id: str
    due_at: int


class Relay:
    """Performs what the outbox holds, at least once; the action id makes it exactly once outside.

    An action without an executor stays queued: another relay may know how, or a later version.
    """

    def __init__(  # noqa: PLR0913 - each is one setting, by name
        self,
        ledger: Ledger,
        executors: Mapping[str, Perform],
        *,
        patience: Patience | None = None,
        breakers: Breakers | None = None,
        at_once: int = 100,
        workers: int = 8,
    ) -> None:
        self.breakers = breakers or Breakers()
        self._ledger = ledger
        self._executors = executors
        self._patience = patience or Patience()
        self._at_once = at_once
        self._workers = workers

    def run_once(self, now: int) -> list[Outcome]:
        """Perform what is due at ``now`` (ms UTC), at most ``at_once`` actions; return outcomes."""
        with self._ledger.claiming() as connection:
            claimed = list(self._claim(connection, now))
        if not claimed:
            return []
        with ThreadPoolExecutor(min(self._workers, len(claimed))) as pool:
            running = [pool.submit(self._perform, item, now) for item in claimed]
            tried = (done.result() for done in as_completed(running))
            outcomes = [self._record(one, now) for one in tried]
        return [outcome for outcome in outcomes if outcome is not None]

    def _claim(self, connection: Connection, now: int) -> Iterator[Claimed]:
        earlier = outbox.alias("earlier")
        held_up = exists().where(
            earlier.c.id == outbox.c.follows,
            earlier.c.status.in_(_NOT_OVER),
        )
        free = or_(
            and_(outbox.c.status == Status.QUEUED.value, outbox.c.due_at <= now),
            and_(outbox.c.status == Status.UNDER_WAY.value, outbox.c.leased_until <= now),
        )
        query = (
            select(outbox)
            .where(free, ~held_up, ~_alert_untold())
            .order_by(outbox.c.seq)
            .limit(self._at_once)
        )
        if ANY not in self._executors:
            query = query.where(outbox.c.type.in_(self._executors))
        rows = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
        lease = {"status": Status.UNDER_WAY.value, "leased_until": now + LEASE_MS}
        ours = outbox.c.seq.in_([row["seq"] for row in rows])
        connection.execute(outbox.update().where(ours).values(lease))
        for row in rows:
            action = msgspec.json.decode(row["payload"], type=Action)
            yield Claimed(action, row["failures"], row["traceparent"])

    def _perform(self, claimed: Claimed, now: int) -> Tried | PutBack:
        perform = self._executors.get(claimed.action.name) or self._executors[ANY]
        destination = getattr(perform, "destination", claimed.action.name)
        again_at = self.breakers.wait(destination, now)
        if again_at is not None:
            return PutBack(claimed.action.id, again_at)
        try:
            tried = self._traced(claimed, perform, now)
        except NotYet as error:
            return PutBack(claimed.action.id, error.due_at)
        self._tell_breaker(destination, tried.outcome.status, now)
        return tried

    def _tell_breaker(self, destination: str, status: Status, now: int) -> None:
        if status is Status.FAILED:
            self.breakers.failed(destination, now)
        elif status is Status.DONE:
            self.breakers.succeeded(destination)

    def _traced(self, claimed: Claimed, perform: Perform, now: int) -> Tried:
        action = claimed.action
        attributes: dict[str, str | int] = {
            "andon.action.id": action.id,
            "andon.action.name": action.name,
            "andon.problem.id": action.problem_id,
            "andon.attempt": claimed.failures + 1,
        }
        planned = came_from({TRACEPARENT: claimed.traceparent or ""})
        with span("andon.perform", attributes, [planned] if planned else []) as step:
            tried = self._try(claimed, perform, now)
            status = tried.outcome.status
            step.set_attribute("andon.outcome", status.name.lower())
            if status is not Status.DONE:
                went_wrong(step, status.name.lower())
        return tried

    def _try(self, claimed: Claimed, perform: Perform, now: int) -> Tried:
        try:
            detail = _with_quick_retries(perform, claimed.action, self._patience)
        except Unavailable as error:
            return self._failed(claimed, str(error), now, error.retry_after)
        except Refused as error:
            if isinstance(error, Gone):
                self.breakers.switch_off(getattr(perform, "destination", claimed.action.name))
            return _tried(claimed, Status.DEAD, str(error), now)
        except NotYet:
            raise
        except Exception as error:  # noqa: BLE001 - the boundary: one executor's bug stops no other
            return self._failed(claimed, f"executor failed: {type(error).__name__}", now, None)
        return _tried(claimed, Status.DONE, detail, now)

    def _failed(self, claimed: Claimed, reason: str, now: int, asked: timedelta | None) -> Tried:
        failures = claimed.failures + 1
        if failures >= self._patience.tries:
            return _tried(claimed, Status.DEAD, f"given up after {failures} tries: {reason}", now)
        wait = ms(self._patience.wait(failures, asked))
        return _tried(claimed, Status.FAILED, reason, now, due_at=now + wait)

    def _record(self, tried: Tried | PutBack, now: int) -> Outcome | None:
        """Store one outcome, in a transaction of its own: what is done is never forgotten."""
        if isinstance(tried, PutBack):
            self._put_back(tried)
            return None
        again = tried.outcome.status is Status.FAILED
        status = Status.QUEUED if again else tried.outcome.status
        values = {"status": status.value, "due_at": tried.due_at, "leased_until": now}
        if tried.outcome.status is not Status.DONE:
            values["failures"] = tried.outcome.attempt
        ours = outbox.c.id == tried.outcome.action_id
        with self._ledger.writing() as connection:
            record(connection, [tried.outcome])
            connection.execute(outbox.update().where(ours).values(values))
        return tried.outcome

    def _put_back(self, claim: PutBack) -> None:
        """Nothing was tried, so nothing is recorded and no try is used up."""
        values = {"status": Status.QUEUED.value, "due_at": claim.due_at, "leased_until": 0}
        with self._ledger.claiming() as connection:
            connection.execute(outbox.update().where(outbox.c.id == claim.action_id).values(values))


def _alert_untold() -> Exists:
    """Whether it is the word that a problem is over, and an alert about it is still to be told.

    Told in the other order, the alert would stand for good.
    """
    ours, theirs, alert = actions.alias("ours"), actions.alias("theirs"), outbox.alias("alert")
    return exists().where(
        outbox.c.type == RESOLVED,
        ours.c.id == outbox.c.id,
        theirs.c.problem_id == ours.c.problem_id,
        theirs.c.name.in_(ALERTS),
        alert.c.id == theirs.c.id,
        alert.c.status.in_(_NOT_OVER),
    )


def _tried(claimed: Claimed, status: Status, detail: str, now: int, *, due_at: int = 0) -> Tried:
    attempt = claimed.failures + 1
    said = Outcome(
        action_id=claimed.action.id, status=status, at=now, detail=detail, attempt=attempt
    )
    return Tried(said, due_at)


def _with_quick_retries(perform: Perform, action: Action, patience: Patience) -> str:
    """Try again at once where nothing was asked of us; a stated wait is left to the next claim."""

    def once() -> str:  # takes no argument, because stamina logs those: they hold personal data
        return perform(action)

    caller = stamina.RetryingCaller(
        attempts=patience.quick, timeout=patience.quick_within, wait_initial=0.05, wait_max=1.0
    )
    return caller(_worth_a_quick_retry, once)


def _worth_a_quick_retry(error: Exception) -> bool:
    return isinstance(error, Unavailable) and error.retry_after is None
