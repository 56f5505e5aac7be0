"""Logs: events with fields, on stderr; readable on a terminal, JSON lines elsewhere."""

import logging
import os
import sys

import structlog
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span
from structlog.typing import EventDict, Processor, WrappedLogger


def configure_logs(form: str = "auto") -> None:
    """Send logs to stderr as ``json`` or ``console`` (``auto``: console on a terminal)."""
    on_terminal = sys.stderr.isatty()
    readable = form == "console" or (form == "auto" and on_terminal)
    colours = on_terminal and "NO_COLOR" not in os.environ
    render: Processor = structlog.processors.JSONRenderer()
    if readable:
        render = structlog.dev.ConsoleRenderer(colors=colours)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            add_trace,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def add_trace(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """Add ``trace_id`` and ``span_id`` to a line that is written while a span is recorded."""
    step = get_current_span()
    if step.is_recording():
        where = step.get_span_context()
        fields["trace_id"] = format_trace_id(where.trace_id)
        fields["span_id"] = format_span_id(where.span_id)
    return fields
