"""Scanning: posts a shop's Wi-Fi to a Location Scanning receiver, as Meraki does.

The expected results are known in advance. As a program it posts to a gateway:
python -m mvsnap.simulator.scanning --url http://127.0.0.1:5004/scanning/TOKEN \\
    --validator V --secret S --days 7
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from mvsnap.simulator.meraki.cameras import new_camera
from mvsnap.simulator.meraki.counts import CountsPublisher
from mvsnap.simulator.scanning.people import Mix, build_world
from mvsnap.simulator.scanning.posts import FAULTS, Post, posts
from mvsnap.simulator.scanning.sender import (
    HandshakeFailed,
    PostRefused,
    ScanningSender,
)
from mvsnap.simulator.scanning.stays import crowds
from mvsnap.simulator.scanning.truth import matches, near_visits, visits
from mvsnap.simulator.scanning.world import INSIDE_DBM, ScanningWorld

Batch = tuple[datetime, list[Post]]
Wait = Callable[[datetime], float]  # seconds until the posts of a minute are due

_MINUTE_S = 60
_LONG_STAY_S = 3600
# How many days a run without an end plans ahead.
_AHEAD_DAYS = 30


def paced(
    batches: Iterator[Batch], wait_s: Wait, stopping: threading.Event
) -> Iterator[Batch]:
    """Yield each minute when its posts are due; end early when stopped."""
    for minute, leaving in batches:
        if stopping.wait(max(wait_s(minute), 0)):
            return
        yield minute, leaving


def at_once(_minute: datetime) -> float:
    return 0


def as_it_happens(minute: datetime) -> float:
    """Meraki posts a minute when it is over; past ones are posted at once."""
    return minute.timestamp() + _MINUTE_S - time.time()


def accelerated(begin: datetime, speed: float) -> Wait:
    """Return a wait for `speed` simulated minutes in a real one, from now on."""
    begun_s = time.monotonic()

    def wait_s(minute: datetime) -> float:
        due_s = (minute - begin).total_seconds() / speed
        return begun_s + due_s - time.monotonic()

    return wait_s


def truth_lines(world: ScanningWorld, version: int) -> list[str]:
    """Return what the gateway should show for the whole world, as text."""
    found = visits(world, version=version)
    long = [visit for visit in found if visit.lasts_s > _LONG_STAY_S]
    met = matches(world, found)
    with_phone = [match for match in met if match.visits]
    return [
        f"Expected from {world.begin:%Y-%m-%d %H:%M} to "
        f"{world.end:%Y-%m-%d %H:%M} UTC, "
        f"Wi-Fi at {INSIDE_DBM} dBm or stronger, new visits after 300 s:",
        f"  visits {len(found)}, of them longer than an hour {len(long)}, "
        f"near a camera that saw someone {len(near_visits(met))}",
        f"  presences {len(met)}, of them with a phone nearby {len(with_phone)}",
    ]


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mvsnap.simulator.scanning",
        description="Post a simulated shop to a Location Scanning receiver.",
        epilog="Without --days and --speed: posts every minute from now "
        "on, until Ctrl-C.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--url", required=True, help="URL of the receiver")
    add("--validator", required=True, help="expected answer to a GET")
    secret = parser.add_mutually_exclusive_group(required=True)
    secret.add_argument(
        "--secret", help="secret in each body (visible in the process list)"
    )
    secret.add_argument(
        "--secret-file", type=Path, help="file whose first line is the secret"
    )
    add("--version", type=int, choices=(2, 3), default=3, help="API version")
    add("--days", type=_number(int), help="number of past days to post")
    add("--follow", action="store_true", help="then continue in real time")
    add("--speed", type=_number(float), help="simulated minutes per real minute")
    add("--seed", type=int, default=1, help="random seed")
    add("--timezone", type=_zone, default="Europe/Berlin", help="time zone of the shop")
    add("--access-points", type=_number(int), default=3, help="number in the shop")
    add("--cameras", type=_number(int), default=2, help="first serial: Q2SM-0000-0001")
    add("--visitors", type=_number(int), default=60, help="per day")
    add("--no-phone", type=float, default=0.0, help="share seen by cameras only")
    add("--unseen", type=float, default=0.0, help="share of stays seen by no camera")
    add(
        "--fault",
        action="append",
        default=[],
        choices=list(FAULTS),
        help="fault to simulate",
    )
    add("--mqtt-host", help="broker to publish counts to, in real time")
    add("--mqtt-port", type=int, default=1883, help="broker port")
    add(
        "--timeout",
        type=_number(float),
        default=10.0,
        help="seconds to wait for an answer",
    )
    add("--every", type=float, default=5.0, help="seconds between output lines")
    return parser


def _number(kind: type[int] | type[float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = kind(text)
        if not 0 < value < 1e9:
            raise ValueError(text)
        return value

    parse.__name__ = "number above 0"
    return parse


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError) as exc:
        raise argparse.ArgumentTypeError(f"unknown time zone {text!r}") from exc
    return text


def _world_of(asked: argparse.Namespace, today: date) -> ScanningWorld:
    """Return the past days, or past and future ones, or only these."""
    is_endless = asked.follow or asked.days is None
    return build_world(
        today - timedelta(days=asked.days or 0),
        days=(asked.days or 0) + (_AHEAD_DAYS if is_endless else 0),
        timezone=asked.timezone,
        seed=asked.seed,
        access_points=asked.access_points,
        cameras=[new_camera(number + 1) for number in range(asked.cameras)],
        mix=Mix(visitors=asked.visitors, no_phone=asked.no_phone, unseen=asked.unseen),
    )


def _send(
    asked: argparse.Namespace, sender: ScanningSender, secret: str, world: ScanningWorld
) -> None:
    begin = world.begin
    wait_s: Wait = as_it_happens
    if asked.speed:
        wait_s = accelerated(begin, asked.speed)
    elif asked.days and not asked.follow:
        wait_s = at_once
    elif not asked.days:
        begin = datetime.now(UTC).replace(second=0, microsecond=0)
    options = {"version": asked.version, "secret": secret, "faults": asked.fault}
    batches = paced(posts(world, begin, world.end, **options), wait_s, sender.stopping)
    said_s = begun_s = time.monotonic()
    for minute, leaving in batches:
        for post in leaving:
            sender.post(post)
        now_s = time.monotonic()
        if now_s - said_s >= asked.every:
            said_s = now_s
            _say(f"{minute:%Y-%m-%d %H:%M} UTC: {_progress(sender, now_s - begun_s)}")
    _say(f"Done: {_progress(sender, time.monotonic() - begun_s)}")


def _progress(sender: ScanningSender, took_s: float) -> str:
    per_s = sender.accepted / max(took_s, 0.001)
    return (
        f"{sender.accepted} posts, {sender.observations} observations, "
        f"{sender.repeated} repeated, {per_s:.0f} posts/s"
    )


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = _arguments()
    asked = parser.parse_args()
    if asked.speed and asked.follow:
        parser.error("--speed and --follow cannot be combined")
    if asked.mqtt_host and not asked.follow and (asked.speed or asked.days):
        parser.error("--mqtt-host: counts are published in real time only")
    if (asked.speed or asked.follow) and not asked.days:
        asked.days = 1
    try:
        secret = asked.secret or asked.secret_file.read_text("utf-8").partition("\n")[0]
        sender = ScanningSender(asked.url, asked.validator, timeout_s=asked.timeout)
        sender.shake_hands()
    except (ValueError, OSError, HandshakeFailed) as exc:
        raise SystemExit(f"No handshake: {exc}") from exc
    today = datetime.now(ZoneInfo(asked.timezone)).date()
    world = _world_of(asked, today)
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        stack.callback(sender.close)
        try:
            if asked.mqtt_host:
                stack.enter_context(_counts(asked, world))
            _send(asked, sender, secret, world)
        except PostRefused as exc:
            raise SystemExit(f"A post was refused: {exc}") from exc
        except OSError as exc:
            raise SystemExit(f"{asked.mqtt_host}:{asked.mqtt_port}: {exc}") from exc
        for line in truth_lines(world, asked.version):
            _say(line)


def _counts(asked: argparse.Namespace, world: ScanningWorld) -> CountsPublisher:
    return CountsPublisher(
        asked.mqtt_host,
        asked.mqtt_port,
        [new_camera(number + 1) for number in range(asked.cameras)],
        script=crowds(world, datetime.now(UTC)),
        seed=None,
    )
