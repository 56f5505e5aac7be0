"""Spans of OpenTelemetry: nothing at all, unless whoever runs Andon sets up an SDK.

One span is one step (a request, a batch, a slot, an attempt), never one event. It stands here
because the relay and the live worker both make spans, actions may not import streams, and the core
makes none.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

from opentelemetry.context import Context
from opentelemetry.propagate import extract, inject
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    Status,
    StatusCode,
    get_current_span,
    get_tracer,
    set_span_in_context,
)

MOST_IDS: Final = 20
"""Ids on one span: enough to find it by, few enough for every backend."""

TRACEPARENT: Final = "traceparent"
"""W3C's name of the span that something comes from."""

_tracer: Final = get_tracer("andon")


def carried() -> dict[str, str]:
    """Return the headers that tell of the span under way; none outside of a trace."""
    carrier: dict[str, str] = {}
    if get_current_span().get_span_context().is_valid:
        inject(carrier)
    return carrier


def came_from(carrier: Mapping[str, str]) -> SpanContext | None:
    """Return the span that headers tell of; ``None`` if they tell of none."""
    origin = get_current_span(extract(carrier, Context())).get_span_context()
    return origin if origin.is_valid else None


@contextmanager
def span(
    name: str,
    attributes: Mapping[str, str | int] | None = None,
    origins: Sequence[SpanContext] = (),
) -> Iterator[Span]:
    """Make one step a span, going on from ``origins``: linked to each; the only one is its parent.

    An error is told by its type alone: its message may hold what a customer wrote.
    """
    parent = set_span_in_context(NonRecordingSpan(origins[0]), Context()) if _one(origins) else None
    with _tracer.start_as_current_span(
        name,
        parent,
        attributes=attributes,
        links=[Link(origin) for origin in origins],
        record_exception=False,
        set_status_on_exception=False,
    ) as step:
        try:
            yield step
        except Exception as error:
            went_wrong(step, type(error).__name__)
            raise


def _one(origins: Sequence[SpanContext]) -> bool:
    return len(origins) == 1


def went_wrong(step: Span, why: str) -> None:
    """Mark ``step`` as failed; ``why`` holds nothing of a customer's."""
    step.set_status(Status(StatusCode.ERROR, why))


def note_ids(name: str, ids: Iterable[str]) -> None:
    """Write the first of ``ids`` (each once) on the span under way, if one is recorded."""
    step = get_current_span()
    if step.is_recording():
        step.set_attribute(name, list(islice(dict.fromkeys(ids), MOST_IDS)))
