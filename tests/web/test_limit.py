"""A limit counts right, whoever asks at the same moment."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mvsnap.errors import TooManyRequests
from mvsnap.web.limit import Limit, Limiter


@pytest.fixture
def turns_often() -> Iterator[None]:
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual_s)


@pytest.mark.usefixtures("turns_often")
def test_many_threads_are_counted_each_and_hit_no_fault() -> None:
    limit = Limit(Limiter(), 1_500, "Too many")
    with ThreadPoolExecutor(16) as pool:
        good = sum(pool.map(lambda _: limit.hit("a key"), range(3_000)))
    assert good == 1_500


class Moment:
    """The machine's time that passes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now_s)


def test_a_window_begins_with_its_first_count(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = Moment(monkeypatch)
    limit = Limit(Limiter(), 2, "Too many", minutes=5)
    assert [limit.hit("a key") for _ in range(3)] == [True, True, False]
    moment.now_s += 299.5
    assert not limit.hit("a key")
    assert limit.too_many("a key").retry_after_s == 1
    moment.now_s += 0.5
    assert limit.is_first("a key")
    assert limit.hit("a key")
    assert limit.reached_by("a key") is False


def test_windows_that_are_over_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = Moment(monkeypatch)
    limiter = Limiter()
    short, long = Limit(limiter, 1, ""), Limit(limiter, 1, "", minutes=60)
    long.hit("stays")
    for number in range(20_000):
        moment.now_s += 0.1  # 600 addresses within a minute
        short.hit(f"address {number}")
    assert len(limiter._windows) < 2500
    assert long.reached_by("stays")


def test_who_is_over_the_limit_learns_how_long_to_wait() -> None:
    limit = Limit(Limiter(), 1, "Too many")
    assert not limit.reached_by("a key")
    assert limit.is_first("a key")
    limit.count("a key")
    assert limit.reached_by("a key")
    assert not limit.is_first("a key")
    with pytest.raises(TooManyRequests, match=r"^Too many; try again in \d+ s$"):
        limit.count("a key")
    limit.count("another")
