"""Who sends triggers, alarms and crowds, and knows which of them were accepted."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from mvsnap.domain import Serial, ZoneId
from mvsnap.simulator.meraki.counts import CountsPublisher, zone_ids
from tests.chaos.site import DROPOUT_S, DWELL_S, TOKEN, Site
from tests.gateway import KEY, Gateway

ZONES_OF_CAMERA = 4
_LIMIT_S = 8.0
_CROWD_S = DWELL_S + 4.0
# A zone is used again when its last crowd is surely over, as two in one would be.
_PAUSE_S = 60.0 + DROPOUT_S


@dataclass
class Accepted:
    """Numbers of triggers by the process that said so; alarms also make a clip."""

    triggers: set[int] = field(default_factory=set)
    alarms: set[int] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    @property
    def all(self) -> set[int]:
        return self.triggers | self.alarms


class Callers:
    """Sends `total` triggers, `per_s` of them; one in `alarm_every` is an alarm.

    Each goes to any web process, dead or alive, and is repeated elsewhere until one
    has accepted it: as callers with several addresses do.
    """

    def __init__(
        self, site: Site, total: int, *, per_s: float, alarm_every: int = 4
    ) -> None:
        self._site = site
        self._total, self._per_s = total, per_s
        self._alarm_every = alarm_every
        self._lock = threading.Lock()
        self._next = 0
        self._began_s = time.monotonic()
        self.accepted = Accepted()
        self._threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True)
            for number in range(8)
        ]

    def start(self) -> None:
        self._began_s = time.monotonic()
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _run(self, seed: int) -> None:
        rng = random.Random(seed)
        while (number := self._take()) is not None:
            due_s = self._began_s + number / self._per_s
            time.sleep(max(0.0, due_s - time.monotonic()))
            self._insist(number, rng)

    def _take(self) -> int | None:
        with self._lock:
            if self._next == self._total:
                return None
            self._next += 1
            return self._next - 1

    def _insist(self, number: int, rng: random.Random) -> None:
        is_alarm = number % self._alarm_every == 0
        send = self._alarm if is_alarm else self._trigger
        began_s = time.monotonic()
        while not self._is_accepted(send, rng.choice(self._site.addresses()), number):
            time.sleep(0.2)
        took_s = time.monotonic() - began_s
        with self._lock:
            known = self.accepted.alarms if is_alarm else self.accepted.triggers
            known.add(number)
            self.accepted.slowest_s = max(self.accepted.slowest_s, took_s)

    def _is_accepted(
        self, send: Callable[[str, int], requests.Response], url: str, number: int
    ) -> bool:
        try:
            answer = send(url, number)
        except requests.RequestException as exc:
            said = type(exc).__name__
        else:
            said = str(answer.status_code)
        with self._lock:
            self.accepted.answers[said] += 1
        return said[0] == "2"

    def _trigger(self, url: str, number: int) -> requests.Response:
        serials = self._site.services.clouds.serials
        return Gateway.session().get(
            f"{url}/api/v1.0/getSnapshot",
            params={
                "prefix": word_of(number),
                "mvSerial": serials[number % len(serials)],
                "wait_s": "0",
            },
            headers={"X-API-Key": KEY, "Idempotency-Key": word_of(number)},
            timeout=_LIMIT_S,
        )

    def _alarm(self, url: str, number: int) -> requests.Response:
        robots = self._site.robots
        return Gateway.session().post(
            f"{url}/webhook/{TOKEN}",
            json={
                "eventId": f"alarm-{number}",
                "text": f"{word_of(number)} stopped",
                "line": robots[number // self._alarm_every % len(robots)],
            },
            timeout=_LIMIT_S,
        )


def word_of(number: int) -> str:
    return f"#{number:05d}"


class Crowds:
    """Lets people gather in one zone after the other while it runs.

    raised: how many crowds each zone had.
    """

    def __init__(self, site: Site, counts: CountsPublisher, every_s: float) -> None:
        self._counts = counts
        self._every_s = every_s
        self.raised: Counter[tuple[Serial, ZoneId]] = Counter()
        self._last_s: dict[tuple[Serial, ZoneId], float] = {}
        self._zones = [
            (camera.serial, zone)
            for camera in site.cameras
            for zone in zone_ids(camera, ZONES_OF_CAMERA)[1:]
        ]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End it when the last one has dissolved."""
        self._stopping.set()
        self._thread.join()
        time.sleep(_CROWD_S + DROPOUT_S + 1)

    def _run(self) -> None:
        number = 0
        while not self._stopping.wait(self._every_s):
            zone = self._zones[number % len(self._zones)]
            now_s = time.monotonic()
            if now_s - self._last_s.get(zone, float("-inf")) < _PAUSE_S:
                continue
            self._counts.crowd_now(*zone, 5, _CROWD_S)
            self._last_s[zone] = now_s
            self.raised[zone] += 1
            number += 1
