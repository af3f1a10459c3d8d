"""`demo`: the real gateway with simulated clouds, all on this machine."""

from __future__ import annotations

import logging
import shlex
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
_PHONES_LIMIT_S = 60.0
_SNAPSHOTS = "/api/v1.0/getSnapshot"


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
        if not once:
            _show_addresses(made)
        worked = _fire(_tries(made.dashboard), made.url)
        made.phones.start()
        worked = _gather(made) and worked
        worked = _fail_a_robot(made) and worked
        worked = _use_a_badge(made) and worked
        worked = _count_phones(made) and worked
        _show_messages(made.webex)
        if not once:
            _stay()
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
                f"{url}{_SNAPSHOTS}",
                params={"apikey": API_KEY, **attempt.parameters},
                timeout=60,
            )
        took_s = answer.elapsed.total_seconds()
        _show_curl(f"{url}{_SNAPSHOTS}", attempt.parameters)
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
        return next((m for m in made.webex.messages if "\nClip, " in m.markdown), None)

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


def _use_a_badge(made: DemoWorld) -> bool:
    """Use a badge at a door; return whether it was accepted."""
    import requests

    from mvsnap.cli.demo_world import API_KEY, READER
    from mvsnap.clock import iso

    out.print("\n[bold]A badge is used at a door[/bold]")
    swipe = {"timestamp": iso(datetime.now(UTC)), "user_id": "4711", "reader": READER}
    url = f"{made.url}/api/v1.0/badges"
    out.print(f"  POST {url}", style="dim")
    headers = {"X-API-Key": API_KEY}
    answer = requests.post(url, json=swipe, headers=headers, timeout=60)
    if answer.status_code != 202:
        out.print(f"  [red]{answer.status_code}[/red]")
        return False
    out.print(
        "  [green]accepted[/green]; its picture follows after three minutes: "
        f"{made.url}/badges"
    )
    return True


def _count_phones(made: DemoWorld) -> bool:
    """Return whether the phones of the last day arrived."""
    out.print("\n[bold]300 visitors of the last day had phones with them[/bold]")
    with err.status("access points report them"):
        came = made.phones.past_is_sent(_PHONES_LIMIT_S)
    if not came:
        out.print("  [red]refused[/red]")
        return False
    out.print(f"  [green]visits counted[/green]: {made.url}/wifi")
    return True


def _show_curl(url: str, parameters: dict[str, str]) -> None:
    """Print a command that can be copied, without a line that a terminal would fold."""
    from mvsnap.cli.demo_world import API_KEY

    lines = [f"curl -H 'X-API-Key: {API_KEY}'"]
    lines += ["  --get"] if parameters else []
    lines += [f"  -d {name}={shlex.quote(v)}" for name, v in parameters.items()]
    text = " \\\n  ".join([*lines, f"  {url}"])
    out.print(f"  {text}", style="dim", markup=False)


def _show_camera(camera: dict[str, Any]) -> None:
    text = camera["error"] or "picture and link to the video"
    out.print(f"  {camera['serial']} {camera['status']}: {escape(text)}")


def _show_messages(webex: FakeWebex) -> None:
    from mvsnap.cli.demo_world import ROOM

    out.print(f"\n[bold]Posted to {ROOM!r}[/bold]")
    for message in webex.messages:
        if message.card:  # its buttons are on the page
            continue
        lines = message.markdown.replace("**", "").splitlines()
        first = " ".join(line for line in lines if "Video of" not in line)
        indent = "    " if message.parent_id else "  "
        files = "".join(
            f"  [green]{file.content_type}, {len(file.data) // 1000} kB[/green]"
            for file in message.files
        )
        out.print(f"{indent}{escape(first)}{files}")


def _stay() -> None:
    out.print("\n[bold]Running until Ctrl-C[/bold]; the addresses are above.")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        out.print("\nStopping.")


def _show_addresses(made: DemoWorld) -> None:
    from mvsnap.cli.demo_world import OTHER_ROOM, PASSWORD, USER

    out.print(f"\n  web pages      {made.url}/")
    out.print(f"  log in as      {USER} with {PASSWORD}")
    out.print(f"  Webex rooms    {made.rooms_url}/")
    out.print("  answer there   by the buttons, or write to the bot: help")
    out.print(f"  by schedule    a picture every five minutes, in {OTHER_ROOM}")
    out.print("  take a picture yourself:")
    _show_curl(f"{made.url}{_SNAPSHOTS}", {})
