"""Descriptions are what the MQTT integration of Home Assistant accepts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import pytest

from mvsnap.domain import (
    Event,
    EventId,
    EventKind,
    JobId,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.home_assistant.entities import Entities
from mvsnap.home_assistant.payloads import EVENT_KINDS, event_json, zone_json
from mvsnap.home_assistant.topics import Topics, safe_id
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

TOPICS = Topics("mvsnap/berlin", "homeassistant")
STATUS = "mvsnap/berlin/listeners/l/status"
SERIAL = "Q2AA-BBBB-CCCC"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

# The keys of each component that are needed, and those that there may be.
COMMON = {
    *("name", "unique_id", "device", "origin", "qos", "icon", "entity_category"),
    *("availability_topic", "default_entity_id", "json_attributes_topic"),
}
NEEDED = {
    "sensor": {"state_topic"},
    "binary_sensor": {"state_topic"},
    "image": {"image_topic"},
    "event": {"state_topic", "event_types"},
}
ALLOWED = {
    "sensor": {"value_template", "unit_of_measurement", "state_class"},
    "binary_sensor": {"value_template", "payload_on", "payload_off", "device_class"},
    "image": {"content_type"},
    "event": {"value_template"},
}


def all_entities(entities: Entities) -> list[tuple[str, dict[str, Any]]]:
    found = chain(
        entities.gateway(),
        entities.zone(SERIAL, "Gate", "0", "Full Frame", STATUS),
        entities.zone(SERIAL, "Gate", "7128", "Queue", STATUS),
        [
            entities.picture(SERIAL, "Gate"),
            entities.picture("Tür 1/2", "Tür 1/2"),
            entities.recording("Tür 1/2", "Tür 1/2"),
            entities.service("meraki"),
        ],
    )
    return [(topic, json.loads(text)) for topic, text in found]


FOUND = all_entities(Entities(TOPICS, "Berlin", "https://mvsnap.example"))


@pytest.mark.parametrize(("topic", "config"), FOUND, ids=[t for t, _ in FOUND])
def test_each_has_what_is_needed_and_nothing_unknown(
    topic: str, config: dict[str, Any]
) -> None:
    prefix, component, node, object_id, end = topic.split("/")
    assert (prefix, node, end) == ("homeassistant", "mvsnap_berlin", "config")
    assert re.fullmatch(r"[A-Za-z0-9_-]+", object_id)
    assert NEEDED[component] | {"unique_id", "device", "origin"} <= config.keys()
    assert config.keys() <= COMMON | NEEDED[component] | ALLOWED[component]
    assert config["unique_id"].startswith("mvsnap_berlin_")
    assert config["origin"]["name"] == "mvsnap"
    assert config["device"]["identifiers"]
    assert config["device"]["name"]
    assert re.fullmatch(rf"{component}\.[a-z0-9_]+", config["default_entity_id"])
    for name in ("state_topic", "image_topic", "availability_topic"):
        if name in config:
            assert config[name].startswith("mvsnap/berlin/")
            assert not set(config[name]) & set("+# ")


def test_ids_are_unique_and_do_not_depend_on_names() -> None:
    ids = [config["unique_id"] for _, config in FOUND]
    assert len(set(ids)) == len(ids)
    before = dict(Entities(TOPICS, "", None).zone(SERIAL, "A", "7", "B", STATUS))
    after = dict(Entities(TOPICS, "", None).zone(SERIAL, "X", "7", "Y", STATUS))
    assert before.keys() == after.keys()
    assert before != after


def test_entities_of_a_camera_are_one_device_behind_the_gateway() -> None:
    devices = {
        json.dumps(config["device"], sort_keys=True)
        for topic, config in FOUND
        if SERIAL in topic
    }
    (device,) = map(json.loads, devices)
    (gateway,) = {
        *(
            c["device"]["identifiers"][0]
            for t, c in FOUND
            if t.endswith("online/config")
        )
    }
    assert device["via_device"] == gateway
    assert device["name"] == "Gate"


def test_online_needs_no_availability_and_all_others_have_one() -> None:
    without = [topic for topic, c in FOUND if "availability_topic" not in c]
    assert without == ["homeassistant/binary_sensor/mvsnap_berlin/online/config"]


def test_odd_names_are_one_level_of_a_topic() -> None:
    odd = ["a/b", "a b", "+", "#", "", "ä", "x" * 65, "a\x00b", "\ud800"]
    assert len({safe_id(name) for name in odd}) == len(odd)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", safe_id(name)) for name in odd)
    assert safe_id(SERIAL) == SERIAL


EVENT = Event(
    EventId("e1"),
    EventKind.CROWD,
    NOON,
    NOON,
    Serial(SERIAL),
    JobId("j1"),
    Trigger(TriggerKind.SENSE, "Queue"),
    camera_name="Gate",
    title="Crowd: 4 people",
    video_link="https://n1.meraki.com/secret",
    snapshot_path="snapshots/secret.jpg",
    error=Reason("https://signed.example/secret?token=secret"),
    zone_id=ZoneId("7128"),
    zone_name="Queue",
    details={"people": 4, "muted_by": "Anna", "secret": "secret", "secret_n": 1},
)


def test_an_event_has_its_facts_and_no_addresses() -> None:
    text = event_json(EVENT)
    found = json.loads(text)
    assert found["event_type"] == "crowd"
    assert (found["id"], found["camera"], found["zone"]) == ("e1", "Gate", "Queue")
    assert found["occurred_at"] == "2026-03-04T12:00:00.000Z"
    assert (found["people"], found["muted"], found["failed"]) == (4, True, True)
    assert "secret" not in text
    assert "Anna" not in text


def test_a_title_fits_a_state_and_is_never_empty() -> None:
    assert len(json.loads(event_json(replace(EVENT, title="x" * 999)))["title"]) == 255
    assert json.loads(event_json(replace(EVENT, title="")))["title"] == "Crowd"


def test_event_types_are_all_but_mismatches() -> None:
    (config,) = [c for _, c in FOUND if "event_types" in c]
    assert set(config["event_types"]) == set(EVENT_KINDS)
    assert "mismatch" not in config["event_types"]


def test_of_a_silent_camera_nothing_is_known() -> None:
    assert json.loads(zone_json(None, crowd=True)) == {
        "people": None,
        "occupied": None,
        "crowd": None,
    }
