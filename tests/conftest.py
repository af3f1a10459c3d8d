"""Fixtures for all tests: a PostgreSQL, and simulated clouds on real ports."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from mvsnap import texts
from mvsnap.logs import FFMPEG
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.meraki.dashboard import FakeDashboard
from mvsnap.simulator.server import serve
from mvsnap.simulator.webex.app import webex_app
from mvsnap.simulator.webex.webex import FakeWebex
from mvsnap.store.time_limits import USUAL, with_limits
from mvsnap.upstreams import OUTCOMES
from tests.closing import a_test
from tests.order import in_turns
from tests.servers.compiled import compiled_once as compiled_once
from tests.servers.films import films as films
from tests.servers.migrated import migrated_once as migrated_once
from tests.servers.migrated import real_migrations as real_migrations
from tests.servers.postgres import postgres_server as postgres_server
from tests.servers.postgres import postgres_url as postgres_url
from tests.servers.reused import migrated_postgres_url as migrated_postgres_url
from tests.servers.reused import reused as reused
from tests.servers.s3 import s3_server as s3_server
from tests.servers.unsynced import really_synced as really_synced
from tests.servers.unsynced import unsynced as unsynced
from tests.servers.visitor import closes_chromium as closes_chromium

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOGGERS = ("", "mvsnap", FFMPEG, "dbos")


# jsonschema would compile forty grammars of addresses, which no test asks for: a second
# of computing in each process of tests.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def pytest_configure() -> None:
    """Have what tests start take signals as usual, also under `nohup` or after `&`.

    There some are ignored, which programs inherit; a handler is not inherited.
    """
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@contextmanager
def loggers_as_before() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    levels = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, its_handlers in levels:
        if logger.level != level:  # setting it empties what all loggers remember
            logger.setLevel(level)
        logger.handlers[:] = its_handlers


@pytest.fixture(scope="module", autouse=True)
def logs_as_before() -> Iterator[None]:
    """Nor does what the fixtures of a module change."""
    with loggers_as_before():
        yield


@pytest.fixture(autouse=True)
def process_as_before() -> Iterator[None]:
    """What a command changes in the process of a test does not stay for the next."""
    own = os.umask(0o022)
    handlers = [(number, signal.getsignal(number)) for number in _SIGNALS]
    with loggers_as_before(), with_limits(USUAL):
        yield
    for number, handler in handlers:
        signal.signal(number, handler)
    os.umask(own)
    texts.use("en")


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    with a_test():
        yield


@pytest.fixture(autouse=True)
def no_outcomes() -> None:
    """What a service that ends notes of its clouds is not of the next test's."""
    OUTCOMES._known.clear()


@dataclass(frozen=True)
class Clouds:
    """Both simulators with the base URLs they are reached at."""

    dashboard: FakeDashboard
    webex: FakeWebex
    dashboard_url: str
    webex_url: str


@contextmanager
def running_clouds() -> Iterator[Clouds]:
    dashboard, webex = FakeDashboard(cameras=4), FakeWebex()
    with serve(dashboard_app(dashboard)) as meraki, serve(webex_app(webex)) as chat:
        yield Clouds(dashboard, webex, f"{meraki}/api/v1", f"{chat}/v1")


@pytest.fixture
def clouds() -> Iterator[Clouds]:
    with running_clouds() as running:
        yield running


# Real video and a real browser, watched by the clock: a machine that is busy elsewhere
# for seconds can spoil one. They get a second try, which the summary names (R).
WATCHED_BY_THE_CLOCK = (
    "tests/attacks/",
    "tests/badges/test_flow.py",
    "tests/recorder/",
    "tests/test_clip_flow.py",
    "tests/test_crowd_flow.py",
    "tests/test_camera_sources.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The tests, more than a million objects, stay: nobody looks for garbage there."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()  # with the garbage: to look for it takes each worker half a second
        gc.enable()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    for item in items:
        if item.nodeid.startswith(WATCHED_BY_THE_CLOCK):
            item.add_marker(pytest.mark.flaky(reruns=1))
    if hasattr(config, "workerinput"):  # one of several workers, each in this order
        turns = {m: turn for turn, m in enumerate(in_turns(map(_module, items)))}
        items.sort(key=lambda item: turns[_module(item)])


def _module(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
