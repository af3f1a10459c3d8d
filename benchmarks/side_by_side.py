"""Pages of a store with much beside the same pages of one with little.

The whole of a request is measured, in the process of the application: session, queries,
template. The application is as in service: what many viewers see alike is read once for
all of them. Both stores take turns, because the machine is never the same for long.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from benchmarks.line import Line
from mvsnap.domain import Role
from mvsnap.web.shared_reads import SharedReads
from tests.web.build import Web

ROUNDS = 30
GOAL = "<= 1.5"
# Between two requests of a viewer: the overview is polled that often.
_POLL_S = 3.0


@dataclass(frozen=True)
class Comparison:
    """fill: puts so many things into a store; returns what the addresses leave open.

    things: of what there are few and many; pages: addresses by name; unlimited: the
    name of the one page whose price has a limit of its own, and no goal here.
    """

    part: str
    things: str
    few: int
    many: int
    fill: Callable[[Web, int], Mapping[str, str]]
    pages: Mapping[str, str]
    unlimited: str = ""

    def lines(self, **sections: Any) -> list[Line]:
        """Return a line for each page. sections: settings of both applications."""
        with tempfile.TemporaryDirectory() as name:
            sites = []
            for number in (self.few, self.many):
                home = Path(name) / str(number)
                home.mkdir()
                sites.append(self._site(home, number, sections))
            lines = [self._line(what, *sites) for what in self.pages]
            for site in sites:
                site.web.close()
        return lines

    def _site(self, home: Path, number: int, sections: Mapping[str, Any]) -> _Site:
        later = _Later()
        web = Web(home, **sections)
        web.shared_reads = SharedReads(monotonic=later)
        web.app = web.fresh_app()
        return _Site(web, later, self.fill(web, number), web.log_in(Role.REVIEWER))

    def _line(self, what: str, few: _Site, many: _Site) -> Line:
        spans_s: dict[int, list[float]] = {self.few: [], self.many: []}
        for _ in range(ROUNDS):
            for number, site in ((self.few, few), (self.many, many)):
                spans_s[number].append(site.seconds(self.pages[what]))
        small, large = map(statistics.median, spans_s.values())
        return Line(
            f"{self.part}, {what}, {self.many:,} {self.things}",
            f"the same with {self.few:,} {self.things}",
            "-" if what == self.unlimited else GOAL,
            large / small,
            "",
            f"{large * 1000:.0f} ms",
        )


class _Later:
    """The clock of shared reads: each viewer comes long enough after the one before."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self._ahead_s

    def pass_time(self) -> None:
        self._ahead_s += _POLL_S


@dataclass(frozen=True)
class _Site:
    """A gateway and somebody who is logged in."""

    web: Web
    later: _Later
    names: Mapping[str, str]
    client: FlaskClient

    def seconds(self, page: str) -> float:
        address = page.format(**self.names)
        self.later.pass_time()
        began = time.perf_counter()
        answer = self.client.get(address)
        spent = time.perf_counter() - began
        if answer.status_code != 200:
            raise RuntimeError(f"{address} was answered {answer.status_code}")
        return spent
