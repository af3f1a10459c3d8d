"""Signals: SIGTERM and Ctrl-C, however many of them arrive, end a program once.

`timeout`, a terminal and an init system may each send several, to the whole group. A
handler runs wherever the main thread is, also amid a lock that this thread holds: so
none of them here calls anything.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGINT)


class EndSignal:
    """From its creation on, in the main thread, a signal only writes to a pipe."""

    def __init__(self) -> None:
        self._reading, writing = os.pipe()
        os.set_blocking(writing, False)
        # The interpreter's own handler, in C, writes the byte: no Python code runs.
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for each in _ENDING:
            signal.signal(each, _nothing)

    def wait(self) -> None:
        """Block until the first signal, from any thread."""
        while os.read(self._reading, 1)[0] not in _ENDING:
            continue


def interrupt_once() -> None:
    """Let the first signal raise KeyboardInterrupt, and the clean-up after it end.

    For commands, which have no threads that need to be told.
    """
    if threading.current_thread() is not threading.main_thread():
        return  # only the main thread may, and only it is interrupted
    for each in _ENDING:
        signal.signal(each, _interrupt)


def _nothing(_signal: int, _frame: FrameType | None) -> None:
    pass


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Not SIG_IGN: of a second one that is on its way already, the interpreter would
    # print that it ignored it.
    for each in _ENDING:
        signal.signal(each, _nothing)
    raise KeyboardInterrupt
