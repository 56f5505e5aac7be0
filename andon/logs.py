"""Logs: events with fields, on stderr; readable on a terminal, JSON lines elsewhere."""

import logging
import os
import sys

import structlog
from structlog.typing import Processor


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
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
