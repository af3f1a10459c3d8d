"""Texts that slow patterns and parsers are slow on, and what they may cost.

Processor time of the thread is measured, not the clock: other programs do not count.
How much a machine may take is measured on it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from functools import cache, partial

SMALL, LARGE = 4_000, 16_000
LIMIT_S = 0.025
# Below it, growth is noise; whatever is quadratic takes longer for SMALL.
_FLOOR_S = 0.000_3
_MOST_GROWTH = 8  # from SMALL to LARGE; 4 is linear, 16 quadratic
# What `_unit` takes on a machine to which the limits above apply.
_UNIT_S = 0.012

# Repeated as often as there is room.
_PUMPS = (
    *(" ", "\t", "\n", "\r\n ", "\u3000", "\0", "\u200b"),
    *("0", "1.", "1,", "1:", "1-", "1 ", "-", "+", "_", ".", ",", ":", ";", "/", "\\"),
    *('"', "'", "`", '\\"', "''", '""', "(", "[", "]", "{", "<", "()", "[]", "{'"),
    *("a", "A", "a ", "a.", "a=", "a=1&", "a;", "a@", "a@a.", "é", "e\u0301", "室"),
    *("=", "&", "&a;", "&#", "%", "%2", "%41", "#", "?", "*", "|", "~", "!", "$", "^"),
    *("://", "a://", "https://", "T", "Z", "+01:00", "--", '{"a":', '["', '[1,'),
)  # fmt: skip
# Marks in the wrong order: sorting them takes quadratic time.
_MARKS = ("\u0301", "\u0327")


@cache
def texts(length: int) -> tuple[tuple[str, str], ...]:
    """Return names and texts of that length, the same ones for every length."""
    found = []
    for pump in _PUMPS:
        body = (pump * (length // len(pump) + 1))[:length]
        found.append((f"{pump!r} * n + x", f"{body}x"))
        found.append((f"a date + {pump!r} * n + !", f"2026-03-04{body}\n!"))
    marks = "".join(mark * (length // 2) for mark in _MARKS)
    found.append(("marks", f"e{marks}"))
    for name, between in (("values", "&"), ("crumbs", "; "), ("words", " ")):
        each = (f"a{number}=1" for number in range(length // 6))
        found.append((name, between.join(each)))
    return tuple(found)


def spent_s(work: Callable[[], object]) -> float:
    """Return the processor time of this thread, without what other tests left."""
    gc.disable()
    try:
        began = time.thread_time()
        work()
        return time.thread_time() - began
    finally:
        gc.enable()


@cache
def slowness() -> float:
    """Return how many times slower this machine is than one for the limits, or 1."""
    return max(1.0, min(spent_s(_unit) for _ in range(5)) / _UNIT_S)


def slowness_now() -> float:
    """The same at this moment: who shares a core or its cache makes it slower."""
    return max(slowness(), spent_s(_unit) / _UNIT_S)


def _unit() -> None:
    found: dict[str, int] = {}
    for number in range(40_000):
        name = f"name {number % 1000}".upper()
        found[name] = found.get(name, 0) + len(name)


def too_slow(work: Callable[[str], object]) -> str:
    """Return the first text on which it takes too long, with what it took; or "".

    A text is measured in both lengths if it takes any time at the smaller.
    """
    for (name, small), (_, large) in zip(texts(SMALL), texts(LARGE), strict=True):
        took_s = spent_s(partial(work, small))
        if took_s < _FLOOR_S * slowness():
            continue
        if why := _why(work, took_s, small, large):
            return f"{name}: {why}"
    return ""


def _why(work: Callable[[str], object], small_s: float, small: str, large: str) -> str:
    """Return what it took; measured again if it was slow, as a machine may be busy."""
    why = ""
    for turn in range(3):
        small_s = spent_s(partial(work, small)) if turn else small_s
        if small_s > 5 * LIMIT_S * slowness():
            return f"{1000 * small_s:.0f} ms for {SMALL} characters"
        large_s = spent_s(partial(work, large))
        if large_s > 5 * LIMIT_S * slowness():
            return f"{1000 * large_s:.0f} ms for {LARGE} characters"
        most_s = LIMIT_S * slowness()
        if large_s >= most_s:
            most_s = LIMIT_S * slowness_now()
        is_linear = large_s < _MOST_GROWTH * small_s
        if large_s < most_s and (is_linear or large_s < most_s / 10):
            return ""
        why = f"{1000 * small_s:.1f} ms, {1000 * large_s:.1f} ms"
    return why
