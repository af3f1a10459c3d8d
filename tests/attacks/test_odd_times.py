"""Guard: a time of any offset, or at an end of the calendar, is an answer, no failure.

Years end at 1 and 9999: what is just within them is beyond in another zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient

from tests.web.build import GATE, Web, send
from tests.web.described import described
from tests.web.page_build import ZONE, filled

OFFSETS = ("", "Z", "+23:59", "-23:59", "+24:00", "-12:34:56.789012")
MOMENTS = ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999", "2026-03-04T12:00:00")
DAYS = ("0001-01-01", "0001-01-02", "9999-12-30", "9999-12-31")
NUMBERS = ("-99999999999", "99999999999", "9" * 30, "1e999", "nan")
ODD = (*(f"{at}{offset}" for at in MOMENTS for offset in OFFSETS), *DAYS, *NUMBERS)
# Of no year in UTC.
EARLIEST, LATEST = f"{MOMENTS[0]}+23:59", f"{MOMENTS[1]}-23:59"
NAMES = ("at", "since", "until", "judged_since")
FILTERED = (
    *("/events", "/crowd-events", "/clips", "/visitors", "/audit", "/status/jobs"),
    *("/badges", "/badges/report", "/wifi", "/wifi/visits", "/wifi/observations"),
    *("/wifi/correlation", f"/visitors/{GATE}/{ZONE}"),
)


@dataclass(frozen=True)
class Site:
    web: Web
    browser: FlaskClient
    examples: dict[str, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    web, examples = filled(tmp_path_factory.mktemp("times"))
    yield Site(web, web.log_in(), examples)
    web.close()


def test_programs_get_an_answer_for_any_time(site: Site) -> None:
    client, failed, asked = site.web.client(), [], 0
    for path, operations in described()["paths"].items():
        for one in operations.get("get", {}).get("parameters", ()):
            if one["name"] not in NAMES:
                continue
            name, is_trigger = one["name"], path.endswith("/getSnapshot")
            more = {"mvSerial": GATE, "wait_s": "0"} if is_trigger else {}
            for text in ODD:
                answer = client.get(path, query_string={**more, name: text})
                status = answer.status_code
                is_right = status == 400 and name in answer.text
                asked += 1
                if status >= 500 or (text in (EARLIEST, LATEST) and not is_right):
                    failed.append(f"{path} {name}={text}: {status}")
    assert failed == []
    assert asked > 10 * len(ODD)


def test_pages_show_something_for_any_time(site: Site) -> None:
    failed = []
    for path in FILTERED:
        for name in ("day", "from", "to"):
            for text in (DAYS[0], DAYS[-1], LATEST):
                answer = site.browser.get(path, query_string={name: text})
                if answer.status_code >= 500:
                    failed.append(f"{path} {name}={text}: {answer.status_code}")
    assert failed == []


def test_forms_refuse_what_is_no_time_by_the_name_of_its_field(site: Site) -> None:
    address = "/settings/entries/schedules"
    noon = {"name": "Noon", "cron": "0 13 * * *", "cameras": site.examples["serial"]}
    found = {}
    for text in ODD:
        answer = send(site.browser, address, known_at=text, **noon)
        found[text] = answer.status_code
        if "+24:00" in text or text in (EARLIEST, LATEST, *NUMBERS):
            assert "known_at" in answer.text, text
        assert (
            "changed this entry meanwhile" in answer.text or "known_at" in answer.text
        )
    assert {text: status for text, status in found.items() if status != 400} == {}
    for text in ODD:
        at = {"place": "", "minutes": "until", "until": text}
        answer = send(site.browser, "/settings/mutes", **at)
        assert answer.status_code < 500, text


def test_messages_of_programs_with_any_time_are_answered(site: Site) -> None:
    client = site.web.client()
    for text in ODD:
        badge = {"timestamp": text, "user_id": "1", "reader": "Gate"}
        answer = client.post("/api/v1.0/badges", json=badge)
        assert answer.status_code < 500, text
        if text in (EARLIEST, LATEST):
            assert (answer.status_code, "timestamp" in answer.text) == (400, True)
