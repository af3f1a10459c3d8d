"""`demo`: the real gateway with simulated clouds, all on this machine."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

import click

from mvsnap.cli.terminal import out
from mvsnap.cli.usage import WholeNumber

if TYPE_CHECKING:
    from mvsnap.cli.demo_world import DemoWorld
    from mvsnap.simulator.webex.model import SimMessage
    from mvsnap.simulator.webex.webex import FakeWebex


@click.command()
@click.option(
    "--once",
    is_flag=True,
    help="Exit after the triggers: 0 all worked, 1 not.",
)
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=5004,
    help="Port to listen on; 0: any free port.",
)
def demo(once: bool, port: int) -> None:
    """Try everything without an account: simulated clouds, the real gateway."""
    from mvsnap import logs
    from mvsnap.cli.demo_triggers import fire_all
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
        worked = fire_all(made)
        _show_messages(made.webex)
        if not once:
            _stay(made)
    raise SystemExit(0 if worked else 1)


def _show_messages(webex: FakeWebex) -> None:
    titles = {room.id: room.title for room in webex.rooms}
    for room_id, title in titles.items():
        # Cards have buttons, which are on the page; people wrote the others.
        posted = [
            message
            for message in webex.messages
            if message.room_id == room_id
            and not message.card
            and message.sender_email is None
        ]
        if posted:
            out.print(f"\n[bold]Posted to {title!r}[/bold]")
        for message in posted:
            show_message(message)


def show_message(message: SimMessage) -> None:
    """Print its lines, without links: those of the demo lead nowhere."""
    indent = "    " if message.parent_id else "  "
    said = [" ".join(line.split()) for line in message.markdown.split("\n")]
    lines = [line.replace("**", "") for line in said if line and "](" not in line]
    for number, line in enumerate(lines):
        out.print(f"{indent}{'  ' if number else ''}{line}", markup=False)
    for file in message.files:
        size_kb = len(file.data) // 1000
        out.print(f"{indent}  {file.content_type}, {size_kb} kB", style="green")


def _stay(made: DemoWorld) -> None:
    out.print("\n[bold]Running until Ctrl-C[/bold]")
    _show_log_in(made)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        out.print("\nStopping.")


def _show_addresses(made: DemoWorld) -> None:
    from mvsnap.cli.demo_triggers import SNAPSHOTS, show_curl
    from mvsnap.cli.demo_world import OTHER_ROOM

    out.print()
    _show_log_in(made)
    out.print(f"  Webex rooms    {made.rooms_url}/")
    out.print("  answer there   by the buttons, or write to the bot: help")
    out.print(f"  by schedule    a picture every five minutes, in {OTHER_ROOM}")
    out.print("  take a picture yourself:")
    show_curl(f"{made.url}{SNAPSHOTS}", {})


def _show_log_in(made: DemoWorld) -> None:
    from mvsnap.cli.demo_world import PASSWORD, USER

    out.print(f"  web pages      {made.url}/")
    out.print(f"  log in as      {USER} with {PASSWORD}")
