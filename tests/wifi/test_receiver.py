"""The receiver of Meraki's Location Scanning API, as clouds and strangers use it."""

from __future__ import annotations

import gzip
import logging
import stat
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import generate_latest
from werkzeug.test import TestResponse

from mvsnap.errors import QueueFull
from mvsnap.web.context import EXTENSION
from mvsnap.wifi import receiver
from mvsnap.wifi.devices import device_name, mac_number
from mvsnap.wifi.model import ObservationRow, WifiFilter
from mvsnap.wifi.receiver import MAX_BYTES
from mvsnap.wifi.worker import visit_rule
from tests.clients.fakes import FakeClock
from tests.web.build import KEY, Web
from tests.wifi.scanning_build import (
    AP,
    NETWORK,
    NOON,
    PHONE,
    SECRET,
    WATCH,
    body,
    iso,
    latest,
    location,
    seen2,
    seen3,
    version2,
    version3,
)

TOKEN, OTHER = "a-token-of-the-shop", "another-token-of-the-yard"
URL = f"/scanning/{TOKEN}"
VALIDATOR = "0123456789abcdef0123456789abcdef01234567"
ENDPOINTS = [
    {"token": TOKEN, "validator": VALIDATOR, "secret": SECRET},
    {
        "token": OTHER,
        "validator": "fedcba98",
        "secret": "another secret",
        "network_id": NETWORK,
    },
]


class ScanningWeb(Web):
    def __init__(self, folder: Path, **given: Any) -> None:
        scanning = {"endpoints": ENDPOINTS} | given
        super().__init__(folder, clock=FakeClock(), scanning=scanning)

    def process(self) -> list[ObservationRow]:
        """Do the worker's part; return what is kept, the oldest first."""
        rule = visit_rule(self.settings.scanning, self.settings.site.zone)
        while self.wifi.store.process(rule, NOON):
            pass
        span = WifiFilter(NOON.replace(hour=0), NOON.replace(hour=23))
        return self.wifi.lists.observations(span)[::-1]

    def metrics(self) -> str:
        found = self.app.extensions[EXTENSION].metrics
        return generate_latest(found.registry).decode()


@pytest.fixture
def web(tmp_path: Path) -> ScanningWeb:
    return ScanningWeb(tmp_path)


@pytest.fixture
def client(web: ScanningWeb) -> FlaskClient:
    return web.client(None)


def code(answer: TestResponse) -> tuple[int, str]:
    found: Any = answer.get_json()
    assert answer.content_type == "application/json"
    return answer.status_code, found["error"]["code"]


def counts(answer: TestResponse) -> tuple[int, int, int]:
    """Return how many observations were accepted, ignored and bad."""
    assert answer.status_code == 200, answer.text
    found: Any = answer.get_json()
    assert found.pop("status") == "accepted"
    return found["observations"], found["ignored"], found["bad"]


def test_the_validator_is_the_whole_answer(client: FlaskClient) -> None:
    answer = client.get(URL)
    assert (answer.status_code, answer.data) == (200, VALIDATOR.encode())
    assert answer.mimetype == "text/plain"
    assert client.get(f"/scanning/{OTHER}").data == b"fedcba98"
    assert client.head(URL).status_code == 200


@pytest.mark.parametrize("message", [version2(seen2()), version3(seen3())])
def test_what_is_answered_is_durable_and_then_processed(
    web: ScanningWeb, client: FlaskClient, message: dict[str, Any]
) -> None:
    assert counts(client.post(URL, data=body(message))) == (1, 0, 0)
    assert web.wifi.store.waiting() == 1
    (row,) = web.process()
    assert (row.first_at, row.rssi_dbm) == (NOON, -65)
    assert row.network_id == message["data"].get("networkId", "")
    assert web.wifi.store.waiting() == 0


def test_no_observations_and_no_content_type_are_fine(
    web: ScanningWeb, client: FlaskClient
) -> None:
    assert counts(client.post(URL, data=body(version3()))) == (0, 0, 0)
    assert web.wifi.store.waiting() == 0


def test_a_post_sent_twice_is_one_observation(
    web: ScanningWeb, client: FlaskClient
) -> None:
    for _ in range(2):
        client.post(URL, json=version2(seen2()))
    assert len(web.process()) == 1


