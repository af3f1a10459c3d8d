from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mvsnap.webhooks.alarm import AlarmSource, headline
from tests.core.build import GATE
from tests.webhooks.build import ixon, meraki, sensor, sent

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
        pytest.param(
            meraki(alertId="", alertData={}), "test message", id="the older button"
        ),
        pytest.param(
            meraki(alertId=None, alertTypeId=None, alertData={}),
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
