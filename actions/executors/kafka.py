"""A topic of Kafka: one record for each action, for systems that listen there.

The key is the action id, which is also in the header ``andon-action``; the value is what a webhook
would get. A record is written once for each attempt: after an attempt that was not acknowledged in
time there may be two, so whoever listens does an id only once.
"""

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from actions.errors import Refused, Unavailable
from actions.rows import envelope
from actions.tracing import carried
from schemas.decisions import Action

TIMEOUT_S: Final = 15.0
"""How long one attempt may take, connecting included; far less than a lease."""

HEADER: Final = "andon-action"

_CLOSE_S: Final = 2.0
_AT_ONCE_S: Final = 0.05
"""How long a producer may take to deliver its last records: at the end, and after a failure."""

_REMEDIES: Final = {
    "MessageSizeTooLargeError": "the topic takes no record as large as this action",
    "RecordListTooLargeError": "the topic takes no record as large as this action",
    "TopicAuthorizationFailedError": "this client may not write to the topic",
    "ClusterAuthorizationFailedError": "this client may not write to the cluster",
    "InvalidTopicError": "Kafka allows no topic of this name",
    "UnsupportedVersionError": "the broker is too old",
}
"""Errors that another try does not mend, by their name in the client, and what they mean."""


@dataclass(frozen=True)
class Kafka:
    """Writes each action to ``topic`` on the cluster at ``bootstrap``, ``host:port,...``."""

    bootstrap: str
    topic: str
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        """Check the settings at once: ValueError says which is wrong."""
        if not self.bootstrap:
            raise ValueError("actions go to Kafka, but ANDON_KAFKA names no broker")

    @property
    def destination(self) -> str:
        """The topic, with its cluster: what fails together."""
        return f"{self.topic} at {self.bootstrap}"

    def __call__(self, action: Action) -> str:
        """Write ``action``; return where it stands. Unavailable or Refused otherwise."""
        return self._line.write(action.id, msgspec.json.encode(envelope(action)))

    def close(self) -> None:
        """Disconnect; the next action connects again."""
        self._line.close()

    @cached_property
    def _line(self) -> "_Line":
        return _Line(self.bootstrap, self.topic, self.timeout_s)


class _Line:
    """A producer in a thread of its own, made when it is first needed and after each failure."""

    def __init__(self, bootstrap: str, topic: str, timeout_s: float) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._timeout_s = timeout_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connecting: asyncio.Task[Any] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()

    def write(self, action_id: str, body: bytes) -> str:
        """Write one record and wait until every replica has it."""
        try:
            return self._run(self._written(action_id, body), self._timeout_s + _CLOSE_S)
        except TooLate:
            raise Unavailable(f"Kafka took longer than {self._timeout_s:g} s") from None

    def close(self) -> None:
        """Disconnect and end the thread; may be repeated."""
        loop, thread = self._loop, self._thread
        if loop is None or thread is None:
            return
        with suppress(TooLate):
            self._run(self._disconnected(), 2 * _CLOSE_S)
        self._loop = self._thread = None
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSE_S)
        atexit.unregister(self.close)

    def _run(self, work: Coroutine[object, object, str], seconds: float) -> str:
        answer = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return answer.result(seconds)
        except TooLate:
            answer.cancel()
            raise

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_served, args=(self._loop,), name="kafka", daemon=True
                )
                self._thread.start()
                atexit.register(self.close)
            return self._loop

    async def _written(self, action_id: str, body: bytes) -> str:
        from aiokafka.errors import KafkaError  # noqa: PLC0415 - only if asked

        try:
            return await asyncio.wait_for(self._sent(action_id, body), self._timeout_s)
        except TimeoutError:
            self._give_up()
            raise Unavailable("Kafka did not acknowledge in time") from None
        except Unavailable:
            self._give_up()
            raise
        except KafkaError as error:
            self._give_up()
            raise _judged(error) from None

    async def _sent(self, action_id: str, body: bytes) -> str:
        producer = await self._connected()
        trace = [(name, text.encode()) for name, text in carried().items()]
        headers = [(HEADER, action_id.encode()), ("content-type", b"application/json"), *trace]
        sent = await producer.send(self._topic, body, key=action_id.encode(), headers=headers)
        stored = await sent
        return f"stands in {self._topic}/{stored.partition}/{stored.offset}"

    async def _connected(self) -> Any:  # noqa: ANN401 - aiokafka has no types
        """Return the producer; several actions at once wait for the same one."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
        return await asyncio.shield(self._connecting)

    async def _connect(self) -> Any:  # noqa: ANN401 - as above
        from aiokafka import AIOKafkaProducer  # noqa: PLC0415 - only if asked

        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            enable_idempotence=True,
            request_timeout_ms=int(1000 * self._timeout_s),
        )
        try:
            await producer.start()
            await _check_topic(producer, self._topic)
        except BaseException:
            await _stopped(producer, _AT_ONCE_S)
            raise
        return producer

    def _give_up(self) -> None:
        """Throw the producer away: what it still holds is tried again under the same id."""
        connecting, self._connecting = self._connecting, None
        if connecting is not None:
            ending = asyncio.create_task(_ended(connecting, _AT_ONCE_S))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def _disconnected(self) -> str:
        """Deliver what can be delivered soon, and end everything."""
        if self._connecting is not None:
            await _ended(self._connecting, _CLOSE_S)
        await asyncio.gather(*self._ending, return_exceptions=True)
        return ""


async def _check_topic(producer: Any, topic: str) -> None:  # noqa: ANN401 - as above
    """Raise Unavailable for a topic that is missing: the client would wait for it in silence."""
    await producer.client.add_topic(topic)
    if not producer.client.cluster.partitions_for_topic(topic):
        raise Unavailable(f"no topic {topic}: andon topics create")


async def _ended(connecting: "asyncio.Task[Any]", patience_s: float) -> None:
    """Stop a producer; where it would wait for a broker that is away, end its parts one by one.

    Left alone it would try for ever, and write late what was written again meanwhile.
    """
    connecting.cancel()
    with suppress(Exception, asyncio.CancelledError):
        await _stopped(await connecting, patience_s)


async def _stopped(producer: Any, patience_s: float) -> None:  # noqa: ANN401 - as above
    with suppress(Exception):
        await asyncio.wait_for(producer.stop(), patience_s)
        return
    await producer._sender.close()  # noqa: SLF001 - stop() waits for its records without end
    await producer.client.close()


def _served(loop: asyncio.AbstractEventLoop) -> None:
    """Run ``loop`` until it is stopped, then end what is left in it."""
    asyncio.set_event_loop(loop)
    loop.run_forever()
    loop.run_until_complete(_all_ended())
    loop.close()


async def _all_ended() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def _judged(error: Exception) -> Exception:
    """Return what ``error`` of a client means to the relay."""
    name = type(error).__name__
    if name in _REMEDIES:
        return Refused(f"{name}: {_REMEDIES[name]}")
    return Unavailable(f"Kafka: {name}")
