"""A limit counts right, whoever asks at the same moment."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from mvsnap.errors import TooManyRequests
from mvsnap.web.auth.limit import Limit, Limiter


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


def test_who_is_over_the_limit_is_told_how_long_to_wait() -> None:
    limit = Limit(Limiter(), 1, "Too many")
    assert not limit.reached_by("a key")
    assert limit.is_first("a key")
    limit.count("a key")
    assert limit.reached_by("a key")
    assert not limit.is_first("a key")
    with pytest.raises(TooManyRequests, match=r"^Too many; try again in \d+ s$"):
        limit.count("a key")
    limit.count("another")
