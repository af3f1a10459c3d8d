"""Log lines: one format, and no secret in any of them."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable

# What ffmpeg says goes to this logger, at the level DEBUG.
FFMPEG = "mvsnap.recorder.ffmpeg"
_HIDDEN = "[hidden]"
# A snapshot's address opens the picture for anyone; so does `?apikey=`. Keys and tokens
# made on the pages are known by their form alone (core/keys.py).
_URL = re.compile(r"https?://[^\s\"'<>]+", re.I)
_PICTURE = "/stream/jpeg/"
_KEY = re.compile(r"(?<=apikey=)[^&\s\"'<>]+|mvsnap_[a-z2-7]{47}", re.I)


class Redaction(logging.Formatter):
    """Formats a line, including its traceback, then hides every known secret in it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S%z"
        )
        longest_first = sorted({s for s in secrets if s}, key=len, reverse=True)
        parts = [re.escape(secret) for secret in longest_first]
        self._known = re.compile("|".join(parts)) if parts else None

    def format(self, record: logging.LogRecord) -> str:
        line = _URL.sub(_without_picture, super().format(record))
        line = _KEY.sub(_HIDDEN, line)
        return self._known.sub(_HIDDEN, line) if self._known else line


def _without_picture(url: re.Match[str]) -> str:
    return _HIDDEN if _PICTURE in url[0].lower() else url[0]


def configure(
    secrets: Iterable[str], level: int = logging.INFO, *, ffmpeg_too: bool = False
) -> None:
    """Send all logs to stderr; libraries only log warnings.

    ffmpeg_too: also what ffmpeg says, whatever the level.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Redaction(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("mvsnap").setLevel(level)
    # NOTSET: like the others.
    ffmpeg_level = logging.DEBUG if ffmpeg_too else logging.NOTSET
    logging.getLogger(FFMPEG).setLevel(ffmpeg_level)
    logging.captureWarnings(True)
    # dbos has a handler of its own, which would bypass the redaction.
    dbos = logging.getLogger("dbos")
    dbos.handlers[:] = []
    dbos.propagate = True
