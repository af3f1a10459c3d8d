from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from mvsnap.values import replace
from mvsnap.webhooks.alarm import AlarmSource, headline
from tests.core.build import GATE
from tests.webhooks.build import button_test, ixon, meraki, sensor, sent, snake

OCCURRED = datetime(2026, 3, 4, 11, 59, 50, 615483, tzinfo=UTC)


def test_a_motion_alert_says_which_camera_saw_it_and_when() -> None:
    alarm = sent(meraki())
    assert replace(alarm, dedup_key="", payload={}) == replace(
        alarm,
        source=AlarmSource.MERAKI,
        kind="motion_alert",
        title="Motion detected",
        texts=("Shop",),
        occurred_at=OCCURRED,
        time_text="2026-03-04T11:59:50.615483Z",
        device="Gate",
        device_serial=GATE,
        camera=GATE,
        network="Shop",
        image_url="https://spn.meraki.com/stream/jpeg/1",
        is_test=False,
        ignored=None,
        dedup_key="",
        is_own_key=True,
        payload={},
    )


OLD = dict.fromkeys(("alertTypeId", "alertLevel", "networkTags", "deviceModel"))


@pytest.mark.parametrize(
    ("message", "kind", "camera"),
    [
        pytest.param(meraki(**OLD), "motion_detected", GATE, id="motion of 2018"),
        pytest.param(
            meraki(**OLD | {"alertType": "APs went down"}),
            "aps_went_down",
            None,
            id="another of 2018",
        ),
        pytest.param(meraki(deviceModel="mv72x"), "motion_alert", GATE, id="mv72x"),
        pytest.param(meraki(deviceModel="MR36"), "motion_alert", None, id="no camera"),
        pytest.param(meraki(deviceSerial=""), "motion_alert", None, id="no serial"),
        pytest.param(meraki(deviceSerial=GATE.lower()), "motion_alert", GATE, id="q"),
        pytest.param(meraki(deviceSerial="x"), "motion_alert", None, id="bad serial"),
        pytest.param(
            meraki(deviceSerial="Q234-ABCD-5678"), "motion_alert", None, id="example"
        ),
        pytest.param(
            meraki(alertTypeId="settings_changed", deviceSerial=None, deviceModel=None),
            "settings_changed",
            None,
            id="of a network",
        ),
        pytest.param(
            meraki(alertTypeId="node_hardware_failure", alertData={}),
            "node_hardware_failure",
            GATE,
            id="a camera that may be broken",
        ),
        pytest.param(sensor("door", 1.0), "sensor_alert", None, id="a sensor"),
    ],
)
def test_the_kind_of_an_alert_and_its_camera_are_read(
    message: dict[str, Any], kind: str, camera: str | None
) -> None:
    alarm = sent(message)
    assert (alarm.source, alarm.kind, alarm.camera) == (
        AlarmSource.MERAKI,
        kind,
        camera,
    )


BUTTON = {
    "message": "Button was short pressed",
    "trigger": {"ts": 1772625590.0, "type": "button", "button": {"pressType": "short"}},
}
SEVERAL = [
    {"trigger": {"type": "door", "sensorValue": 1}},
    {"trigger": {"type": "humidity", "sensorValue": "61.50"}},
    "not an object",
    {"trigger": {"type": "noise"}},
]


@pytest.mark.parametrize(
    ("message", "words"),
    [
        pytest.param(sensor("door", 1.0), "door open", id="door"),
        pytest.param(sensor("temperature", 18.5), "temperature 18.5", id="warm"),
        pytest.param(sensor("water", 1.0), "water 1", id="water"),
        pytest.param(
            meraki(alertTypeId="sensor_automation", alertData=BUTTON),
            "button pressed (short)",
            id="button",
        ),
        pytest.param(
            sensor("", 0, alertData={"triggerData": SEVERAL}),
            "door open · humidity 61.5 · noise",
            id="several",
        ),
        pytest.param(
            sensor("", 0, alertData=json.dumps({"triggerData": SEVERAL[:1]})),
            "door open",
            id="data as a JSON text",
        ),
    ],
)
def test_a_sensor_alert_says_in_words_what_was_measured(
    message: dict[str, Any], words: str
) -> None:
    assert words in headline(sent(message))


