"""Faults reach a client as they would from outside."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import requests
from flask import Flask

from mvsnap.simulator.calls import RecordedCall, new_app
from mvsnap.simulator.faults import Fault, Faults
from mvsnap.simulator.server import serve


class Shop:
    """A small app with faults; `sold` counts the calls that took effect."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.asked: list[RecordedCall] = []
        self.sold = 0

    def app(self) -> Flask:
        app = new_app(
            __name__,
            asked=self.asked,
            faults=self.faults,
            is_api=lambda path: path.startswith("/v1/"),
        )
        app.post("/v1/buy")(self._buy)
        return app

    def _buy(self) -> str:
        self.sold += 1
        return "sold"


@pytest.fixture
def shop() -> Shop:
    return Shop()


@pytest.fixture
def url(shop: Shop) -> Iterator[str]:
    with serve(shop.app()) as origin:
        yield origin


def buy(url: str) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = False
        return session.post(f"{url}/v1/buy", timeout=10)


@pytest.mark.parametrize(
    ("kind", "status", "retry_after"),
    [
        ("429", 429, "3"),
        ("429-no-retry-after", 429, None),
        ("429-garbage-retry-after", 429, "rand(30),add(30)"),
        ("500-html", 500, None),
        ("502", 502, None),
        ("503-html", 503, None),
        ("html-200", 200, None),
        ("401", 401, None),
    ],
)
def test_an_answer_is_replaced_by_html(
    shop: Shop, url: str, kind: str, status: int, retry_after: str | None
) -> None:
    shop.faults.add(Fault(kind, seconds=3))
    answer = buy(url)
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == retry_after
    assert answer.headers["Content-Type"].startswith("text/html")
    assert shop.sold == 0
    assert buy(url).text == "sold"


def test_a_404_can_be_empty(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("empty-404"))
    answer = buy(url)
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(("after", "sold"), [(False, 0), (True, 1)])
def test_a_reset_resets_the_connection_before_or_after_the_effect(
    shop: Shop, url: str, after: bool, sold: int
) -> None:
    shop.faults.add(Fault("reset", after=after))
    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        buy(url)
    assert shop.sold == sold
    assert buy(url).text == "sold"


def test_an_answer_can_be_lost_after_the_effect(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("502", after=True))
    assert buy(url).status_code == 502
    assert shop.sold == 1


def test_slow_takes_its_time_and_then_answers(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("slow", seconds=0.3))
    began_s = time.monotonic()
    assert buy(url).text == "sold"
    assert time.monotonic() - began_s >= 0.3


def test_a_fault_hits_only_the_calls_it_names(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("502", path=r"^GET ", times=-1))
    assert buy(url).status_code == 200
    assert requests.get(f"{url}/v1/buy", timeout=10).status_code == 502


def test_a_fault_without_end_lasts_until_it_is_cleared(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("502", times=-1))
    assert [buy(url).status_code for _ in range(4)] == [502] * 4
    shop.faults.clear()
    assert buy(url).status_code == 200


def test_a_share_hits_about_that_many_calls(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("502", times=-1, share=0.33))
    hit = sum(buy(url).status_code == 502 for _ in range(60))
    assert 10 <= hit <= 30


def test_the_same_seed_hits_the_same_calls(url: str, shop: Shop) -> None:
    again = Shop()
    with serve(again.app()) as other:
        for faults in (shop.faults, again.faults):
            faults.add(Fault("502", times=-1, share=0.5))
        hits = [(buy(url).status_code, buy(other).status_code) for _ in range(16)]
    assert {first == second for first, second in hits} == {True}
    assert {first for first, _ in hits} == {200, 502}


def test_a_share_that_misses_is_not_used_up(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("502", times=2, share=0.5))
    assert sorted(buy(url).status_code for _ in range(20))[-3:] == [200, 502, 502]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": 429, "seconds": "7"}, id="a number and a text"),
        pytest.param({"kind": "429", "seconds": 7, "times": "1"}, id="times as text"),
    ],
)
def test_a_fault_comes_over_http_as_a_script_writes_it(
    shop: Shop, url: str, fault: dict[str, object]
) -> None:
    assert requests.post(f"{url}/fault", json=fault, timeout=10).status_code == 201
    assert buy(url).headers["Retry-After"] == "7"
    assert buy(url).text == "sold"


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"kind": "502", "times": "0"}, id="no times"),
        pytest.param({"kind": "502", "until": "noon"}, id="an unknown key"),
        pytest.param({"path": "/"}, id="no kind"),
        pytest.param(["502"], id="a list"),
    ],
)
def test_a_wrong_fault_over_http_is_refused_and_nothing_happens(
    url: str, fault: object
) -> None:
    assert requests.post(f"{url}/fault", json=fault, timeout=10).status_code == 400
    assert buy(url).text == "sold"


def test_faults_are_cleared_over_http(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("502", times=-1))
    assert requests.delete(f"{url}/fault", timeout=10).status_code == 204
    assert buy(url).text == "sold"


def test_faults_happen_in_the_order_they_were_added(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("502", times=2))
    shop.faults.add(Fault("503-html"))
    assert [buy(url).status_code for _ in range(4)] == [502, 502, 503, 200]


@pytest.mark.parametrize(
    ("kind", "path", "times"),
    [
        pytest.param("flood", "", 1, id="kind"),
        pytest.param("502", "(", 1, id="path"),
        pytest.param("502", "", 0, id="no times"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(
    kind: str, path: str, times: int
) -> None:
    with pytest.raises(ValueError, match="flood|regular|times"):
        Fault(kind, path, times)


def test_a_faulty_call_is_written_down_too(shop: Shop, url: str) -> None:
    shop.faults.add(Fault("502"))
    buy(url)
    assert [asked.path for asked in shop.asked] == ["/v1/buy"]


def test_faults_by_many_threads_at_once_are_each_used_once(
    shop: Shop, url: str
) -> None:
    shop.faults.add(Fault("502", times=5))
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(buy(url).status_code))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 7 + [502] * 5


def test_a_body_that_never_arrives_does_not_block_the_server(
    shop: Shop,
) -> None:
    head = b"POST /v1/buy HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n"
    kind = b"Content-Type: application/json\r\n\r\n"
    with serve(shop.app(), silence_s=0.3) as url:
        place = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(place, timeout=20) as client:
            client.sendall(head + kind)
            assert client.recv(100).startswith(b"HTTP/1.1 400")
