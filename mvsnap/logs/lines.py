"""How a record becomes one line: as text or as JSON, and without any secret.

One line, whatever comes from outside: a name with a line break must not look like
another entry. So tracebacks are one line, too, their lines separated by " | ".
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from mvsnap.logs import job

Format = Literal["text", "json"]

_HIDDEN = "[hidden]"
# A snapshot's address opens the picture for anyone; so does `?apikey=`. Keys and tokens
# made on the pages are known by their form alone (core/keys.py).
_URL = re.compile(r"https?://[^\s\"'<>]+", re.I)
_PICTURE = "/stream/jpeg/"
_KEY = re.compile(r"(?<=apikey=)[^&\s\"'<>]+|mvsnap_[a-z2-7]{47}", re.I)
# Everything that a terminal or a viewer takes for an order or the end of a line.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e]")
# Of each part of a line, as it is before secrets are hidden and after.
_MOST_READ, _MOST = 100_000, 8_000
_MOST_OF_LIBRARY = 600
_LEAST_PASSWORD = 8
_TRACEBACK = "Traceback (most recent call last)"
# Something outside is down: where in the program that was noticed is no news.
_OUTAGES = {
    "OperationalError",
    "InterfaceError",
    "DisconnectionError",
    "AdminShutdown",
    "PoolTimeout",
    "ConnectionError",
    "TimeoutError",
}


class Redaction:
    """Hides every known secret in a text, also as it looks in a URL or in quotes."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {form for secret in secrets if secret for form in _forms(secret)}
        longest_first = sorted(known, key=len, reverse=True)
        parts = [re.escape(secret) for secret in longest_first]
        self._known = re.compile("|".join(parts)) if parts else None

    def __call__(self, text: str) -> str:
        text = _URL.sub(_without_picture, text)
        text = _KEY.sub(_HIDDEN, text)
        return self._known.sub(_HIDDEN, text) if self._known else text


def _forms(secret: str) -> Iterator[str]:
    yield secret
    with suppress(ValueError):
        password = urlsplit(secret).password if "://" in secret else None
        # A shorter one may be a word that half of the log consists of.
        if password and len(password) >= _LEAST_PASSWORD:
            yield password
            yield unquote(password)
    yield quote(secret, safe="")
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]


def _without_picture(url: re.Match[str]) -> str:
    return _HIDDEN if _PICTURE in url[0].lower() else url[0]


class OneLine(logging.Formatter):
    def __init__(self, secrets: Iterable[str], zone: tzinfo | None = None) -> None:
        super().__init__()
        self._zone = zone
        self._secrets = list(secrets)
        self._redaction = Redaction(self._secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """Hide these, too."""
        self._redaction = Redaction([*self._secrets, *secrets])

    def shown(self, text: str) -> str:
        """Return the text without secrets and on one line, cut to a length."""
        text = _CONTROL.sub(_escaped, self._redaction(text[:_MOST_READ]))
        if len(text) > _MOST:
            text = f"{text[:_MOST]}... ({len(text) - _MOST} characters more)"
        return text


class TextLine(OneLine):
    """2026-11-29T00:00:00+0000 INFO mvsnap.jobs.sender: posted to Ops (job 1b...)"""

    def format(self, record: logging.LogRecord) -> str:
        message = self.shown(message_of(record))
        local = datetime.fromtimestamp(record.created, UTC).astimezone(self._zone)
        at = f"{local:%Y-%m-%dT%H:%M:%S%z}"
        line = f"{at} {record.levelname} {record.name}: {message}"
        error = self.shown(error_of(record))
        if error:
            line += f" | {error}"
        about = self.shown(job_of(record))
        return f"{line} (job {about})" if about and about not in line else line


class JsonLine(OneLine):
    """An object a line: time, level, logger, message, thread; job, error if any."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        texts = {
            "message": message_of(record),
            "thread": record.threadName or "",
            "job": job_of(record),
            "error": error_of(record),
        }
        shown = {name: self.shown(text) for name, text in texts.items() if text}
        return json.dumps(
            {
                "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": "",
            }
            | shown
        )


LINES: dict[Format, type[OneLine]] = {"text": TextLine, "json": JsonLine}


def job_of(record: logging.LogRecord) -> str:
    """Return the id of the job that the line is about, "" without one."""
    noted = getattr(record, "job", None)
    return job.current() if noted is None else str(noted)


def message_of(record: logging.LogRecord) -> str:
    """Return the message; a library's without its SQL, and of a traceback the end."""
    message = record.getMessage()
    if record.name.partition(".")[0] == "mvsnap":
        return message
    message = message[:_MOST_READ].partition("\n[SQL:")[0]
    if _TRACEBACK not in message:
        return message[:_MOST_OF_LIBRARY]
    before, _, trace = message.partition(_TRACEBACK)
    ends = [line for line in trace.splitlines()[1:] if line[:1].strip()]
    words = [line for line in ends if not line.startswith(("The above", "During", "("))]
    last = next((one for one in reversed(words) if _TRACEBACK not in one), "")
    return f"{before.strip()} {last}".strip()[:_MOST_OF_LIBRARY]


def error_of(record: logging.LogRecord) -> str:
    """Return the exception with where it came from, unless something is just down."""
    exc = record.exc_info[1] if record.exc_info else None
    if exc is None:
        return record.stack_info or ""
    kind = type(exc)
    if not _OUTAGES.isdisjoint(base.__name__ for base in kind.__mro__):
        first = str(exc).partition("\n")[0].strip()
        return f"{kind.__name__}: {first}" if first else kind.__name__
    lines = "".join(traceback.format_exception(exc)).splitlines()
    return " | ".join(line.strip() for line in lines if line.strip(" ^~"))


def _escaped(control: re.Match[str]) -> str:
    known = {"\n": " | ", "\r": "", "\t": " "}
    number = ord(control[0])
    code = f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
    return known.get(control[0], code)