@pytest.mark.parametrize(
    ("message", "because"),
    [
        pytest.param(meraki(), None, id="motion"),
        pytest.param(sensor("door", 1.0), None, id="a door opens"),
        pytest.param(sensor("temperature", 18.5), None, id="temperature"),
        pytest.param(
            sensor("door", 0.0, alertData={"startedAlerting": False}),
            "the alert has ended",
            id="it has ended",
        ),
        pytest.param(
            sensor(
                "door",
                0.0,
                alertData={
                    "triggerData": [{"trigger": {"type": "door", "sensorValue": 0.0}}]
                },
            ),
            "the alert has ended",
            id="a door closes and nothing more is said",
        ),
        pytest.param(sensor("door", 0.0), None, id="a door closes: that is the alert"),
        pytest.param(button_test(), "test message", id="the older button"),
        pytest.param(
            button_test(alertId=None, alertTypeId=None),
            "test message",
            id="the older button without an id",
        ),
        pytest.param(
            sensor("door", 1.0, alertTypeId="sensor_alert_test"),
            "test message",
            id="test of an alert profile",
        ),
        pytest.param(
            meraki(
                alertId="0" * 16,
                alertTypeId="power_supply_down",
                alertType="Power supply went down",
                deviceModel="MS",
                alertData={"num": 2},
            ),
            "test message",
            id="the default of the API",
        ),
        pytest.param(meraki(alertId="0" * 16), None, id="example of a motion"),
        pytest.param(
            meraki(alertTypeId="started_reporting", alertData={}), None, id="came up"
        ),
        pytest.param(ixon(), None, id="IXON alarm"),
        pytest.param(ixon(systemLabel=None), None, id="IXON without a label"),
        pytest.param(
            ixon(systemLabel="device-transfer"),
            "not an alarm: 'device-transfer'",
            id="IXON message of another kind",
        ),
        pytest.param({"alarm": 17}, None, id="any JSON"),
        pytest.param(
            button_test(deviceSerial="Q234-ABCD-5678"), "test message", id="example"
        ),
        pytest.param(meraki(alertId=""), None, id="an alert without an id"),
        pytest.param(meraki(alertData={}), None, id="an alert without data"),
        pytest.param(meraki(alertData=[]), None, id="an alert with a list for data"),
        pytest.param(
            meraki(alertId="", alertData={}), None, id="a device, no id and no data"
        ),
        pytest.param(
            meraki(alertId=None, alertData={}, deviceSerial=""),
            None,
            id="a device known by its name",
        ),
        pytest.param(button_test(alertData=None), None, id="no data field at all"),
    ],
)
def test_tests_endings_and_other_news_need_no_picture(
    message: dict[str, Any], because: str | None
) -> None:
    ignored = sent(message).ignored
    assert (ignored.because if ignored else None) == because


@pytest.mark.parametrize(
    ("data", "url"),
    [
        ({"imageUrl": "https://spn.meraki.com/1"}, "https://spn.meraki.com/1"),
        ({"imageUrl": "https://spn.meraki.com/1", "imageEnabled": False}, None),
        ({"imageUrl": "http://spn.meraki.com/1"}, None),
        ({"imageUrl": "file:///etc/passwd"}, None),
        ({"imageUrl": "https://a b/"}, None),
        ({"imageUrl": "https://spn.meraki.com/" + "x" * 2000}, None),
        ({"imageUrl": ""}, None),
        ({}, None),
    ],
    ids=["given", "off", "http", "file", "blank", "too long", "empty", "none"],
)
def test_the_picture_of_an_alert_is_known_by_its_address(
    data: dict[str, Any], url: str | None
) -> None:
    assert sent(meraki(alertData=data)).image_url == url


