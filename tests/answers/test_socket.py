"""A websocket that breaks again and again: what was pressed comes once, all of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from mvsnap.answers.listening import SocketListening
from mvsnap.clients.webex.activities import read_activity
from mvsnap.clients.webex.socket import WebexSocket
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.simulator.webex.cards import press
from mvsnap.simulator.webex.model import SimMessage
from mvsnap.simulator.webex.sockets import FakeSockets
from tests.answers.bot import GUARD, Bot
from tests.servers.processes import wait_until

ORIGIN = "http://127.0.0.1:9"


def socket_of(bot: Bot, token: str | None = None) -> WebexSocket:
    device_url = bot.crew.clouds.webex_url.replace("/v1", "/wdm/api/v1")
    return WebexSocket(device_url, token or bot.webex.bot_token, "mvsnap-tests")


@contextmanager
def listening(bot: Bot) -> Iterator[list[str]]:
    """Listen as a service does; yields a list that grows with each new request."""
    clock, new = SystemClock(), list[str]()
    listener = SocketListening(
        socket_of(bot),
        bot.requests,
        clock,
        now=clock.now,
        on_new=lambda: new.append("new"),
    )

    def run() -> None:
        while not clock.stopped:
            listener.step()

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: bot.webex.sockets.opened > 0, "a connection")
    try:
        yield new
    finally:
        listener.end()
        clock.stop()
        thread.join(10)
        bot.webex.sockets.close()


def _is_more(sockets: FakeSockets, before: int) -> bool:
    return sockets.opened > before


def card(bot: Bot) -> SimMessage:
    bot.ask("snapshot gate")
    return bot.webex.messages[-1]


def test_each_press_comes_once_over_ten_broken_connections(bot: Bot) -> None:
    question = card(bot)
    sockets = bot.webex.sockets
    with listening(bot) as new:
        made = []
        for number in range(10):
            opened = sockets.opened
            made.append(press(bot.webex, question.id, GUARD, {"mvsnap": "x"}).id)
            sockets.cut()
            # One that is pressed while there is no connection.
            made.append(press(bot.webex, question.id, GUARD, {"mvsnap": "y"}).id)
            wait_until(partial(_is_more, sockets, opened), "another one")
            assert len(new) <= 2 * (number + 1)
        wait_until(lambda: len(new) == 20, "all that was pressed")
        wait_until(
            lambda: not any(d.waiting for d in sockets.devices.values()), "all acks"
        )
    found = []
    while (one := bot.requests.take(bot.crew.clock.now())) is not None:
        found.append(one.id)
    assert sorted(found) == sorted(made)


def test_a_wrong_token_opens_nothing(bot: Bot) -> None:
    with pytest.raises(UpstreamError) as caught:
        socket_of(bot, "another-token").listen(lambda *_: None, lambda: True)
    assert "another-token" not in caught.value.message


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        "{}",
        b"\xff",
        "[" * 100_000,
        '{"data": {"eventType": "conversation.activity", "activity": []}}',
        '{"id": "a", "data": {"eventType": "mercury.buffer_state"}}',
    ],
)
def test_frames_about_something_else_are_nothing(frame: str | bytes) -> None:
    assert read_activity(frame, ORIGIN) is None


@pytest.mark.parametrize(
    ("base", "is_asked"),
    [
        (f"{ORIGIN}/conversation/api/v1/", True),
        ("https://conv-a.wbx2.com/conversation/api/v1/", True),
        ("http://conv-a.wbx2.com/conversation/api/v1/", False),
        ("https://conv-a.wbx2.com.evil.example/", False),
        ("https://evil.example/.wbx2.com/", False),
        ("https://x@conv-a.wbx2.com/", False),
        ("file:///", False),
    ],
)
def test_the_token_goes_to_webex_alone(base: str, is_asked: bool) -> None:
    frame = (
        '{"id": "0a1b2c3d4e", "data": {"eventType": "conversation.activity", '
        '"activity": {"id": "0a1b2c3d4e", "verb": "post", "target": {"url": '
        f'"{base}conversations/5f"}}}}}}}}'
    )
    found = read_activity(frame, ORIGIN)
    assert (found.url if found else None) == (
        f"{base}messages/0a1b2c3d4e" if is_asked else None
    )