def test_one_bad_observation_costs_no_other_and_one_line_of_the_log(
    web: ScanningWeb, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    message = version3(seen3(), {"clientMac": "nonsense"}, seen3(WATCH))
    assert counts(client.post(URL, json=message)) == (2, 0, 1)
    assert len(web.process()) == 2
    (line,) = [r.getMessage() for r in caplog.records if "bad" in r.getMessage()]
    assert "2 observations accepted" in line
    for secret in (TOKEN, SECRET, PHONE, "anna@", "nonsense"):
        assert secret not in caplog.text


def test_the_settings_say_what_is_kept(tmp_path: Path) -> None:
    web = ScanningWeb(tmp_path, min_rssi_dbm=-70, access_points=["0c:8d:*"])
    good, weak = seen3(), seen3(WATCH, latestRecord=latest(nearestApRssi="-71"))
    other = seen3(WATCH, latestRecord=latest(nearestApMac="aa:bb:cc:00:00:01"))
    old = seen3(WATCH, -8 * 86_400)
    message = version3(good, weak, other, old)
    assert counts(web.client(None).post(URL, json=message)) == (1, 3, 0)
    assert len(web.process()) == 1
    assert 'observations_total{outcome="accepted"} 1.0' in web.metrics()
    assert 'observations_total{outcome="ignored"} 3.0' in web.metrics()


# --- privacy


def test_addresses_are_hashed_with_a_salt_that_stays(tmp_path: Path) -> None:
    for _ in range(2):
        web = ScanningWeb(tmp_path)
        web.client(None).post(URL, json=version3(seen3()))
        assert len(web.process()) == 1
        web.close()
    salt = tmp_path / "scanning-salt"
    assert stat.S_IMODE(salt.stat().st_mode) == 0o600
    number = mac_number(PHONE)
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        content = path.read_bytes()
        for secret in (PHONE.encode(), number.to_bytes(6), b"anna@", b"10.0.0.7"):
            assert secret not in content, path
        assert SECRET.encode() not in content
    salt.unlink()
    web = ScanningWeb(tmp_path)
    web.client(None).post(URL, json=version3(seen3()))
    assert len({row.device for row in web.process()}) == 2


def test_a_changed_salt_is_reported_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for removed, warnings in ((False, 0), (False, 0), (True, 1), (False, 0)):
        caplog.clear()
        if removed:
            (tmp_path / "scanning-salt").unlink()
        ScanningWeb(tmp_path).close()
        told = [
            text for text in caplog.messages if "every device counts as new" in text
        ]
        assert len(told) == warnings


def test_addresses_are_kept_where_that_is_wanted(tmp_path: Path) -> None:
    web = ScanningWeb(tmp_path, hash_macs=False)
    web.client(None).post(URL, json=version3(seen3()))
    assert [row.device for row in web.process()] == [PHONE]
    assert not (tmp_path / "scanning-salt").exists()
    assert device_name(mac_number(PHONE)) == PHONE


# --- who may send


@pytest.mark.parametrize(
    "token",
    [TOKEN[:-1], TOKEN + "x", TOKEN.upper(), SECRET, KEY, "%00", "ä" * 20, "x" * 5000],
    ids=["shorter", "longer", "case", "secret", "key", "NUL", "umlauts", "long"],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_any_other_token_is_401(
    client: FlaskClient, token: str, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.open(f"/scanning/{token}", method=method, json=version3(seen3()))
    assert code(answer) == (401, "unauthorized")
    assert answer.get_json()["error"]["message"] == "Wrong token in the address"
    assert token not in caplog.text


@pytest.mark.parametrize(
    "secret", ["", None, "wrong", SECRET[:-1], SECRET.upper(), "another secret", TOKEN]
)
def test_a_wrong_secret_is_401_and_nothing_is_kept(
    web: ScanningWeb, client: FlaskClient, secret: str | None
) -> None:
    answer = client.post(URL, json=version3(seen3(), secret=secret))
    assert code(answer) == (401, "unauthorized")
    assert SECRET not in answer.text
    assert web.wifi.store.waiting() == 0


def test_space_around_a_copied_secret_does_not_count(client: FlaskClient) -> None:
    for secret in (f" {SECRET}", f"{SECRET}\n"):
        answer = client.post(URL, json=version3(seen3(), secret=secret))
        assert answer.status_code == 200, answer.text


def test_each_network_has_a_secret_of_its_own(client: FlaskClient) -> None:
    url = f"/scanning/{OTHER}"
    assert code(client.post(url, json=version3(seen3())))[0] == 401
    message = version3(seen3(), secret="another secret")
    assert counts(client.post(url, json=message)) == (1, 0, 0)


def test_another_network_than_that_of_the_address_is_refused(
    web: ScanningWeb, client: FlaskClient
) -> None:
    message = version3(seen3(), secret="another secret")
    message["data"]["networkId"] = "L_of_somebody"
    answer = client.post(f"/scanning/{OTHER}", json=message)
    assert code(answer) == (400, "bad_input")
    assert "data.networkId" in answer.text
    one_ap = version2(seen2(), secret="another secret")
    assert counts(client.post(f"/scanning/{OTHER}", json=one_ap)) == (1, 0, 0)
    assert [row.network_id for row in web.process()] == [NETWORK]


def guess(client: FlaskClient) -> list[int]:
    return [
        answer.status_code
        for number in range(12)
        for answer in (
            client.get(f"/scanning/wrong-token-number-{number}"),
            client.post(URL, json=version3(secret=f"wrong {number}")),
        )
    ]


def test_guessing_is_locked_out_and_right_tokens_are_not(
    web: ScanningWeb, client: FlaskClient
) -> None:
    assert counts(client.post(URL, json=version3(seen3()))) == (1, 0, 0)
    statuses = guess(web.client(None))
    # A minute may end in between: then twenty more are let in.
    assert statuses[:20] == [401] * 20
    if 429 not in statuses:
        statuses = guess(web.client(None))
    assert 429 in statuses
    assert client.get("/scanning/another-wrong-token").status_code == 429
    assert client.get(f"/scanning/{OTHER}").status_code == 200
    assert counts(client.post(URL, json=version3(seen3(WATCH)))) == (1, 0, 0)


def test_hundreds_of_access_points_may_send_in_a_minute(tmp_path: Path) -> None:
    web = Web(
        tmp_path,
        clock=FakeClock(),
        scanning={"endpoints": ENDPOINTS},
        server={"rate_per_minute": 5},
    )
    client = web.client(None)
    for _ in range(30):
        assert counts(client.post(URL, json=version3(seen3()))) == (1, 0, 0)


# --- bodies


@pytest.mark.parametrize(
    "message",
    [
        version3(version="4.0"),
        version3(type="Zigbee"),
        version3(data={"networkId": NETWORK}),
        version3(data=None),
    ],
    ids=["version", "type", "no observations", "no data"],
)
def test_what_cannot_be_used_is_400(client: FlaskClient, message: Any) -> None:
    assert code(client.post(URL, json=message)) == (400, "bad_input")


WHOLE = body(version3(seen3()))


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"garbage", id="garbage"),
        pytest.param(b"version=1.0&secret=x", id="a form"),
        pytest.param(b"\x00\xff", id="bytes"),
        pytest.param(WHOLE[:-9], id="cut"),
        pytest.param(WHOLE[:-1], id="cut by one"),
        pytest.param(WHOLE + WHOLE, id="two"),
        pytest.param(b"[" * 100_000, id="deep"),
    ],
)
def test_a_body_that_is_no_json_is_400_and_one_line_of_the_log(
    client: FlaskClient, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post(URL, data=garbage)
    assert code(answer) == (400, "bad_input")
    assert "body: is no JSON" in answer.text
    (line,) = caplog.messages
    assert line.startswith("scanning endpoint 1: message refused (400): body: is no J")
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"\xef\xbb\xbf" + WHOLE, id="a byte order mark"),
        pytest.param(WHOLE.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(WHOLE.replace(b"Apple", b"Ap\x01p\nle"), id="control characters"),
        pytest.param(WHOLE.replace(b"Apple", "Äpfel".encode("latin-1")), id="Latin-1"),
        pytest.param(WHOLE + b"\0\n", id="a NUL at the end"),
        pytest.param(gzip.compress(WHOLE), id="packed without saying so"),
    ],
)
def test_what_has_one_meaning_is_accepted(
    web: ScanningWeb, client: FlaskClient, message: bytes
) -> None:
    assert counts(client.post(URL, data=message)) == (1, 0, 0)
    assert len(web.process()) == 1
    assert client.post(URL + "/", data=message).status_code == 200


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "nan", "inf", "1e999"])
def test_numbers_that_json_does_not_know_cost_nothing(
    client: FlaskClient, number: str
) -> None:
    place = location(0, (AP, -65)) | {"lat": "LAT", "variance": "LAT"}
    message = body(version3(seen3(locations=[place], ssid='a "NaN" b')))
    message = message.replace(b'"LAT"', number.encode())
    assert counts(client.post(URL, data=message)) == (1, 0, 0)


