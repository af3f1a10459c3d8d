"""Triggers of the demo: one of each kind, and what became of it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from msgspec import Struct
from rich.markup import escape

from mvsnap.cli.demo_world import (
    API_KEY,
    DWELL_S,
    HOOK_TOKEN,
    LOUD_DB,
    OTHER_ROOM,
    PEOPLE,
    READER,
    ROOM,
    SCHEDULED,
    SENSED,
    SENSOR,
)
from mvsnap.cli.terminal import err, out
from mvsnap.clock import SystemClock, iso, poll
from mvsnap.simulator.ixon import notify

if TYPE_CHECKING:
    from mvsnap.cli.demo_world import DemoWorld
    from mvsnap.domain import Serial
    from mvsnap.simulator.meraki.cameras import SimulatedCamera
    from mvsnap.simulator.meraki.dashboard import FakeDashboard
    from mvsnap.simulator.webex.model import SimMessage

_CROWD_S = 6.0
_CROWD_LIMIT_S = 30.0
_CLIP_LIMIT_S = 60.0
_PHONES_LIMIT_S = 180.0
_ANSWER_LIMIT_S = 30.0
# It is due within two minutes of the start.
_SCHEDULE_LIMIT_S = 150.0
SNAPSHOTS = "/api/v1.0/getSnapshot"
_GUARD = "guard@example.com"


class _Try(Struct, frozen=True):
    """One trigger of the demo; `status` is the answer if it worked."""

    title: str
    parameters: dict[str, str]
    status: int = 200


def fire_all(made: DemoWorld) -> bool:
    """Fire one trigger of each kind, and return whether all of them worked."""
    worked = _fire(_tries(made.dashboard), made.url)
    made.phones.start()
    kinds: tuple[Callable[[DemoWorld], bool], ...] = (
        *(_gather, _make_noise, _cross_a_line, _open_a_door, _fail_a_robot),
        *(_ask_the_bot, _use_a_badge, _count_phones, _await_schedule),
    )
    for each in kinds:
        worked = each(made) and worked
    return worked


def _tries(dashboard: FakeDashboard) -> list[_Try]:
    one, two, three, broken = list(dashboard.cameras)
    earlier = datetime.now(UTC) - timedelta(minutes=30)
    return [
        _Try("A button asks for one camera", {"prefix": "Button pressed"}),
        _Try(
            "A door contact asks for three cameras",
            {"mvSerial": f"{one},{two},{three}", "prefix": "Door open"},
        ),
        _Try(
            "Someone wants to see half an hour ago",
            {"mvSerial": two, "at": f"{earlier:%Y-%m-%dT%H:%M:%SZ}"},
        ),
        _Try(
            "A camera is offline: the room gets the reason instead of a picture",
            {"mvSerial": broken, "prefix": "Alarm"},
            207,
        ),
    ]


def _fire(tries: list[_Try], url: str) -> bool:
    session = requests.Session()
    session.trust_env = False
    worked = True
    for attempt in tries:
        out.print(f"\n[bold]{attempt.title}[/bold]")
        with err.status("waiting for the camera"):
            answer = session.get(
                f"{url}{SNAPSHOTS}",
                params={"apikey": API_KEY, **attempt.parameters},
                timeout=60,
            )
        took_s = answer.elapsed.total_seconds()
        show_curl(f"{url}{SNAPSHOTS}", attempt.parameters)
        right = answer.status_code == attempt.status
        colour = "green" if right else "red"
        out.print(f"  [{colour}]{answer.status_code}[/{colour}] after {took_s:.1f} s")
        for camera in answer.json().get("cameras", []):
            _show_camera(camera)
        worked = worked and right
    return worked


def _gather(made: DemoWorld) -> bool:
    """Let people gather at a camera; return whether it was posted."""

    if made.counts is None:
        return True
    out.print("\n[bold]Five people stay in front of a camera[/bold]")
    out.print(f"  {PEOPLE} or more for {DWELL_S} s count as a crowd", style="dim")
    serial, zone_id = made.entrance()
    clock = SystemClock()
    began_s = clock.monotonic()
    made.counts.crowd_now(serial, zone_id, 5, _CROWD_S)

    def posted_after(words: str) -> float | None:
        """Return after how many seconds a message with this text arrived."""
        posted = [m.markdown for m in made.webex.messages]
        found = any(words in text for text in posted)
        return clock.monotonic() - began_s if found else None

    with err.status("people come and go"):
        spans_s = [
            poll(
                partial(posted_after, words), clock, every_s=0.1, limit_s=_CROWD_LIMIT_S
            )
            for words in ("Crowd: ", "Crowd over")
        ]
    came_s, over_s = spans_s
    if came_s is None or over_s is None:
        out.print("  [red]no message[/red]")
        return False
    out.print(
        f"  [green]posted[/green] {came_s:.1f} s after they arrived; "
        f"the end of the crowd followed in the thread after {over_s:.1f} s"
    )
    return True


def _make_noise(made: DemoWorld) -> bool:
    """Have a camera hear something loud; return whether it was posted."""
    if made.counts is None:
        return True
    out.print("\n[bold]Something loud is heard[/bold]")
    made.counts.publish([loud(made.entrance()[0], datetime.now(UTC))])
    return _followed(made, "dB or louder", room=ROOM)


def _cross_a_line(made: DemoWorld) -> bool:
    """Have somebody cross a line; return whether it was posted."""
    if made.counts is None:
        return True
    out.print("\n[bold]Somebody crosses a line[/bold]")
    camera = next(iter(made.dashboard.cameras.values()))
    made.counts.publish([crossed(camera, datetime.now(UTC))])
    return _followed(made, "1 time within", room=ROOM)


def loud(serial: Serial, at: datetime) -> tuple[str, str]:
    """Return what a camera says that hears something above the limit of the demo."""
    from mvsnap.simulator.meraki.counts import camera_says

    body = {"ts": round(at.timestamp() * 1000), "audioLevel": LOUD_DB + 10}
    return camera_says(serial, "audio_analytics", body)


def crossed(camera: SimulatedCamera, at: datetime) -> tuple[str, str]:
    from mvsnap.simulator.meraki.cameras import line_of
    from mvsnap.simulator.meraki.counts import camera_says

    body = {"label": "Door", "event": "crossing_in", "type": "person"}
    stamp = {"ts": round(at.timestamp() * 1000), "object_id": 1}
    return camera_says(camera.serial, f"crossing/{line_of(camera)}", body | stamp)


def _open_a_door(made: DemoWorld) -> bool:
    """Have a sensor say that a door is open; return whether its picture came."""
    if made.counts is None:
        return True
    from mvsnap.simulator.meraki.counts import sensor_says

    out.print("\n[bold]A sensor says that a door is open[/bold]")
    said = sensor_says("N_1", SENSOR, "door", datetime.now(UTC), open=True)
    out.print(f"  MQTT {said[0]}", style="dim", whole=True)
    made.counts.publish([said])
    return _followed(made, SENSED)


def _fail_a_robot(made: DemoWorld) -> bool:
    """Stop a robot and have IXON report it; return whether the clip was posted."""
    if made.robot is None:
        return True
    out.print("\n[bold]A robot stops, and IXON sends an alarm[/bold]")
    url = f"{made.url}/webhook/{HOOK_TOKEN}"
    out.print(f"  POST {url}", style="dim", whole=True)
    clock = SystemClock()
    began_s = clock.monotonic()
    made.robot.stop()
    text, todo = "Gripper lost its carton", "Take it off the belt, then press reset."
    alarm = notify.SimAlarm("r7", "Robot 7", text, todo)
    answers = notify.send(url, alarm)

    def clip() -> SimMessage | None:
        return next((m for m in made.webex.messages if "\nClip, " in m.markdown), None)

    with err.status("recording for a while after the alarm"):
        message = poll(clip, clock, every_s=0.1, limit_s=_CLIP_LIMIT_S)
    made.robot.go()
    if answers != [202] or message is None:
        out.print(f"  [red]no clip[/red] (answers: {escape(str(answers))})")
        return False
    size_kb = sum(len(file.data) for file in message.files) // 1000
    words = message.markdown.splitlines()[1].strip()
    out.print(
        f"  [green]posted[/green] after {clock.monotonic() - began_s:.1f} s: "
        f"{words} ({size_kb} kB)"
    )
    return True


def _use_a_badge(made: DemoWorld) -> bool:
    """Use a badge at a door; return whether it was accepted."""
    out.print("\n[bold]A badge is used at a door[/bold]")
    swipe = {"timestamp": iso(datetime.now(UTC)), "user_id": "4711", "reader": READER}
    url = f"{made.url}/api/v1.0/badges"
    out.print(f"  POST {url}", style="dim", whole=True)
    headers = {"X-API-Key": API_KEY}
    answer = requests.post(url, json=swipe, headers=headers, timeout=60)
    if answer.status_code != 202:
        out.print(f"  [red]{answer.status_code}[/red]")
        return False
    out.print(
        "  [green]accepted[/green]; its picture follows after three minutes, on\n"
        f"  {made.url}/badges"
    )
    return True


def _count_phones(made: DemoWorld) -> bool:
    """Return whether the phones of the last two weeks arrived."""
    out.print("\n[bold]Visitors of the last two weeks had phones with them[/bold]")
    with err.status("access points report them"):
        came = made.phones.past_is_sent(_PHONES_LIMIT_S)
    if not came:
        out.print("  [red]refused[/red]")
        return False
    out.print(f"  [green]visits counted[/green]: {made.url}/wifi")
    return True


def _ask_the_bot(made: DemoWorld) -> bool:
    """Let somebody write to the bot; return whether a picture came."""
    ask = "snapshot Reception door"
    out.print("\n[bold]A guard writes to the bot[/bold]")
    out.print(f"  {ask}", style="dim")
    room = next(r for r in made.webex.rooms if r.title == OTHER_ROOM)
    asked = made.webex.say(room.id, _GUARD, ask, mentions_bot=True)

    def answer() -> SimMessage | None:
        every = (m for m in made.webex.messages if m.parent_id == asked and m.files)
        return next(every, None)

    return _found(answer, "the bot answers", _ANSWER_LIMIT_S, OTHER_ROOM)


def _await_schedule(made: DemoWorld) -> bool:
    """Wait for the schedule; return whether its picture came."""
    out.print("\n[bold]A schedule is due[/bold]")
    waiting = "it is due within two minutes"
    return _followed(made, SCHEDULED, waiting, _SCHEDULE_LIMIT_S)


def _followed(
    made: DemoWorld,
    words: str,
    waiting: str = "waiting for the camera",
    limit_s: float = _ANSWER_LIMIT_S,
    room: str = OTHER_ROOM,
) -> bool:
    """Wait for a message with these words."""

    def posted() -> SimMessage | None:
        return next((m for m in made.webex.messages if words in m.markdown), None)

    return _found(posted, waiting, limit_s, room)


def _found(
    find: Callable[[], SimMessage | None], waiting: str, limit_s: float, room: str
) -> bool:
    """Wait for a message, and say how long it took."""
    clock = SystemClock()
    began_s = clock.monotonic()
    is_there = find() is not None
    with err.status(waiting):
        message = poll(find, clock, every_s=0.1, limit_s=limit_s)
    if message is None:
        out.print("  [red]no message[/red]")
        return False
    took_s = clock.monotonic() - began_s
    when = "meanwhile" if is_there else f"after {took_s:.1f} s"
    out.print(f"  [green]posted[/green] {when}, to {room!r}")
    return True


def show_curl(url: str, parameters: dict[str, str]) -> None:
    """Print a command that can be copied, without a line that a terminal would fold."""
    lines = [f"curl -H 'X-API-Key: {API_KEY}'"]
    lines += ["  --get"] if parameters else []
    lines += [f"  -d {name}={shlex.quote(v)}" for name, v in parameters.items()]
    text = " \\\n  ".join([*lines, f"  {url}"])
    out.print(f"  {text}", style="dim", markup=False, whole=True)


def _show_camera(camera: dict[str, Any]) -> None:
    text = camera["error"] or "picture and link to the video"
    out.print(f"  {camera['serial']} {camera['status']}: {escape(text)}")
