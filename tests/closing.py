"""What a test opens is closed at its end, also when it fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

_tests: list[ExitStack] = []


def at_end_of_test(close: Callable[[], None]) -> None:
    """Close it then; what a fixture of a module opens has to be closed there."""
    if _tests:
        _tests[-1].callback(close)


@contextmanager
def a_test() -> Iterator[None]:
    with ExitStack() as opened:
        _tests.append(opened)
        try:
            yield
        finally:
            _tests.pop()
