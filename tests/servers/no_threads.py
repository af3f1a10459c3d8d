"""A time in which no thread can begin: a container has as many as it may."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

# The machine has no room for a stack of this size.
_TOO_LARGE = 1 << 46


@contextmanager
def no_more_threads() -> Iterator[None]:
    before = threading.stack_size(_TOO_LARGE)
    try:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            threading.Thread(target=print).start()
        yield
    finally:
        threading.stack_size(before)
