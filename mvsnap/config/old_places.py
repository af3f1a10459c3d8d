"""The table of docs/migrate.md: where a setting of an older program has its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from msgspec import Struct

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


class NewPlace(Struct, frozen=True):
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
_BY_VISIT = (
    "of one visit; the filter Total time at most of /wifi adds up all of a device"
)

# By their names in the files; a text says why there is no place.
PLACES: dict[str, NewPlace | str] = {
    # Snapshots: config.ini
    "meraki.apiKey": NewPlace("meraki.api_key", _text),
    "meraki.orgId": NewPlace("meraki.organization_id", _text),
    "meraki.mvserial": NewPlace("meraki.cameras", _list),
    "webex.webexBotToken": NewPlace("webex.bot_token", _text),
    "webex.roomname": NewPlace(
        "webex.room", _text, "the whole title, not only how it begins"
    ),
    "webex.msgprefix": NewPlace("webex.message_prefix", _text),
    "apigw.serverIP": NewPlace("server.host", _text),
    "apigw.serverPort": NewPlace("server.port", _number),
    "apigw.apigwToken": NewPlace(f"{KEY}.key", _text),
    # Recording through IXON: config.yml
    "IXON_api.api_key": NewPlace("ixon.application_id", _text),
    "IXON_api.email": NewPlace("ixon.email", _text),
    "IXON_api.password": NewPlace("ixon.password", _text),
    "camera.auth.type": NewPlace(f"{CAMERA}.auth.type", _text),
    "camera.auth.username": NewPlace(f"{CAMERA}.auth.username", _text),
    "camera.auth.password": NewPlace(f"{CAMERA}.auth.password", _text),
    "camera.company_id": NewPlace("ixon.company_id", _text),
    "camera.webaccess_service_id": NewPlace("ixon.agent_server_id", _text),
    "camera.webaccess_access_type": NewPlace("ixon.access_type", _text),
    "camera.stream_path": NewPlace("ixon.stream_path", _text),
    "video.debug_info": NewPlace("recorder.debug_info", _as_it_is),
    "video.duration": NewPlace(f"{CAMERA}.post_roll_s", _number),
    "video.framerate": NewPlace(f"{CAMERA}.framerate", _as_it_is),
    "video.recode": NewPlace(f"{CAMERA}.recode", _as_it_is),
    "webhooks.queue_size": NewPlace("recorder.queue_size", _number),
    # Crowds and analytics: config.py
    "MERAKI_API_KEY": NewPlace("meraki.api_key", _text),
    "NETWORK_ID": NewPlace("meraki.network_id", _text),
    "BOT_ACCESS_TOKEN": NewPlace("webex.bot_token", _text),
    "CROWD_EVENTS_MESSAGE_RECIPIENT": NewPlace("sense.rooms", _list),
    "MQTT_SERVER": NewPlace("sense.host", _text),
    "MQTT_PORT": NewPlace("sense.port", _number),
    "MQTT_TOPIC": NewPlace("sense.topic", _text),
    "COLLECT_CAMERAS_SERIAL_NUMBERS": NewPlace("sense.cameras", _list),
    "COLLECT_ZONE_IDS": NewPlace("sense.zones", _list),
    "COLLECT_CAMERAS_MVSENSE_CAPABLE": "the Dashboard says which cameras count",
    "TEST_CAMERA_SERIAL": "simulated cameras test it: see docs/crowds.md",
    "MOTION_ALERT_PEOPLE_COUNT_THRESHOLD": NewPlace("sense.people_to_start", _number),
    "MOTION_ALERT_TRIGGER_PEOPLE_COUNT": NewPlace("sense.people", _number),
    "MOTION_ALERT_ITERATE_COUNT": NewPlace("sense.min_messages", _number),
    "MOTION_ALERT_DWELL_TIME": NewPlace("sense.dwell_s", _seconds, "ms became s"),
    "MOTION_ALERT_PAUSE_TIME": NewPlace("sense.cooldown_s", _number),
    "TIMEOUT": "it counts messages; here seconds: set sense.dropout_s",
    "validator": NewPlace(f"{ENDPOINT}.validator", _text),
    "secret": NewPlace(f"{ENDPOINT}.secret", _text),
    "version": "versions 2 and 3 are both understood",
    "_RSSI_THRESHOLD": NewPlace("scanning.min_rssi_dbm", _dbm, _OWN_NUMBERS),
    "_APMACADDR": NewPlace("scanning.access_points", _list),
    "_FILTER_TIME": NewPlace("scanning.long_stay_s", _number, _BY_VISIT),
    "_SESSION_TIME": NewPlace("scanning.visit_gap_s", _number),
    "timeWindow": NewPlace("scanning.correlation.window_s", _number),
    "rssiThreshold": NewPlace("scanning.correlation.min_rssi_dbm", _dbm, _OWN_NUMBERS),
    # Badges: config.py
    "secret_key": "mvsnap makes one by itself",
}
_BY_NAME = {name.lower(): place for name, place in PLACES.items()}


def place_of(name: str) -> NewPlace | str:
    """Return the place of a setting, or why it has none."""
    return _BY_NAME.get(name.lower(), "not known")
