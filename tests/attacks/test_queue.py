"""What all callers share, and one that wants it all: jobs, threads, log-ins."""

from __future__ import annotations

import http.client
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from mvsnap.simulator.ports import free_port
from tests.attacks.harness import (
    ATTACKER,
    DEVICE,
    DEVICE_KEY,
    HOST,
    KEY,
    Attack,
    Attacked,
    again_and_again,
    attacked,
)
from tests.cli.run import mvsnap

PASSWORD = "a password of four words"
# More than the service has threads.
MANY = 24
_SNAPSHOT = "/api/v1.0/getSnapshot"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder: Path = tmp_path_factory.mktemp("queue")
    server = {"queue_size": 400, "rate_per_minute": 100_000}
    # While Meraki is away, nothing that was accepted is finished.
    away = {"base_url": f"http://{HOST}:{free_port()}/api/v1", "api_key": "a-key"}
    meraki = away | {"cameras": ["Q2SM-0000-0001"]}
    with attacked(folder, server=server, meraki=meraki) as running:
        add = ("users", "add", "ada", "--password-file", "-")
        said = mvsnap(folder, *add, stdin=f"{PASSWORD}\n")
        assert said.code == 0, said.err
        yield running


class Person:
    """Somebody at an address who logs in, again and again."""

    def __init__(self, port: int, address: str) -> None:
        self._port = port
        self._address = address
        self._cookie, self._token = "", ""

    def open_page(self) -> None:
        headers, text = self._request("GET", None)[1:]
        self._cookie = headers["Set-Cookie"].partition(";")[0]
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', text)
        assert found is not None, text
        self._token = found[1]

    def log_in(self, name: str, password: str) -> int:
        fields = {"csrf_token": self._token, "name": name, "password": password}
        return self._request("POST", urlencode(fields))[0]

    def _request(
        self, method: str, body: str | None
    ) -> tuple[int, http.client.HTTPMessage, str]:
        connection = http.client.HTTPConnection(
            HOST, self._port, timeout=15, source_address=(self._address, 0)
        )
        headers = {"Cookie": self._cookie} if self._cookie else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, "/login", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()


def test_a_stuck_button_is_answered_and_harms_nobody(service: Attacked) -> None:
    attack = again_and_again("GET", f"{_SNAPSHOT}?wait_s=0", headers={"X-API-Key": KEY})
    assert set(service.while_attacked(attack).statuses) <= {202, 200}


def test_requests_that_wait_leave_threads_for_others(service: Attacked) -> None:
    attack = again_and_again("GET", f"{_SNAPSHOT}?wait_s=5", headers={"X-API-Key": KEY})
    service.while_attacked(attack, threads=MANY)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/webhook/a-wrong-token"),
        ("POST", "/scanning/a-wrong-token"),
        ("GET", f"{_SNAPSHOT}?wait_s=0"),
    ],
)
def test_wrong_keys_of_a_neighbour_behind_the_same_address(
    service: Attacked, method: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.attacks.harness.ATTACKER", DEVICE)
    attack = again_and_again(
        method, path, b"{}", headers={"X-API-Key": "a-wrong-key-of-the-neighbour"}
    )
    statuses = service.while_attacked(attack).statuses
    assert set(statuses) <= {401, 404, 429}


def test_a_flood_of_logins_keeps_nobody_out(service: Attacked) -> None:
    ada, turns = Person(service.port, DEVICE), itertools.count()
    ada.open_page()
    came: Counter[int] = Counter()

    def attack(attack: Attack) -> None:
        is_ada = next(turns) == 0
        somebody = ada if is_ada else Person(service.port, ATTACKER)
        if not is_ada:
            somebody.open_page()
        attack.under_way()
        while not attack.is_over:
            if is_ada:
                came[ada.log_in("ada", PASSWORD)] += 1
                attack.rest(0.2)
            else:
                name = "ada" if next(turns) % 2 else "nobody"
                attack.statuses[somebody.log_in(name, "wrong")] += 1

    statuses = service.while_attacked(attack, threads=MANY).statuses
    assert set(statuses) == {401, 429}
    assert set(came) == {303}


def test_a_key_that_fills_the_queue_is_refused_alone(
    service: Attacked, request: pytest.FixtureRequest
) -> None:
    numbers, headers = itertools.count(), {"X-API-Key": KEY}

    def attack(attack: Attack) -> None:
        status = 0
        while not attack.is_over:
            path = f"{_SNAPSHOT}?wait_s=0&prefix={next(numbers)}"
            was, status = status, attack.request("GET", path, headers=headers)
            if status == 429 != was:  # it has all that it can have
                attack.under_way()

    statuses = set(service.while_attacked(attack).statuses)
    # A second try finds what the first one has filled.
    is_first = getattr(request.node, "execution_count", 1) == 1
    assert statuses == {202, 429} if is_first else {429} <= statuses <= {202, 429}


def test_the_service_ends_while_all_wait(service: Attacked) -> None:
    attack = again_and_again(
        "GET", f"{_SNAPSHOT}?wait_s=60", headers={"X-API-Key": DEVICE_KEY}
    )
    service.ends_while_attacked(attack, threads=MANY)
