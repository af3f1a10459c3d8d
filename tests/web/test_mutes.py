from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mvsnap.clock import iso
from mvsnap.domain import Mute, Serial, ZoneId
from tests.changes import log_line
from tests.clients.fakes import NOON, FakeClock
from tests.web.build import DOOR, GATE, KEY, Web

MUTES = "/api/v1.0/mutes"
LIMITED = "a-key-for-the-gate-alone"


@pytest.fixture
def web(tmp_path: Path) -> Web:
    entries = [
        {"name": "all", "key": KEY, "scopes": ["mute", "read"]},
        {"name": "gate", "key": LIMITED, "scopes": ["mute"], "cameras": [GATE]},
    ]
    return Web(tmp_path, clock=FakeClock(), api_keys=entries)


def mute(web: Web, key: str = KEY, **fields: str) -> Any:
    answer = web.client(key).post(MUTES, data=fields)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def listed(web: Web, key: str = KEY) -> Any:
    return web.client(key).get(MUTES).get_json()["mutes"]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]["code"]


def test_a_mute_without_anything_is_of_all_cameras_for_an_hour(web: Web) -> None:
    made = mute(web)
    assert made == {
        "id": made["id"],
        "serial": None,
        "zone_id": None,
        "until": iso(NOON + timedelta(hours=1)),
        "muted_at": iso(NOON),
        "muted_by": "all",
    }
    assert listed(web) == [made]


@pytest.mark.parametrize("how", ["query", "form", "json"])
def test_a_mute_is_asked_for_as_a_device_can(web: Web, how: str) -> None:
    fields = {"serial": GATE.lower(), "zone": "7", "minutes": "5"}
    ways: dict[str, dict[str, Any]] = {
        "query": {"query_string": fields},
        "form": {"data": fields},
        "json": {"json": {**fields, "minutes": 5}},
    }
    answer = web.client().post(MUTES, **ways[how])
    made: Any = answer.get_json()
    assert answer.status_code == 201
    assert (made["serial"], made["zone_id"]) == (GATE, "7")
    assert made["until"] == iso(NOON + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"serial": "camera"}, "camera"),
        ({"serial": f"{GATE},{DOOR}"}, "serial"),
        ({"zone": "1"}, "zone"),
        ({"serial": GATE, "zone": "gate"}, "zone"),
        ({"serial": GATE, "zone": "1" * 33}, "zone"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "10081"}, "minutes"),
        ({"minutes": "-5"}, "minutes"),
        ({"minutes": "1.5"}, "minutes"),
        ({"minutes": "²"}, "minutes"),
        ({"minutes": "9" * 5000}, "minutes"),
        ({"minuts": "5"}, "minutes"),
    ],
)
def test_what_cannot_be_used_is_400_and_named(
    web: Web, fields: dict[str, str], names: str
) -> None:
    answer = web.client().post(MUTES, data=fields)
    assert answer.status_code == 400
    assert names in answer.text
    assert listed(web) == []
    assert web.site.changes(9) == []


def test_a_mute_that_is_over_is_not_listed(web: Web) -> None:
    mute(web, minutes="1")
    assert isinstance(web.clock, FakeClock)
    web.clock.pass_time(61)
    assert listed(web) == []


def test_a_mute_of_a_clock_that_was_ahead_does_not_last_until_then(web: Web) -> None:
    """Nobody would be notified for a year."""
    now, hour = web.clock.now(), timedelta(hours=1)
    for ahead in (timedelta(days=365), 2 * hour, hour / 2):
        at = now + ahead
        web.site.mute(
            Mute(f"by {ahead}", at + hour, at, "anna"), log_line(at, "anna", "mute")
        )
    assert [mute.id for mute in web.site.mutes(now)] == [f"by {hour / 2}"]
    place = Serial(GATE), ZoneId("1")
    covers = [
        Mute("", now + ahead + hour, now + ahead, "anna").covers(*place, now)
        for ahead in (-hour, -hour / 2, timedelta(), hour / 2, hour)
    ]
    assert covers == [False, True, True, True, False]


def test_a_mute_is_ended_once(web: Web) -> None:
    made = mute(web)
    address = f"{MUTES}/{made['id']}"
    answer = web.client().delete(address)
    assert (answer.status_code, answer.data) == (204, b"")
    assert listed(web) == []
    assert code(web.client().delete(address)) == (404, "not_found")


def test_the_audit_log_has_who_muted_what_and_who_ended_it(web: Web) -> None:
    made = mute(web, serial=GATE, zone="2")
    web.client(LIMITED).delete(f"{MUTES}/{made['id']}")
    ended, began = web.site.changes(9)
    until = "until 2026-03-04 13:00:00 UTC"
    what = f"mute of camera {GATE}, zone 2"
    assert (began.who, began.what, began.before, began.after) == (
        ("all", what, "", until)
    )
    assert (ended.who, ended.what, ended.before, ended.after) == (
        ("gate", what, until, "ended")
    )


def test_a_limited_key_mutes_and_sees_its_own_cameras_only(web: Web) -> None:
    everything, door = mute(web), mute(web, serial=DOOR)
    own = mute(web, LIMITED, serial=GATE)
    client = web.client(LIMITED)
    assert listed(web, LIMITED) == [own]
    assert code(client.post(MUTES)) == (403, "forbidden")
    assert code(client.post(MUTES, data={"serial": DOOR})) == (403, "forbidden")
    for other in (everything, door):
        assert code(client.delete(f"{MUTES}/{other['id']}")) == (404, "not_found")
    assert len(listed(web)) == 3


def test_answers_are_what_the_description_says(web: Web) -> None:
    made = mute(web, serial=GATE)
    document: Any = web.client().get("/api/v1.0/openapi.json").get_json()
    for schema, told in (("Mute", made), ("Mutes", {"mutes": listed(web)})):
        reference = {"$ref": f"#/components/schemas/{schema}"}
        validator = jsonschema.Draft202012Validator(
            reference | {"components": document["components"]}
        )
        assert [error.message for error in validator.iter_errors(told)] == []
    assert set(document["paths"][MUTES]) == {"get", "post"}
    assert datetime.fromisoformat(made["until"])
