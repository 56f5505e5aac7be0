"""How a trace goes on over HTTP and Kafka: W3C ``traceparent`` in the headers."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from opentelemetry.trace import SpanContext

from actions.tracing import came_from, carried, note_ids, span
from schemas.problems import Change
from streams.wire import Headers

MOST_ORIGINS: Final = 100
"""Steps that one step is linked to, the newest; SDKs keep 128 links by default."""


def trace_headers() -> Headers:
    """Return the headers that tell of the span under way; none outside of a trace."""
    return [(name, value.encode()) for name, value in carried().items()]


def origin_of(headers: Iterable[tuple[str, bytes]] | None) -> SpanContext | None:
    """Return the span in which a record was written; ``None`` if it was written in none."""
    if not headers:
        return None
    return came_from({name: value.decode(errors="replace") for name, value in headers if value})


@contextmanager
def settling(changes: Sequence[Change], origins: Sequence[SpanContext]) -> Iterator[None]:
    """Make it one step that ``changes`` are decided on by the playbook."""
    with span("andon.settle", {"andon.changes": len(changes)}, origins):
        note_ids("andon.problem.ids", (change.problem.id for change in changes))
        yield


class _Held(NamedTuple):
    origin: SpanContext
    first: int
    last: int


class Origins:
    """The spans in which what waits was written, by the moments (ms UTC) it speaks of.

    Empty while nobody traces. It is no part of any state: after a restart, links are missing.
    """

    def __init__(self) -> None:
        """Hold nothing."""
        self._held: deque[_Held] = deque(maxlen=MOST_ORIGINS)

    def note(
        self, headers: Iterable[tuple[str, bytes]] | None, first: int = 0, last: int = 0
    ) -> None:
        """Remember where a record with ``headers`` comes from, until ``last`` is decided."""
        origin = origin_of(headers)
        if origin is not None:
            self._held.append(_Held(origin, first, last))

    def between(self, first: int, last: int) -> list[SpanContext]:
        """Return the origins, each once, of what speaks of moments from ``first`` to ``last``."""
        some = (held for held in self._held if held.first <= last and held.last >= first)
        return list({held.origin.span_id: held.origin for held in some}.values())

    def forget(self, until: int) -> None:
        """Let go of what speaks of nothing after ``until``."""
        if self._held:
            kept = [held for held in self._held if held.last > until]
            self._held = deque(kept, MOST_ORIGINS)

    def clear(self) -> None:
        """Let go of everything: it is read again."""
        self._held.clear()