def test_a_test_with_a_picture_says_that_it_is_one() -> None:
    alarm = sent(meraki(alertId="0" * 16))
    assert headline(alarm).startswith("Test · Motion detected")


def door(**trigger: Any) -> dict[str, Any]:
    """Return a door's alert that says nothing but its reading."""
    return sensor("", 0, alertData={"triggerData": [{"trigger": trigger}]})


CLOSED = [
    {"type": "door", "sensorValue": 0.0},
    {"type": "Door", "sensor_value": "0.0"},
    {"type": "door", "sensorValue": False},
    {"type": "door", "sensorValue": "closed"},
    {"type": "door_closed"},
    {"type": "doorClosed", "sensorValue": 1},
    {"type": "door_open", "sensor_value": 0},
    {"metric": "door", "door": {"open": False}},
    {"sensor_value": 0.0},  # of a sensor that only knows doors
]
OPEN = [
    {"type": "door", "sensorValue": 1.0},
    {"type": "DOOR", "sensor_value": "1.0"},
    {"type": "door", "sensorValue": True},
    {"type": "door", "sensorValue": "Open"},
    {"type": "door_open", "sensor_value": 1},
    {"metric": "door", "door": {"open": True}},
    {"sensor_value": 1},
]


@pytest.mark.parametrize("spelled", [dict, snake])
@pytest.mark.parametrize(
    ("trigger", "closes"), [(t, True) for t in CLOSED] + [(t, False) for t in OPEN]
)
def test_a_door_that_closes_is_ignored_in_every_spelling(
    trigger: dict[str, Any], closes: bool, spelled: Any
) -> None:
    whole = door(**trigger)
    flat = whole | whole["alertData"] | {"alertData": None}
    bare = whole | {"alertData": {"triggerData": [trigger]}}
    nameless = flat | {"alertType": None, "alertTypeId": None}
    for message in (whole, flat, bare, nameless):
        alarm = sent(spelled(message))
        assert (alarm.ignored is not None) is closes
        assert ("door closed" if closes else "door open") in headline(alarm)


@pytest.mark.parametrize(
    "message",
    [
        sensor("", 0, alertTypeId="door_closed", alertData={}),
        sensor("", 0, alertTypeId="sensorDoorClosed", alertData={}),
        sensor("", 0, alertType="Door closed", alertData={}),
        sensor("door", 1, alertData={}, startedAlerting=False),
        sensor("door", 1, alertData={"startedAlerting": "0.0"}),
    ],
)
def test_an_alert_that_says_in_its_name_or_flag_that_it_ended_is_ignored(
    message: dict[str, Any],
) -> None:
    for spelled in (message, snake(message)):
        assert sent(spelled).ignored is not None


KIND = meraki(alertId="cam_record_fail", occurredAt="2026-03-04T11:59:50Z")


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ({}, True),
        ({"sentAt": "2026-03-04T12:09:58Z"}, True),
        ({"deviceSerial": "Q2SM-0000-0002"}, False),
        ({"deviceMac": "00:11:22:33:44:56"}, False),
        ({"alertTypeId": "node_hardware_failure"}, False),
        ({"alertData": {"slot": 2}}, False),
        ({"networkId": "N_2"}, False),
    ],
)
def test_another_device_or_kind_in_the_same_second_is_another_alarm(
    other: dict[str, Any], same: bool
) -> None:
    assert (sent(KIND).dedup_key == sent(KIND | other).dedup_key) is same
    if set(other) <= {"deviceSerial", "alertTypeId", "networkId", "sentAt"}:
        one, two = sent(meraki()), sent(meraki(**other))
        assert (one.dedup_key == two.dedup_key) is same


def test_a_kind_for_an_id_and_no_time_does_not_make_the_next_alarm_a_repeat() -> None:
    bare = meraki(alertId="cam_record_fail", occurredAt=None, alertData={})
    assert not sent(bare).is_own_key
