"""`demo`: the real gateway against simulated clouds, on this machine alone."""

from __future__ import annotations

import logging
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from mvsnap.cli.terminal import err, out
from mvsnap.errors import CannotListen

if TYPE_CHECKING:
    from mvsnap.config.model import Settings
    from mvsnap.simulator.dashboard import FakeDashboard
    from mvsnap.simulator.webex import FakeWebex

# Known to everybody, which is all right: the demo listens on 127.0.0.1 only.
API_KEY = "demo-key-only-for-trying-out"
_ROOM = "Site A - Alarms"
_CAMERA_S = 2.0


@dataclass(frozen=True, slots=True)
class Try:
    """One trigger of the demo; `status` is the answer that shows it worked."""

    title: str
    parameters: dict[str, str]
    status: int = 200


@click.command()
@click.option("--once", is_flag=True, help="End after the triggers: 0 worked, 1 not.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5004, help="0: any free one."
)
def demo(once: bool, port: int) -> None:
    """Try everything without any account: simulated clouds, the real gateway."""
    from mvsnap import logs
    from mvsnap.simulator.dashboard import FakeDashboard
    from mvsnap.simulator.webex import FakeWebex

    # The camera that is offline is part of the show: no log line is needed for it.
    logs.configure([API_KEY], logging.CRITICAL)
    dashboard = FakeDashboard(cameras=4, not_ready_s=_CAMERA_S)
    webex = FakeWebex(rooms=(_ROOM, "Site B - Alarms"))
    out.print(
        "[bold]Demo[/bold]: the real gateway with simulated cameras and a simulated "
        "Webex.\nNothing leaves this machine; video links lead nowhere."
    )
    with ExitStack() as stack:
        rooms_url, url = stack.enter_context(_running(dashboard, webex, port))
        worked = _fire(_tries(dashboard), url)
        _show_messages(webex)
        if not once:
            _stay(url, rooms_url)
    raise SystemExit(0 if worked else 1)


@contextmanager
def _running(
    dashboard: FakeDashboard, webex: FakeWebex, port: int
) -> Iterator[tuple[str, str]]:
    """Start everything; yield the addresses of the rooms' page and of the gateway."""
    from mvsnap.runtime import Roles, Service
    from mvsnap.serving import make_server
    from mvsnap.simulator.server import serve

    with ExitStack() as stack:
        dashboard_url = stack.enter_context(serve(dashboard.app()))
        rooms_url = stack.enter_context(serve(webex.app()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = _settings(dashboard, webex, dashboard_url, rooms_url, folder)
        listening = _listen(settings, port)
        service = Service(settings, Roles())
        service.start()
        stack.callback(service.stop)
        server = make_server(service.app(), settings, listening)
        stack.callback(server.close)
        threading.Thread(target=server.run, name="gateway", daemon=True).start()
        yield rooms_url, f"http://127.0.0.1:{listening.getsockname()[1]}"


def _settings(
    dashboard: FakeDashboard,
    webex: FakeWebex,
    dashboard_url: str,
    rooms_url: str,
    folder: Path,
) -> Settings:
    from mvsnap.config.model import Settings

    plain: dict[str, Any] = {
        "site": {"name": "Demo"},
        "server": {"host": "127.0.0.1"},
        "data_dir": folder,
        "api_keys": [{"name": "demo", "key": API_KEY}],
        "meraki": {
            "base_url": f"{dashboard_url}/api/v1",
            "api_key": dashboard.api_key,
            "cameras": [next(iter(dashboard.cameras))],
        },
        "webex": {
            "base_url": f"{rooms_url}/v1",
            "bot_token": webex.bot_token,
            "room": _ROOM,
        },
    }
    return Settings.model_validate(plain)


def _tries(dashboard: FakeDashboard) -> list[Try]:
    one, two, three, broken = list(dashboard.cameras)
    dashboard.cameras[broken].status = "offline"
    earlier = datetime.now(UTC) - timedelta(minutes=30)
    return [
        Try("A button asks for one camera", {"prefix": "Button pressed"}),
        Try(
            "A door contact asks for three cameras",
            {"mvSerial": f"{one},{two},{three}", "prefix": "Door open"},
        ),
        Try(
            "Somebody wants to see half an hour ago",
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


def _show_camera(camera: dict[str, Any]) -> None:
    text = camera["error"] or camera["video_link"]
    out.print(f"  {camera['serial']} {camera['status']}: {escape(str(text))}")


def _show_messages(webex: FakeWebex) -> None:
    out.print(f"\n[bold]Posted to {_ROOM!r}[/bold]")
    for message in webex.messages:
        lines = message.markdown.replace("**", "").splitlines()
        first = " ".join(line for line in lines if "Video at" not in line)
        indent = "    " if message.parent_id else "  "
        size = sum(len(file.data) for file in message.files)
        picture = f"  [green]picture, {size // 1000} kB[/green]" if size else ""
        out.print(f"{indent}{escape(first)}{picture}")


def _stay(url: str, rooms_url: str) -> None:
    out.print("\n[bold]Up until Ctrl-C[/bold]")
    out.print(f"  the rooms       {rooms_url}/")
    out.print(f"  try it          curl '{url}/api/v1.0/getSnapshot?apikey={API_KEY}'")
    out.print(f"  what happened   curl '{url}/api/v1.0/events?apikey={API_KEY}'")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        out.print("\nStopping.")


def _listen(settings: Settings, port: int) -> socket.socket:
    """Take the port, or any free one when it is taken."""
    from mvsnap.serving import listen

    host = settings.server.host
    try:
        return listen(host, port)
    except CannotListen:
        listening = listen(host, 0)
        free = listening.getsockname()[1]
        err.print(f"Port {port} is taken; the demo uses {free}.")
        return listening
