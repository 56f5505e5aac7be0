"""The relay: claims what is queued, has it performed, records what came of it; loses nothing."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import msgspec
import stamina
from sqlalchemy import Connection, and_, exists, or_, select

from actions.errors import Refused, Unavailable
from actions.ledger import Ledger
from actions.store import record
from actions.tables import outbox
from schemas.decisions import Action, Outcome, Status
from schemas.times import MINUTE, ms

ANY: Final = "*"
"""The executor of every action that has none of its own."""

LEASE_MS: Final = 2 * MINUTE
"""How long a claim holds; longer than any executor may take, its quick retries included."""


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


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of one claim, and when to try again (ms UTC) if it failed."""

    outcome: Outcome
    due_at: int


class Relay:
    """Performs what the outbox holds, at least once; the action id makes it exactly once outside.

    An action without an executor stays queued: another relay may know how, or a later version.
    """

    def __init__(
        self,
        ledger: Ledger,
        executors: Mapping[str, Perform],
        *,
        patience: Patience | None = None,
        at_once: int = 100,
        workers: int = 8,
    ) -> None:
        self._ledger = ledger
        self._executors = executors
        self._patience = patience or Patience()
        self._at_once = at_once
        self._workers = workers

    def run_once(self, now: int) -> list[Outcome]:
        """Perform what is due at ``now`` (ms UTC), at most ``at_once`` actions; return outcomes."""
        with self._ledger.writing() as connection:
            claimed = list(self._claim(connection, now))
        if not claimed:
            return []
        with ThreadPoolExecutor(min(self._workers, len(claimed))) as pool:
            running = [pool.submit(self._perform, item, now) for item in claimed]
            return [self._record(done.result(), now) for done in as_completed(running)]

    def _claim(self, connection: Connection, now: int) -> Iterator[Claimed]:
        earlier = outbox.alias("earlier")
        held_up = exists().where(
            earlier.c.id == outbox.c.follows,
            earlier.c.status.in_((Status.QUEUED.value, Status.UNDER_WAY.value)),
        )
        free = or_(
            and_(outbox.c.status == Status.QUEUED.value, outbox.c.due_at <= now),
            and_(outbox.c.status == Status.UNDER_WAY.value, outbox.c.leased_until <= now),
        )
        query = select(outbox).where(free, ~held_up).order_by(outbox.c.seq).limit(self._at_once)
        if ANY not in self._executors:
            query = query.where(outbox.c.type.in_(self._executors))
        rows = connection.execute(query.with_for_update(skip_locked=True)).mappings().all()
        lease = {"status": Status.UNDER_WAY.value, "leased_until": now + LEASE_MS}
        ours = outbox.c.seq.in_([row["seq"] for row in rows])
        connection.execute(outbox.update().where(ours).values(lease))
        for row in rows:
            yield Claimed(msgspec.json.decode(row["payload"], type=Action), row["failures"])

    def _perform(self, claimed: Claimed, now: int) -> Tried:
        perform = self._executors.get(claimed.action.name) or self._executors[ANY]
        try:
            detail = _with_quick_retries(perform, claimed.action, self._patience)
        except Unavailable as error:
            return self._failed(claimed, str(error), now, error.retry_after)
        except Refused as error:
            return _tried(claimed, Status.DEAD, str(error), now)
        except Exception as error:  # noqa: BLE001 - the boundary: one executor's bug stops no other
            return self._failed(claimed, f"executor failed: {type(error).__name__}", now, None)
        return _tried(claimed, Status.DONE, detail, now)

    def _failed(self, claimed: Claimed, reason: str, now: int, asked: timedelta | None) -> Tried:
        failures = claimed.failures + 1
        if failures >= self._patience.tries:
            return _tried(claimed, Status.DEAD, f"given up after {failures} tries: {reason}", now)
        wait = ms(self._patience.wait(failures, asked))
        return _tried(claimed, Status.FAILED, reason, now, due_at=now + wait)

    def _record(self, tried: Tried, now: int) -> Outcome:
        """Store one outcome, in a transaction of its own: what is done is never forgotten."""
        again = tried.outcome.status is Status.FAILED
        status = Status.QUEUED if again else tried.outcome.status
        values = {"status": status.value, "due_at": tried.due_at, "leased_until": now}
        if tried.outcome.status is not Status.DONE:
            values["failures"] = tried.outcome.attempt
        ours = outbox.c.id == tried.outcome.action_id
        with self._ledger.writing() as connection:
            connection.execute(outbox.update().where(ours).values(values))
            record(connection, [tried.outcome])
        return tried.outcome


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
