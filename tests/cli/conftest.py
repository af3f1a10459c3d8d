"""What a command changes in its process is not left behind in that of the tests."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator

import pytest

from mvsnap.logs import FFMPEG

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOGGERS = ("", "mvsnap", FFMPEG, "dbos")


@pytest.fixture(autouse=True)
def process_as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    handlers = [(number, signal.getsignal(number)) for number in _SIGNALS]
    yield
    for logger, level, its_handlers in levels:
        logger.setLevel(level)
        logger.handlers[:] = its_handlers
    for number, handler in handlers:
        signal.signal(number, handler)
