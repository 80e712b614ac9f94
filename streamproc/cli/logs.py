"""Logging to standard error: one line an event, no stream key in it."""

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from streamproc.addresses import redact
from streamproc.config import LogSettings
from streamproc.last_errors import ErrorBook

_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"]+", re.IGNORECASE)


def configure(settings: LogSettings, process: str, data_dir: Path | None = None) -> None:
    """Send every event to standard error in the configured form, with the process's name.

    data_dir: where warnings and errors are kept besides, for the page; None for a command that ends.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if settings.format == "json"
        else structlog.processors.LogfmtRenderer(key_order=["ts", "level", "process", "event"])
    )
    structlog.configure(
        processors=[
            partial(_name_process, process),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            redact_urls,
            *([] if data_dir is None else [ErrorBook(data_dir, process)]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(settings.level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="level=%(levelname)s event=%(message)s")


def _name_process(
    process: str, logger: structlog.typing.WrappedLogger, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say who speaks; not by a context variable, which the threads that libavformat needs would not have."""
    event["process"] = process
    return event


def redact_urls(
    logger: structlog.typing.WrappedLogger, method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take the keys out of every address in an event: the last line of defence, not the first."""
    for key, value in event.items():
        if isinstance(value, str) and "://" in value:
            event[key] = _URL.sub(lambda match: redact(match.group()), value)
    return event
