"""A running service under attack, and a device that goes on using it.

The attack comes from 127.0.0.3 and the device from 127.0.0.2: whatever is counted by
address counts them apart, as it would two machines.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.gateway import KEY, Gateway, clouds, gateway
from tests.servers.processes import wait_until

HOST = "127.0.0.1"
DEVICE, ATTACKER = "127.0.0.2", "127.0.0.3"
DEVICE_KEY = "a-key-of-the-button-at-the-gate"
TOKEN = "a-token-of-the-line-3"
TRIGGERS = 20
ANSWERED_WITHIN_S = 2.0
ENDS_WITHIN_S = 10.0
# An attacker waits no longer for an answer, and for nothing once it is over.
_PATIENCE_S = 15.0
_SNAPSHOT = "/api/v1.0/getSnapshot"


@dataclass
class Attack:
    """What an attacker knows, and whether it may go on.

    statuses: of its answers; 0: it got none.
    """

    port: int
    statuses: Counter[int] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _begun: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(0), repr=False
    )

    @property
    def is_over(self) -> bool:
        return self._over.is_set()

    def rest(self, seconds: float) -> bool:
        """Wait between two bytes, for example; True once the attack is over."""
        return self._over.wait(seconds)

    def under_way(self) -> None:
        """Say, in each thread, that the device may begin."""
        self._begun.release()

    def connect(
        self, timeout_s: float = _PATIENCE_S, address: str = ATTACKER
    ) -> socket.socket:
        """Return a connection from the attacker's address, or another one of theirs."""
        return socket.create_connection(
            (HOST, self.port), timeout_s, source_address=(address, 0)
        )

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Send a request on a connection of its own; return its status, 0 for none."""
        try:
            status = _asked(self.port, ATTACKER, method, path, body, headers or {})
        except (OSError, http.client.HTTPException):
            status = 0
        self.statuses[status] += 1
        return status


# Runs in several threads at once, until the attack is over.
Attacking = Callable[[Attack], object]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the device got for a trigger; status 0: nothing."""

    status: int
    took_s: float

    def is_good(self, limit_s: float = ANSWERED_WITHIN_S) -> bool:
        return 200 <= self.status < 300 and self.took_s <= limit_s


def again_and_again(
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Attacking:
    """Return an attack that sends the same request, one after the other per thread."""

    def attack(attack: Attack) -> None:
        attack.under_way()
        while not attack.is_over:
            attack.request(method, path, body, headers)

    return attack


class Attacked:
    """A service, and the device whose triggers must be answered meanwhile."""

    def __init__(self, served: Gateway) -> None:
        self.served = served
        self.port = served.port

    def while_attacked(
        self, attacking: Attacking, *, threads: int = 4, triggers: int = TRIGGERS
    ) -> Attack:
        """Let the device fire during an attack, every trigger answered in time.

        Return the attack, with the statuses of its answers.
        """
        # Other tests may keep this machine busy: then without an attack, too.
        limit_s = max(ANSWERED_WITHIN_S, 10 * self.trigger(0).took_s)
        with self._under_attack(attacking, threads) as attack:
            answers: list[Answer] = []
            for number in range(triggers):
                answers.append(self.trigger(number))
                if not answers[-1].is_good(limit_s):
                    break  # it is lost: the others need not wait as well
        good = sum(answer.is_good(limit_s) for answer in answers)
        assert good == triggers, (
            f"{good} of {triggers} answered in time: {answers}\n"
            f"the attack's answers: {attack.statuses}\n{self.served.output()[-3000:]}"
        )
        return attack

    def ends_while_attacked(self, attacking: Attacking, *, threads: int = 4) -> None:
        """End the service by SIGTERM during an attack; it is the last thing it does."""
        with self._under_attack(attacking, threads):
            began = time.monotonic()
            code = self.served.stop(limit_s=ENDS_WITHIN_S)
            took_s = time.monotonic() - began
        said = self.served.output()[-3000:]
        assert code == 0, f"exit code {code} after {took_s:.1f} s\n{said}"

    def trigger(self, number: int) -> Answer:
        """Fire once as the device: a picture, or an alarm in turn."""
        began = time.monotonic()
        try:
            status = self._alarm(number) if number % 2 else self._snapshot(number)
        except (OSError, http.client.HTTPException):
            status = 0
        return Answer(status, round(time.monotonic() - began, 3))

    def _snapshot(self, number: int) -> int:
        path = f"{_SNAPSHOT}?prefix=%23{number}&wait_s=0"
        return _asked(self.port, DEVICE, "GET", path, None, {"X-API-Key": DEVICE_KEY})

    def _alarm(self, number: int) -> int:
        body = b'{"title": "Robot stopped", "number": %d}' % number
        headers = {"Content-Type": "application/json"}
        return _asked(self.port, DEVICE, "POST", f"/webhook/{TOKEN}", body, headers)

    @contextmanager
    def _under_attack(self, attacking: Attacking, threads: int) -> Iterator[Attack]:
        """Attack for the length of the block; a mistake of the attack is one here."""
        attack = Attack(self.port)
        with ThreadPoolExecutor(threads, "attacker") as pool:
            running = [pool.submit(attacking, attack) for _ in range(threads)]
            try:
                _wait_for_all(running, attack)
                yield attack
            finally:
                attack._over.set()
        for each in running:
            with suppress(OSError):  # what it was attacking is gone, or shut it out
                each.result()

    def works(self) -> None:
        """The service answers the device without an attack, as it did before."""
        wait_until(lambda: self.trigger(0).is_good(), "a trigger is answered", 30)


@contextmanager
def attacked(
    folder: Path, *, roles: str = "web,worker,sense", **sections: Any
) -> Iterator[Attacked]:
    """Run a service for the length of the block; `sections` replace whole sections.

    The attacker may have the key of `tests.gateway`; the device has its own.
    """
    with clouds(sense=False) as simulated:
        simulated.dashboard.rate_limit = None
        given = simulated.settings()
        device = {"name": "device", "key": DEVICE_KEY, "scopes": ["snapshot"]}
        base = given | {
            "api_keys": [*given["api_keys"], device],
            "webhooks": {"tokens": [{"name": "line", "token": TOKEN}]},
        }
        with gateway(folder, base | sections, roles=roles) as served:
            running = Attacked(served)
            running.works()
            yield running


def _wait_for_all(running: list[Future[object]], attack: Attack) -> None:
    """Wait until all are under way; one that has ended has failed, or done it all."""
    begun = 0

    def all_begun() -> bool:
        nonlocal begun
        while begun < len(running) and attack._begun.acquire(blocking=False):
            begun += 1
        return begun == len(running) or any(each.done() for each in running)

    wait_until(all_begun, "every attacker is under way", 60)


def _asked(
    port: int,
    address: str,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> int:
    """Send a request from an address, on a connection of its own; return the status.

    Raises:
        OSError, HTTPException
    """
    connection = http.client.HTTPConnection(
        HOST, port, timeout=_PATIENCE_S, source_address=(address, 0)
    )
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


__all__ = [
    "DEVICE_KEY",
    "KEY",
    "TOKEN",
    "Attack",
    "Attacked",
    "Attacking",
    "again_and_again",
]