def test_every_refused_message_is_logged_up_to_ten_a_minute(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    client.post(URL, json=version3(secret="wrong"))
    client.post(URL, json=version3(type="Zigbee"))
    first, second = [text for text in caplog.messages if "message refused" in text]
    assert "refused (401): Wrong secret in the message" in first
    assert "refused (400): type: 'Zigbee'" in second
    for _ in range(20):
        client.post(URL, data=b"{")
    lines = [text for text in caplog.messages if "message refused" in text]
    assert len(lines) == 10


def packed(message: bytes) -> dict[str, Any]:
    return {"data": message, "headers": {"Content-Encoding": "gzip"}}


def test_a_packed_body_is_unpacked(web: ScanningWeb, client: FlaskClient) -> None:
    message = gzip.compress(body(version3(seen3())))
    assert counts(client.post(URL, **packed(message))) == (1, 0, 0)
    assert code(client.post(URL, **packed(message[:-20]))) == (400, "bad_input")
    assert code(client.post(URL, **packed(b"garbage"))) == (400, "bad_input")
    many = gzip.compress(b"") * 500_000
    assert code(client.post(URL, **packed(many))) == (400, "bad_input")
    other = client.post(URL, data=message, headers={"Content-Encoding": "br"})
    assert other.status_code == 415


def test_a_body_of_32_mb_is_accepted_and_a_larger_one_is_413(
    web: ScanningWeb, client: FlaskClient
) -> None:
    message = body(version3(seen3()))
    full = message + b" " * (MAX_BYTES - len(message))
    assert counts(client.post(URL, data=full)) == (1, 0, 0)
    too_much = code(client.post(URL, data=full + b" "))
    assert too_much == (413, "request_entity_too_large")
    bomb = gzip.compress(full + b" ")
    assert len(bomb) < 100_000
    assert code(client.post(URL, **packed(bomb)))[0] == 413
    assert counts(client.post(URL, **packed(gzip.compress(full)))) == (1, 0, 0)


def test_other_addresses_still_take_little(client: FlaskClient) -> None:
    answer = client.post("/webhook", data=b"x" * 2_000_000)
    assert answer.status_code in {401, 413}


def test_visits_come_of_what_was_sent(web: ScanningWeb, client: FlaskClient) -> None:
    for minute in (0, 1, 2, 3):
        message = version2(seen2(seconds=-60 * minute))
        assert counts(client.post(URL, json=message)) == (1, 0, 0)
    web.process()
    span = WifiFilter(NOON.replace(hour=0), NOON.replace(hour=23))
    (visit,) = web.wifi.lists.visits(span)
    assert (visit.observations, visit.dwell.total_seconds()) == (4, 180)
    assert visit.time_in.isoformat().startswith(iso(-180)[:-1])


def test_without_endpoints_nothing_is_accepted_and_no_salt_created(
    tmp_path: Path,
) -> None:
    web = ScanningWeb(tmp_path, endpoints=[])
    answer = web.client(None).post(URL, json=version3(seen3()))
    assert code(answer) == (401, "unauthorized")
    assert not (tmp_path / "scanning-salt").exists()


def test_a_network_with_an_old_secret_locks_out_no_other(tmp_path: Path) -> None:
    web = ScanningWeb(tmp_path)
    client = web.client(None)
    old = body(version2(seen2(), secret="a secret of last year"))
    answers = [client.post(URL, data=old).status_code for _ in range(25)]
    assert answers == [401] * 20 + [429] * 5
    good = body(version3(seen3(), secret="another secret"))
    assert client.post(f"/scanning/{OTHER}", data=good).status_code == 200
    assert web.client(KEY).get("/api/v1.0/events").status_code != 429


def test_few_large_bodies_wait_for_each_other_and_the_rest_is_503() -> None:
    parsing = threading.Lock()
    with ExitStack() as held:
        held.enter_context(receiver._large("one", parsing))
        for _ in range(3):
            assert held.enter_context(receiver._waiting.place("one"))
        refused = pytest.raises(QueueFull, match="being read")
        with refused, receiver._large("one", parsing):
            pass
        assert held.enter_context(receiver._waiting.place("another"))
    with receiver._large("one", parsing):
        pass
