"""Signals: SIGTERM and Ctrl-C, however many of them arrive, end a program once.

`timeout`, a terminal and an init system may each send several, to the whole group. A
handler runs wherever the main thread is, also amid a lock that this thread holds: so
none of them here calls anything.

A service also has SIGHUP (read the settings anew) and SIGUSR1 (open the log anew), and
stays alive whatever else arrives that would end a program by default.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGINT)
# Of a service also what nginx and gunicorn take for a clean end.
_ENDING_SERVICE = (*_ENDING, signal.SIGQUIT)
RELOAD, REOPEN = signal.SIGHUP, signal.SIGUSR1
_HARMLESS = (
    *(signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF),
    *(getattr(signal, name, None) for name in ("SIGIO", "SIGPWR", "SIGSTKFLT")),
    *range(getattr(signal, "SIGRTMIN", 1), getattr(signal, "SIGRTMAX", 0) + 1),
)


class ServiceSignals:
    """From its creation on, in the main thread, a signal only writes to a pipe."""

    def __init__(self) -> None:
        outlive()
        self._reading, writing = os.pipe()
        os.set_blocking(writing, False)
        # The interpreter's own handler, in C, writes the byte: no Python code runs.
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        self._is_ending = False
        for each in _ENDING_SERVICE:
            signal.signal(each, self._end)
        # `nohup` has it ignored: then it does not come from a terminal that is closed.
        has_nohup = signal.getsignal(RELOAD) is signal.SIG_IGN
        self._had_terminal = _has_terminal() and not has_nohup
        signal.signal(RELOAD, _nothing)

    def wait(self) -> frozenset[int]:
        """Block until something arrives, from any thread; return what to do.

        RELOAD, REOPEN or both, each once however often it came; nothing: the end.
        """
        while not self._is_ending:
            arrived = frozenset(os.read(self._reading, 4096))
            if arrived & {*_ENDING_SERVICE}:
                break
            if RELOAD in arrived and self._had_terminal and not _has_terminal():
                break  # somebody closed the window it ran in
            if found := arrived & {RELOAD, REOPEN}:
                return found
        return frozenset()

    def _end(self, _signal: int, _frame: FrameType | None) -> None:
        self._is_ending = True  # also where the pipe is full


def outlive() -> None:
    """Let nothing end this process that is not meant to."""
    if threading.current_thread() is not threading.main_thread():
        return
    for each in (RELOAD, REOPEN, *_HARMLESS):
        if each is not None and signal.getsignal(each) is signal.SIG_DFL:
            signal.signal(each, _nothing)


def interrupt_once() -> None:
    """Let the first signal raise KeyboardInterrupt, and the clean-up after it end.

    For commands, which have no threads that need to be told.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread may, and only it is interrupted
    for each in _ENDING:
        signal.signal(each, _interrupt)


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def _nothing(_signal: int, _frame: FrameType | None) -> None:
    pass


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Not SIG_IGN: of a second one that is on its way already, the interpreter would
    # print that it ignored it.
    for each in _ENDING:
        signal.signal(each, _nothing)
    raise KeyboardInterrupt
