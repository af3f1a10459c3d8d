"""Jobs of a worker that is killed or frozen go on in another one of its SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mvsnap.simulator.faults import Fault
from tests.gateway import Clouds, Gateway, clouds, write_config
from tests.servers.processes import wait_until

# Silence of 50 s, a look every 15 s, and a slow machine.
TAKEN_OVER_S = 150.0
# Less than the client waits for an answer. The room is asked for first: the message
# itself leaves after that, and arrives as late again.
SLOW_S = 18.0


@dataclass
class Site:
    """first: has a job that waits for Webex. second: another process, idle."""

    clouds: Clouds
    first: Gateway
    second: Gateway

    def press(self) -> None:
        """Let the first one begin a job, which takes a while."""
        webex = self.clouds.webex
        webex.faults.add(Fault("slow", times=-1, seconds=SLOW_S))
        assert self.first.snapshot(prefix="stopped", wait_s="0").status_code == 202
        wait_until(lambda: bool(webex.asked), "its job waits for Webex")

    def is_taken_over(self) -> bool:
        return "is gone: taking over 1 jobs" in self.second.output()

    def is_told(self) -> bool:
        return any("stopped" in m.markdown for m in list(self.clouds.webex.messages))


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    with clouds(sense=False) as simulated, ExitStack() as stack:
        config = write_config(folder, simulated.settings())
        first, second = (Gateway(config, roles=r) for r in ("web,worker", "worker"))
        stack.callback(second.kill)
        stack.callback(first.kill)
        first.start()
        yield Site(simulated, first, second)


@pytest.mark.slow
def test_another_worker_takes_over(tmp_path: Path) -> None:
    with site(tmp_path / "killed") as killed, site(tmp_path / "frozen") as frozen:
        both = killed, frozen
        for one in both:
            one.press()
        # Not before: a job that has not begun yet would be anybody's.
        for one in both:
            one.second.begin()
        for one in both:
            one.second.wait()
        killed.first.kill()
        frozen.first.freeze()
        for one in both:
            one.clouds.webex.faults.clear()
        for one in both:
            wait_until(one.is_taken_over, "its job is taken over", TAKEN_OVER_S)
            wait_until(one.is_told, "the message of its job is there", TAKEN_OVER_S)
