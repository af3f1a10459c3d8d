"""Log lines: one format, no secret in any of them, and repeated ones counted."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterable
from datetime import tzinfo
from types import TracebackType

from mvsnap.logs.lines import LINES, Format, OneLine
from mvsnap.logs.printed import real
from mvsnap.logs.repeats import WINDOW_S, Repeats

__all__ = ["FFMPEG", "catch_errors_of_threads", "configure", "hide"]

# What ffmpeg says goes to this logger, at the level DEBUG.
FFMPEG = "mvsnap.recorder.ffmpeg"
# They have handlers of their own, or would make them: dbos when it starts.
_OWN_HANDLERS = ("dbos", "alembic", "uvicorn", "uvicorn.error", "uvicorn.access")

log = logging.getLogger(__name__)


# It takes a type argument for mypy alone, not when it runs.
class LogHandler(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to stderr, in the thread of whoever has something to say."""

    def __init__(self, lines: OneLine, repeats_s: float) -> None:
        super().__init__(real(sys.stderr))
        self.setFormatter(lines)
        self._lines = lines
        self.hidden_too: set[str] = set()
        assert self.lock is not None
        self._repeats = Repeats(
            super().emit, time.monotonic, self.lock, window_s=repeats_s
        )

    def emit(self, record: logging.LogRecord) -> None:
        try:
            record.getMessage()
        except Exception:  # noqa: BLE001 - whatever the code of a value raises
            self.handleError(record)
            return
        self._repeats.handle(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Say which line cannot be made; not its values, which may be secret.

        The library would print them, with a traceback, in no format at all.
        """
        if record.args is None or isinstance(sys.exc_info()[1], OSError):
            return  # a full disk, or nobody reads the pipe any more
        record.args = record.exc_info = None
        record.msg = f"a line that cannot be made: {str(record.msg)[:200]!r}"
        super().emit(record)

    def hide(self, secrets: set[str]) -> None:
        if not secrets <= self.hidden_too:
            self.hidden_too |= secrets
            self._lines.hide(self.hidden_too)

    def close(self) -> None:
        self._repeats.tell_all()
        super().close()


def hide(secrets: Iterable[str]) -> None:
    """Hide these, too, from now on: somebody has entered them on a page."""
    new = {*secrets}
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogHandler):
            handler.hide(new)


def configure(
    secrets: Iterable[str],
    level: int = logging.INFO,
    *,
    form: Format = "text",
    ffmpeg_too: bool = False,
    repeats_s: float = WINDOW_S,
    zone: tzinfo | None = None,
) -> None:
    """Send all logs to stderr; libraries only log warnings.

    ffmpeg_too: also what ffmpeg says, whatever the level.
    zone: of the times of lines for people; None: this machine's.
    repeats_s: for how long equal warnings are counted instead of written.
    """
    root = logging.getLogger()
    before = [one for one in root.handlers if isinstance(one, LogHandler)]
    fresh = LogHandler(LINES[form](secrets, zone), repeats_s)
    fresh.hide(set[str]().union(*(one.hidden_too for one in before)))
    # In one step: without any handler Python prints lines as they are.
    root.handlers[:] = [fresh]
    for one in before:
        fresh.hide(one.hidden_too)  # what came meanwhile
        one.close()
    root.setLevel(logging.WARNING)
    logging.getLogger("mvsnap").setLevel(level)
    # NOTSET: like the others.
    ffmpeg_level = logging.DEBUG if ffmpeg_too else logging.NOTSET
    logging.getLogger(FFMPEG).setLevel(ffmpeg_level)
    logging.captureWarnings(True)
    for name in _OWN_HANDLERS:
        library = logging.getLogger(name)
        # Not empty: dbos adds a handler where it finds none, and hides from ours.
        library.handlers[:] = [logging.NullHandler()]
        library.propagate = True
    sys.excepthook = _uncaught


def catch_errors_of_threads() -> None:
    """Log what nobody catches in a thread, or while something is cleaned up."""
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def _uncaught(
    kind: type[BaseException], exc: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, exc, trace)
        return
    log.critical("ended by an unexpected error", exc_info=(kind, exc, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit or args.exc_value is None:
        return
    name = args.thread.name if args.thread is not None else "unknown"
    exc = args.exc_value
    log.critical("thread %s ended by an unexpected error", name, exc_info=exc)


def _unraisable(found: sys.UnraisableHookArgs) -> None:
    if found.exc_value is not None:
        log.error("an error while cleaning up", exc_info=found.exc_value)
