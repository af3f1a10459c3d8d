"""The world of the demo: simulated clouds and cameras, a real broker, the gateway."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from mvsnap.cli import demo_phones, demo_visitors
from mvsnap.cli.terminal import err
from mvsnap.core.users import put_change
from mvsnap.domain import Role, Serial, User, ZoneId
from mvsnap.errors import CannotListen
from mvsnap.simulator.meraki.app import dashboard_app
from mvsnap.simulator.webex.app import webex_app

if TYPE_CHECKING:
    from mvsnap.config.model import Settings
    from mvsnap.runtime import Parts
    from mvsnap.simulator.meraki.cameras import SimulatedCamera
    from mvsnap.simulator.meraki.counts import CountsPublisher, Crowd
    from mvsnap.simulator.meraki.dashboard import FakeDashboard
    from mvsnap.simulator.mqtt.broker import Mosquitto
    from mvsnap.simulator.robot import RobotCell
    from mvsnap.simulator.webex.webex import FakeWebex

# Public, which is fine: the demo listens on 127.0.0.1 only.
API_KEY = "demo-key-only-for-trying-out"
_HOST = "127.0.0.1"
USER, PASSWORD = "demo", "demo-password"
ROOM, OTHER_ROOM = "Site A - Alarms", "Site B - Alarms"
SCHEDULED = "Every five minutes"
# The gateway is up before the next minute but one begins.
_FIRST_DUE = timedelta(seconds=80)
CAMERA_S = 2.0
PEOPLE, DWELL_S = 3, 3
LOUD_DB = -20
SENSOR, SENSED = "AA:BB:CC:DD:EE:01", "Storeroom door open"
_OFFLINE_FOR = timedelta(hours=3, minutes=12)
# The alarm arrives at this address; the clip begins before it.
HOOK_TOKEN = "demo-token-of-the-robots"
ROBOT = "Robot cell"
_PRE_ROLL_S, _POST_ROLL_S, _ROBOT_FPS = 8, 5, 8
# While the demo is running, a crowd gathers now and then.
_CROWD_EVERY_S, _CROWD_S, _CROWDS = 150, 20, 500
READER = "Gate"
_READERS, _BADGES = (READER, "Reception", "Hall 1", "Car park"), 24


class DemoWorld(Struct, frozen=True):
    """counts: None without a broker on this machine; robot: None without ffmpeg."""

    url: str
    rooms_url: str
    dashboard: FakeDashboard
    webex: FakeWebex
    counts: CountsPublisher | None
    robot: RobotCell | None
    phones: demo_phones.Phones

    def entrance(self) -> tuple[Serial, ZoneId]:
        """Return the zone in which the demo lets people gather."""
        camera = next(iter(self.dashboard.cameras.values()))
        return camera.serial, _entrance_of(camera)


@contextmanager
def world(port: int) -> Iterator[DemoWorld]:
    """Start everything; it ends with the `with` block."""
    from mvsnap.runtime import Roles, Service
    from mvsnap.serving.server import make_server
    from mvsnap.simulator.meraki.dashboard import FakeDashboard
    from mvsnap.simulator.server import serve
    from mvsnap.simulator.webex.webex import FakeWebex

    dashboard = FakeDashboard(cameras=4, not_ready_s=CAMERA_S)
    # One camera is offline from the start, and shown as such.
    offline = list(dashboard.cameras.values())[-1]
    offline.status, offline.away_since = "offline", datetime.now(UTC) - _OFFLINE_FOR
    webex = FakeWebex(rooms=(ROOM, OTHER_ROOM))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        dashboard_url = stack.enter_context(serve(dashboard_app(dashboard)))
        rooms_url = stack.enter_context(serve(webex_app(webex)))
        broker = _broker(stack, folder / "broker")
        listening = _listen(port)
        url = f"http://{_HOST}:{listening.getsockname()[1]}"
        plain = _settings(dashboard, webex, dashboard_url, rooms_url, folder)
        robot, recorder = _robot(stack)
        sense = sense_settings(broker.port) if broker else {}
        plain |= {"sense": sense, "recorder": recorder}
        # The simulated Webex calls it when somebody writes to the bot.
        plain["site"]["public_url"] = url
        plain["scanning"] = demo_phones.SETTINGS
        plain["badges"] = _badges(dashboard, folder / "directory")
        settings = _validated(plain)
        service = Service(settings, Roles(sense=broker is not None))
        service.start()
        stack.callback(service.stop)
        _add_user(service.parts)
        _add_badges(service.parts)
        now = datetime.now(UTC)
        service.parts.sense.note_last_seen({offline.serial: offline.away_since}, now)
        demo_visitors.seed(
            service.parts.visitors.store,
            dashboard.cameras.values(),
            settings.site.zone,
            now,
        )
        server = make_server(service.app(), settings, listening)
        stack.callback(server.close)
        threading.Thread(target=server.run, name="gateway", daemon=True).start()
        # Not the first camera: the triggers of the demo let people gather there.
        cameras = [*dashboard.cameras.values()][1:3]
        shop = demo_phones.shop(cameras)
        phones = demo_phones.Phones(shop, cameras, url, service.parts.sense)
        stack.callback(phones.stop)
        counts = _counts(stack, broker, dashboard, demo_phones.seen_live(shop))
        # From now on the Dashboard counts the people that were published.
        dashboard.people_at = counts.people_at if counts else None
        yield DemoWorld(url, rooms_url, dashboard, webex, counts, robot, phones)


def _broker(stack: ExitStack, folder: Path) -> Mosquitto | None:
    from mvsnap.simulator.mqtt.broker import BrokerError, Mosquitto

    try:
        return stack.enter_context(Mosquitto(folder))
    except BrokerError as exc:
        err.print(f"No crowds in this demo: {exc}", style="yellow", markup=False)
        return None


def _robot(stack: ExitStack) -> tuple[RobotCell | None, dict[str, Any]]:
    """Put a robot in front of a camera; return it, and the settings that record it."""
    from mvsnap.simulator.robot import RobotCell
    from mvsnap.simulator.server import serve
    from mvsnap.simulator.video import FakeVideo

    if shutil.which("ffmpeg") is None:
        err.print(
            "[yellow]No clips in this demo:[/yellow] ffmpeg is missing "
            "(apt-get install ffmpeg)"
        )
        return None, {}
    robot = RobotCell()
    video = FakeVideo(fps=_ROBOT_FPS, draw=robot.draw)
    url = stack.enter_context(serve(video.app()))
    stack.callback(video.close)
    camera = {
        "url": f"{url}/video.mjpg",
        "pre_roll_s": _PRE_ROLL_S,
        "post_roll_s": _POST_ROLL_S,
    }
    return robot, {"cameras": {ROBOT: camera}, "min_free_mb": 1}


def _counts(
    stack: ExitStack,
    broker: Mosquitto | None,
    dashboard: FakeDashboard,
    shop: list[Crowd],
) -> CountsPublisher | None:
    from mvsnap.simulator.meraki.counts import CountsPublisher

    if broker is None:
        return None
    cameras = list(dashboard.cameras.values())
    script = [*shop, *_crowds(cameras[:3])]
    # Without passers-by: none of those would have a phone.
    publisher = CountsPublisher(
        "127.0.0.1", broker.port, cameras, script=script, seed=None
    )
    return stack.enter_context(publisher)


def _crowds(cameras: list[SimulatedCamera]) -> list[Crowd]:
    from mvsnap.simulator.meraki.counts import Crowd

    found = []
    for number in range(_CROWDS):
        camera = cameras[number % len(cameras)]
        begins_s = float((number + 1) * _CROWD_EVERY_S)
        zone_id = _entrance_of(camera)
        people = PEOPLE + number % 4
        ends_s = begins_s + _CROWD_S
        found.append(Crowd(camera.serial, zone_id, begins_s, ends_s, people))
    return found


def _entrance_of(camera: SimulatedCamera) -> ZoneId:
    from mvsnap.simulator.meraki.counts import zone_ids

    return zone_ids(camera, 1)[1]


def _settings(
    dashboard: FakeDashboard,
    webex: FakeWebex,
    dashboard_url: str,
    rooms_url: str,
    folder: Path,
) -> dict[str, Any]:
    scopes = ["snapshot", "read", "mute", "badges", "review"]
    due = soon_due(datetime.now(UTC))
    return {
        "site": {"name": "Demo"},
        "server": {"host": _HOST},
        "data_dir": folder,
        "api_keys": [{"name": "demo", "key": API_KEY, "scopes": scopes}],
        "meraki": {
            "base_url": f"{dashboard_url}/api/v1",
            "api_key": dashboard.api_key,
            "cameras": [next(iter(dashboard.cameras))],
        },
        "webex": {
            "base_url": f"{rooms_url}/v1",
            "bot_token": webex.bot_token,
            "room": ROOM,
            "commands": {"people": ["*"]},
        },
        "schedules": [{"cron": due, "room": OTHER_ROOM, "prefix": SCHEDULED}],
        "webhooks": {
            "tokens": [
                {"name": "robots", "token": HOOK_TOKEN, "actions": ["clip"]},
            ]
        },
    }


def soon_due(now: datetime) -> str:
    """Return a schedule of every five minutes that is due once within two minutes."""
    first = now + _FIRST_DUE
    return f"{first.minute},*/5 * * * *"


def _badges(dashboard: FakeDashboard, folder: Path) -> dict[str, Any]:
    """Write a small directory with photos; return the settings that use it."""
    from mvsnap.simulator.directory import NAMES, portrait_of

    folder.mkdir()
    lines = ["user_id,name,department,photo"]
    for user_id, name, department in NAMES:
        (folder / f"{user_id}.jpg").write_bytes(portrait_of(user_id))
        lines.append(f"{user_id},{name},{department},{user_id}.jpg")
    (folder / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    serials = list(dashboard.cameras)
    return {
        "directory": str(folder / "people.csv"),
        "camera_of_reader": dict(zip(_READERS, serials, strict=True)),
        "mismatch_room": ROOM,
    }


def _add_badges(parts: Parts) -> None:
    """Badges used in the last hours, one of them just now, some of unknown people."""
    from mvsnap.badges.model import Readers, Swipe, recorded

    now = datetime.now(UTC).replace(microsecond=0)
    readers = Readers(parts.settings.badges.camera_of_reader)
    swipes = [
        Swipe(
            now - timedelta(minutes=number * 17, seconds=5),
            str(4711 + number * 5 % 7),
            _READERS[number % len(_READERS)],
            {"result": "granted"},
        )
        for number in range(_BADGES)
    ]
    parts.badges.store.add([recorded(swipe, readers, "demo", now) for swipe in swipes])


def sense_settings(port: int) -> dict[str, Any]:
    """port: of the broker."""
    return {
        "enabled": True,
        "port": port,
        "people": PEOPLE,
        "dwell_s": DWELL_S,
        "dropout_s": 2,
        "cooldown_s": 30,
        "noise": {"level_db": LOUD_DB, "dwell_s": 0, "dropout_s": 1},
        "crossings": [{"count": 1}],
        "triggers": [
            {
                "topic": f"meraki/v1/mt/+/ble/{SENSOR}/door",
                "match": {"open": True},
                "title": SENSED,
                "room": OTHER_ROOM,
            }
        ],
    }


def _validated(plain: dict[str, Any]) -> Settings:
    from mvsnap.config.model import Settings

    return Settings.model_validate(plain)


def _add_user(parts: Parts) -> None:
    from mvsnap.web.passwords import hashed

    now = datetime.now(UTC)
    user = User(USER, Role.ADMIN, hashed(PASSWORD), now)
    parts.users.put(user, put_change(user, None, "demo"))


def _listen(port: int) -> socket.socket:
    """Listen on the port, or on any free one if it is in use."""
    from mvsnap.serving.listening import listen

    try:
        return listen(_HOST, port)
    except CannotListen:
        listening = listen(_HOST, 0)
        free = listening.getsockname()[1]
        err.print(f"Port {port} is taken; the demo uses {free}.")
        return listening
