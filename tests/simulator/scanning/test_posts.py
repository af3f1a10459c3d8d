"""Faults change when and how bodies arrive, never their contents in the end."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from mvsnap.simulator.scanning.posts import FAULTS, Post, posts
from mvsnap.simulator.scanning.world import ScanningWorld
from tests.simulator.scanning.reader import a_minute, a_world, bodies_of, read

BEGIN, END = a_minute(11), a_minute(15)
AWAY_FROM_THE_PLAN = [name for name in FAULTS if name != "milliseconds"]


@pytest.fixture(scope="module")
def world() -> ScanningWorld:
    return a_world(1)


def leaving(world: ScanningWorld, *faults: str, version: int = 3) -> list[Post]:
    batches = posts(world, BEGIN, END, version=version, secret="s3", faults=faults)
    return [post for _, batch in batches for post in batch]


def texts(found: list[Post]) -> Counter[str]:
    return Counter(json.dumps(post.body) for post in found)


@pytest.mark.parametrize("version", [2, 3])
def test_with_all_faults_the_same_is_posted(world: ScanningWorld, version: int) -> None:
    usual = bodies_of(world, version)
    faulty = bodies_of(world, version, faults=AWAY_FROM_THE_PLAN)
    assert usual != faulty
    assert read(usual) == read(faulty)


def test_without_a_fault_each_minute_leaves_as_it_is(world: ScanningWorld) -> None:
    batches = list(posts(world, BEGIN, END))
    assert [minute for minute, _ in batches][:2] == [BEGIN, a_minute(11, 1)]
    assert len(batches) == 240
    assert all(p.minute == minute for minute, batch in batches for p in batch)
    assert not any(p.is_gzip for p in leaving(world))


def test_a_duplicate_is_the_same_post_again(world: ScanningWorld) -> None:
    usual, twice = texts(leaving(world)), texts(leaving(world, "duplicate"))
    assert twice.keys() == usual.keys()
    assert set(twice.values()) == {1, 2}


def test_a_late_post_comes_one_to_four_minutes_after_its_time(
    world: ScanningWorld,
) -> None:
    batches = list(posts(world, BEGIN, END, faults=["late"]))
    late = Counter(minute - post.minute for minute, batch in batches for post in batch)
    assert sorted(late) == [timedelta(minutes=n) for n in range(5)]
    assert texts([p for _, batch in batches for p in batch]) == texts(
        [p for _, batch in posts(world, BEGIN, END) for p in batch]
    )


def test_disorder_changes_the_order_alone(world: ScanningWorld) -> None:
    usual = leaving(world, version=2)
    mixed = leaving(world, "disorder", version=2)
    assert mixed != usual
    assert texts(mixed) == texts(usual)


@pytest.mark.parametrize("version", [2, 3])
def test_an_empty_body_is_added(world: ScanningWorld, version: int) -> None:
    extra = texts(leaving(world, "empty", version=version))
    extra -= texts(leaving(world, version=version))
    assert extra
    assert all('"observations": []' in text for text in extra)


def test_some_are_compressed(world: ScanningWorld) -> None:
    found = leaving(world, "gzip")
    assert {post.is_gzip for post in found} == {True, False}
    for post in found:
        content = gzip.decompress(post.content()) if post.is_gzip else post.content()
        assert json.loads(content) == post.body


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param({"faults": ["rain"]}, "rain", id="a fault"),
        pytest.param({"version": 1}, "version 1", id="a version"),
    ],
)
def test_what_is_unknown_is_refused(
    world: ScanningWorld, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        next(posts(world, BEGIN, END, **options))
