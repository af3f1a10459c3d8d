"""A whole run: callers, crowds and faults at the same time, and then the counts."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from mvsnap.simulator.meraki.counts import CountsPublisher
from tests.chaos.callers import ZONES_OF_CAMERA, Accepted, Callers, Crowds
from tests.chaos.evidence import Opened, events, open_all
from tests.chaos.faults import Faults, Takeover
from tests.chaos.site import Site
from tests.chaos.told import Told, crowds_told, triggers_told
from tests.servers.processes import NotThere, wait_until

TAKEOVER_S = 60.0
_ROUND_S = 2.0


@dataclass(frozen=True)
class Counts:
    """lost: triggers without a message; clips_lost: alarms without one about a clip.

    crowds: raised by the cameras; found: those in the events; told: in the room.
    """

    accepted: Accepted
    lost: list[int]
    clips_lost: list[int]
    unmarked: list[tuple[str, str]]
    repeats: int
    crowds: int
    crowds_found: int
    crowds_told: int
    opened: Opened
    clips: Counter[str]
    takeovers: list[Takeover]
    too_many: int
    took_s: float

    @property
    def wrong(self) -> list[str]:
        """Return what must not be, in words."""
        crowds = self.crowds, self.crowds_found, self.crowds_told
        late = [t for t in self.takeovers if t.took_s > TAKEOVER_S]
        found = {
            "triggers lost": self.lost,
            "alarms without a word about their clip": self.clips_lost,
            "repeats unmarked": self.unmarked,
            "crowds raised, found and told": () if len({*crowds}) == 1 else crowds,
            "opened": self.opened.wrong,
            "taken over late": late,
        }
        return [f"{what}: {many}" for what, many in found.items() if many]


def run(
    site: Site,
    plan: Callable[[Faults], None],
    *,
    triggers: int,
    per_s: float,
    alarm_every: int = 4,
    crowd_every_s: float = 2.0,
    limit_s: float = 300,
    say: Callable[[str], None] = lambda _: None,
) -> Counts:
    """Let the plan happen while triggers and crowds flow; return what came of them.

    limit_s: how long to wait for the last message after that.
    """
    began_s = time.monotonic()
    faults = Faults(site, say)
    callers = Callers(site, triggers, per_s=per_s, alarm_every=alarm_every)
    publisher = CountsPublisher(
        *("127.0.0.1", site.services.broker.port, site.cameras),
        zones=ZONES_OF_CAMERA,
        seed=None,
        qos=1,
    )
    with publisher:
        crowds = Crowds(site, publisher, crowd_every_s)
        callers.start()
        crowds.start()
        plan(faults)
        say("waiting for the last triggers")
        callers.join()
        crowds.stop()
        raised = crowds.raised.total()
        say("waiting for the last messages")
        wait_for_end(site, callers.accepted, raised, limit_s)
    say("opening pictures and clips")
    return counts(site, callers.accepted, raised, faults, began_s)


def wait_for_end(site: Site, accepted: Accepted, crowds: int, limit_s: float) -> None:
    """Wait until all was told, or nothing comes for a while."""

    def is_over() -> bool:
        told = triggers_told(site)
        firsts = {int(number) for number in told.about("first", "note")}
        clips = {int(number) for number in told.about("clip")}
        heard = len(crowds_told(site).about("first", "note"))
        is_all = accepted.all <= firsts and accepted.alarms <= clips
        return is_all and heard >= crowds and _waiting(site) == 0

    try:
        wait_until(is_over, "every message is posted", limit_s)
    except NotThere:
        return  # the counts say what is missing
    threading.Event().wait(_ROUND_S)  # for repeats, which come after all is posted


def _waiting(site: Site) -> int:
    found = site.webs()[0].get("/api/v1.0/jobs", state="waiting")
    return len(found.json()["jobs"]) if found.ok else 1


def counts(
    site: Site, accepted: Accepted, crowds: int, faults: Faults, began_s: float
) -> Counts:
    told, crowd_told = triggers_told(site), crowds_told(site)
    firsts = {int(number) for number in told.about("first", "note")}
    clips_told = {int(number) for number in told.about("clip")}
    web = site.webs()[0]
    return Counts(
        accepted,
        lost=sorted(accepted.all - firsts),
        clips_lost=sorted(accepted.alarms - clips_told),
        unmarked=told.unmarked + crowd_told.unmarked,
        repeats=told.repeats + crowd_told.repeats,
        crowds=crowds,
        crowds_found=len(list(events(web, "crowd"))),
        crowds_told=len(crowd_told.about("first", "note")),
        opened=open_all(site),
        clips=_ends_of_clips(told),
        takeovers=faults.takeovers,
        too_many=site.services.clouds.dashboard.refused_calls,
        took_s=time.monotonic() - began_s,
    )


def _ends_of_clips(told: Told) -> Counter[str]:
    """Count the clips by what the room was told about them."""
    found: Counter[str] = Counter()
    for (_, kind), texts in told.texts.items():
        if kind == "clip":
            text = texts[-1]
            lacks = "missing" in text or "died" in text
            none = "none" if "No clip: " in text else None
            found[none or ("with a gap" if lacks else "whole")] += 1
    return found
