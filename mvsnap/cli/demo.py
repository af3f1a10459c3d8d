"""`demo`: the real gateway with simulated clouds, all on this machine."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from mvsnap.cli.terminal import err, out

if TYPE_CHECKING:
    from mvsnap.cli.demo_world import DemoWorld
    from mvsnap.simulator.meraki.dashboard import FakeDashboard
    from mvsnap.simulator.webex.model import SimMessage
    from mvsnap.simulator.webex.webex import FakeWebex

_CROWD_S = 6.0
_CROWD_LIMIT_S = 30.0
_CLIP_LIMIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Try:
    """One trigger of the demo; `status` is the answer if it worked."""

    title: str
    parameters: dict[str, str]
    status: int = 200


@click.command()
@click.option(
    "--once",
    is_flag=True,
    help="Exit after the triggers: 0 all worked, 1 not.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=5004,
    help="Port to listen on; 0: any free port.",
)
def demo(once: bool, port: int) -> None:
    """Try everything without an account: simulated clouds, the real gateway."""
    from mvsnap import logs
    from mvsnap.cli.demo_world import API_KEY, world

    # The offline camera is part of the demo: no log line is needed for it.
    logs.configure([API_KEY], logging.CRITICAL)
    out.print(
        "[bold]Demo[/bold]: the real gateway with simulated cameras and a simulated "
        "Webex.\nNothing leaves this machine; video links lead nowhere."
    )
    with world(port) as made:
        worked = _fire(_tries(made.dashboard), made.url)
        made.phones.start()
        worked = _gather(made) and worked
        worked = _fail_a_robot(made) and worked
        _show_messages(made.webex)
        if not once:
            _stay(made)
    raise SystemExit(0 if worked else 1)


def _tries(dashboard: FakeDashboard) -> list[Try]:
    one, two, three, broken = list(dashboard.cameras)
    earlier = datetime.now(UTC) - timedelta(minutes=30)
    return [
        Try("A button asks for one camera", {"prefix": "Button pressed"}),
        Try(
            "A door contact asks for three cameras",
            {"mvSerial": f"{one},{two},{three}", "prefix": "Door open"},
        ),
        Try(
            "Someone wants to see half an hour ago",
            {"mvSerial": two, "at": f"{earlier:%Y-%m-%dT%H:%M:%SZ}"},
        ),
        Try(
            "A camera is offline: the room gets the reason instead of a picture",
            {"mvSerial": broken, "prefix": "Alarm"},
            207,
        ),
    ]


def _fire(tries: list[Try], url: str) -> bool:
    import requests

    from mvsnap.cli.demo_world import API_KEY

    session = requests.Session()
    session.trust_env = False
    worked = True
    for attempt in tries:
        out.print(f"\n[bold]{attempt.title}[/bold]")
        with err.status("waiting for the camera"):
            answer = session.get(
                f"{url}/api/v1.0/getSnapshot",
                params={"apikey": API_KEY, **attempt.parameters},
                timeout=60,
            )
        took_s = answer.elapsed.total_seconds()
        shown = answer.request.url or ""
        out.print(f"  curl '{escape(shown)}'", style="dim")
        right = answer.status_code == attempt.status
        colour = "green" if right else "red"
        out.print(f"  [{colour}]{answer.status_code}[/{colour}] after {took_s:.1f} s")
        for camera in answer.json().get("cameras", []):
            _show_camera(camera)
        worked = worked and right
    return worked


def _gather(made: DemoWorld) -> bool:
    """Let people gather at a camera; return whether it was posted."""
    from mvsnap.cli.demo_world import DWELL_S, PEOPLE
    from mvsnap.clock import SystemClock, poll

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


def _fail_a_robot(made: DemoWorld) -> bool:
    """Stop a robot and have IXON report it; return whether the clip was posted."""
    from mvsnap.cli.demo_world import HOOK_TOKEN
    from mvsnap.clock import SystemClock, poll
    from mvsnap.simulator.ixon import notify

    if made.robot is None:
        return True
    out.print("\n[bold]A robot stops, and IXON sends an alarm[/bold]")
    url = f"{made.url}/webhook/{HOOK_TOKEN}"
    out.print(f"  POST {url}", style="dim")
    clock = SystemClock()
    began_s = clock.monotonic()
    made.robot.stop()
    text, todo = "Gripper lost its carton", "Take it off the belt, then press reset."
    alarm = notify.SimAlarm("r7", "Robot 7", text, todo)
    answers = notify.send(url, alarm)

    def clip() -> SimMessage | None:
        return next((m for m in made.webex.messages if "Clip: " in m.markdown), None)

    with err.status("recording for a while after the alarm"):
        message = poll(clip, clock, every_s=0.1, limit_s=_CLIP_LIMIT_S)
    made.robot.go()
    if answers != [202] or message is None:
        out.print(f"  [red]no clip[/red] (answers: {answers})")
        return False
    size_kb = sum(len(file.data) for file in message.files) // 1000
    words = message.markdown.splitlines()[1]
    out.print(
        f"  [green]posted[/green] after {clock.monotonic() - began_s:.1f} s: "
        f"{words} ({size_kb} kB)"
    )
    return True


def _show_camera(camera: dict[str, Any]) -> None:
    text = camera["error"] or camera["video_link"]
    out.print(f"  {camera['serial']} {camera['status']}: {escape(str(text))}")


def _show_messages(webex: FakeWebex) -> None:
    from mvsnap.cli.demo_world import ROOM

    out.print(f"\n[bold]Posted to {ROOM!r}[/bold]")
    for message in webex.messages:
        lines = message.markdown.replace("**", "").splitlines()
        first = " ".join(line for line in lines if "Video of" not in line)
        indent = "    " if message.parent_id else "  "
        files = "".join(
            f"  [green]{file.content_type}, {len(file.data) // 1000} kB[/green]"
            for file in message.files
        )
        out.print(f"{indent}{escape(first)}{files}")


def _stay(made: DemoWorld) -> None:
    try:
        _show_addresses(made)
        threading.Event().wait()
    except KeyboardInterrupt:
        out.print("\nStopping.")


def _show_addresses(made: DemoWorld) -> None:
    from mvsnap.cli.demo_world import API_KEY, PASSWORD, USER

    url = made.url
    out.print("\n[bold]Running until Ctrl-C[/bold]")
    out.print(f"  web pages       {url}/   log in as {USER} with {PASSWORD}")
    out.print(f"  Webex rooms     {made.rooms_url}/")
    out.print(f"  try it          curl '{url}/api/v1.0/getSnapshot?apikey={API_KEY}'")
    out.print(f"  list events     curl '{url}/api/v1.0/events?apikey={API_KEY}'")
