"""What happens to the machines and to what they share, and who takes over."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from mvsnap.store.database import OUTAGES
from mvsnap.store.sharing.claims import CAMERAS
from tests.chaos.site import ZONES, Site
from tests.servers.machine import Machine
from tests.servers.processes import wait_until

_LIMIT_S = 120.0


@dataclass(frozen=True)
class Takeover:
    """How long nobody had what a machine had; names: how many cameras or buckets."""

    what: str
    kind: str
    names: int
    took_s: float


class Faults:
    """All of it in the thread that has made it: the services end with that thread.

    say: told what happens, for whoever watches.
    """

    def __init__(self, site: Site, say: Callable[[str], None] = lambda _: None) -> None:
        self._site = site
        self._say = say
        self.takeovers: list[Takeover] = []
        self.happened: list[str] = []

    def kill(self, machine: Machine) -> None:
        """Kill it for ever; wait until the others have what it had."""
        self._await_takeover(machine, "killed", machine.kill)

    def freeze(self, machine: Machine, for_s: float) -> None:
        """Freeze it for so long, or until the others have what it had, and thaw it."""
        began_s = time.monotonic()
        self._await_takeover(machine, "frozen", machine.freeze)
        self.rest(began_s + for_s - time.monotonic())
        self._say(f"{machine.host} goes on")
        machine.thaw()

    @contextmanager
    def frozen(self, machine: Machine) -> Iterator[None]:
        """Freeze it for the block, and until the others have what it had."""
        wait = self._begin(machine, "frozen", machine.freeze)
        yield
        wait()
        self._say(f"{machine.host} goes on")
        machine.thaw()

    def freeze_and_kill(self, machine: Machine) -> None:
        self._await_takeover(machine, "frozen, then killed", machine.freeze)
        machine.kill()

    def replace(self, machine: Machine) -> None:
        """Start a new, empty machine with the roles of one that is gone."""
        place = self._site.machines.index(machine) % 3
        new = self._site.add(place)
        self._note(f"{new.host} takes its place")
        new.wait()

    def restart_database(self, away_s: float) -> None:
        self._note("PostgreSQL restarts")
        self._site.services.store.stop()
        self.rest(away_s)
        self._site.services.store.start()

    def restart_bucket(self, away_s: float) -> None:
        self._note("S3 restarts")
        self._site.services.bucket.stop()
        self.rest(away_s)
        self._site.services.bucket.start()

    def rest(self, seconds: float) -> None:
        """Let them work for so long."""
        time.sleep(max(0.0, seconds))

    def await_shares(self) -> None:
        """Let every machine get its share of the cameras and zones."""
        all_have = "each machine has a part of the work"
        wait_until(lambda: all(map(self._has_all, self._site.living)), all_have, 60)

    def _has_all(self, machine: Machine) -> bool:
        roles = ",".join(process.roles for process in machine.processes)
        needed = {CAMERAS: "record", ZONES: "sense"}
        return all(
            self._site.holds(machine, kind)
            for kind, role in needed.items()
            if role in roles
        )

    def _note(self, what: str) -> None:
        self.happened.append(what)
        self._say(what)

    def _await_takeover(
        self, machine: Machine, how: str, happen: Callable[[], None]
    ) -> None:
        self._begin(machine, how, happen)()

    def _begin(
        self, machine: Machine, how: str, happen: Callable[[], None]
    ) -> Callable[[], None]:
        """Let it happen; return what waits until the others have what it had."""
        had = {
            kind: holders
            for kind in (CAMERAS, ZONES)
            if (holders := self._site.holds(machine, kind))
        }
        began_s = time.monotonic()
        what = f"{machine.host} {how}"
        self._note(what)
        happen()

        def wait() -> None:
            for kind, holders in had.items():
                are_taken_over = partial(self._are_taken_over, kind, holders)
                wait_until(are_taken_over, f"the {kind} are taken over", _LIMIT_S)
                took_s = time.monotonic() - began_s
                self.takeovers.append(Takeover(what, kind, len(holders), took_s))

        return wait

    def _are_taken_over(self, kind: str, before: dict[str, str]) -> bool:
        """before: who had each, all of them of one machine."""
        try:
            held = self._site.held(kind)
        except OUTAGES:
            return False
        of_machine = set(before.values())
        return all(name in held and held[name] not in of_machine for name in before)
