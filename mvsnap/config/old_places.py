"""The table of docs/migrate.md: where a setting of an older program has its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# The camera of a file that has only one.
CAMERA = "recorder.cameras.camera"
KEY = "api_keys.0"
ENDPOINT = "scanning.endpoints.0"
# Version 2 of Location Scanning counts upwards from here.
_NOISE_FLOOR_DBM = -95

# Their values are never shown.
SECRETS = frozenset(
    {
        "meraki.api_key",
        "webex.bot_token",
        "ixon.application_id",
        "ixon.password",
        f"{CAMERA}.auth.username",
        f"{CAMERA}.auth.password",
        f"{KEY}.key",
        f"{ENDPOINT}.validator",
        f"{ENDPOINT}.secret",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """path: the setting here; convert: raises ValueError, with what is expected."""

    path: str
    convert: Callable[[Any], Any]
    note: str = ""


def _text(value: Any) -> str:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value).strip()
    raise ValueError("expected a text")


def _number(value: Any) -> int | float:
    try:
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise ValueError
        number = float(value)
    except (ValueError, OverflowError) as exc:
        raise ValueError("expected a number") from exc
    if not math.isfinite(number):
        raise ValueError("expected a number")
    return int(number) if number == int(number) else number


def _list(value: Any) -> list[str]:
    """A list, or a text with commas between the entries."""
    texts = value if isinstance(value, list | tuple) else _text(value).split(",")
    return [text for each in texts if (text := _text(each))]


def _seconds(value: Any) -> int | float:
    """Milliseconds as seconds."""
    return _number(_number(value) / 1000)


def _dbm(value: Any) -> int:
    """A signal above the noise floor as dBm; what is negative is dBm already."""
    above = round(_number(value))
    return above if above < 0 else _NOISE_FLOOR_DBM + above


def _as_it_is(value: Any) -> Any:
    if isinstance(value, str | int | float | bool):
        return value
    raise ValueError("expected a single value")


_OWN_NUMBERS = "dBm here: -95 plus the old number"
_BY_VISIT = "of one visit; the filter Total at most of /wifi adds up all of a device"

# By their names in the files; a text says why there is no place.
PLACES: dict[str, Place | str] = {
    # Snapshots: config.ini
    "meraki.apiKey": Place("meraki.api_key", _text),
    "meraki.orgId": Place("meraki.organization_id", _text),
    "meraki.mvserial": Place("meraki.cameras", _list),
    "webex.webexBotToken": Place("webex.bot_token", _text),
    "webex.roomname": Place(
        "webex.room", _text, "the whole title, not only how it begins"
    ),
    "webex.msgprefix": Place("webex.message_prefix", _text),
    "apigw.serverIP": Place("server.host", _text),
    "apigw.serverPort": Place("server.port", _number),
    "apigw.apigwToken": Place(f"{KEY}.key", _text),
    # Recording through IXON: config.yml
    "IXON_api.api_key": Place("ixon.application_id", _text),
    "IXON_api.email": Place("ixon.email", _text),
    "IXON_api.password": Place("ixon.password", _text),
    "camera.auth.type": Place(f"{CAMERA}.auth.type", _text),
    "camera.auth.username": Place(f"{CAMERA}.auth.username", _text),
    "camera.auth.password": Place(f"{CAMERA}.auth.password", _text),
    "camera.company_id": Place("ixon.company_id", _text),
    "camera.webaccess_service_id": Place("ixon.agent_server_id", _text),
    "camera.webaccess_access_type": Place("ixon.access_type", _text),
    "camera.stream_path": Place("ixon.stream_path", _text),
    "video.debug_info": Place("recorder.debug_info", _as_it_is),
    "video.duration": Place(f"{CAMERA}.post_roll_s", _number),
    "video.framerate": Place(f"{CAMERA}.framerate", _as_it_is),
    "video.recode": Place(f"{CAMERA}.recode", _as_it_is),
    "webhooks.queue_size": Place("recorder.queue_size", _number),
    # Crowds and analytics: config.py
    "MERAKI_API_KEY": Place("meraki.api_key", _text),
    "NETWORK_ID": Place("meraki.network_id", _text),
    "BOT_ACCESS_TOKEN": Place("webex.bot_token", _text),
    "CROWD_EVENTS_MESSAGE_RECIPIENT": Place("sense.rooms", _list),
    "MQTT_SERVER": Place("sense.host", _text),
    "MQTT_PORT": Place("sense.port", _number),
    "MQTT_TOPIC": Place("sense.topic", _text),
    "COLLECT_CAMERAS_SERIAL_NUMBERS": Place("sense.cameras", _list),
    "COLLECT_ZONE_IDS": Place("sense.zones", _list),
    "COLLECT_CAMERAS_MVSENSE_CAPABLE": "the Dashboard says which cameras count",
    "TEST_CAMERA_SERIAL": "simulated cameras test it: see docs/crowds.md",
    "MOTION_ALERT_PEOPLE_COUNT_THRESHOLD": Place("sense.people_to_start", _number),
    "MOTION_ALERT_TRIGGER_PEOPLE_COUNT": Place("sense.people", _number),
    "MOTION_ALERT_ITERATE_COUNT": Place("sense.min_messages", _number),
    "MOTION_ALERT_DWELL_TIME": Place("sense.dwell_s", _seconds, "ms became s"),
    "MOTION_ALERT_PAUSE_TIME": Place("sense.cooldown_s", _number),
    "TIMEOUT": "it counts messages; here seconds: set sense.dropout_s",
    "validator": Place(f"{ENDPOINT}.validator", _text),
    "secret": Place(f"{ENDPOINT}.secret", _text),
    "version": "versions 2 and 3 are both understood",
    "_RSSI_THRESHOLD": Place("scanning.min_rssi_dbm", _dbm, _OWN_NUMBERS),
    "_APMACADDR": Place("scanning.access_points", _list),
    "_FILTER_TIME": Place("scanning.long_stay_s", _number, _BY_VISIT),
    "_SESSION_TIME": Place("scanning.visit_gap_s", _number),
    "timeWindow": Place("scanning.correlation.window_s", _number),
    "rssiThreshold": Place("scanning.correlation.min_rssi_dbm", _dbm, _OWN_NUMBERS),
    # Badges: config.py
    "secret_key": "mvsnap makes one by itself",
}
_BY_NAME = {name.lower(): place for name, place in PLACES.items()}


def place_of(name: str) -> Place | str:
    """Return the place of a setting, or why it has none."""
    return _BY_NAME.get(name.lower(), "not known")
