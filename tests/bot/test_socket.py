"""A websocket that breaks again and again: what was pressed comes once, all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from requests import Response
from sqlalchemy.exc import OperationalError

from mvsnap.bot.listening import SocketListening
from mvsnap.bot.requests import BotRequests
from mvsnap.clients import outgoing
from mvsnap.clients.webex import socket
from mvsnap.clients.webex.activities import read_activity
from mvsnap.clients.webex.socket import WebexSocket
from mvsnap.clock import SystemClock
from mvsnap.errors import UpstreamError
from mvsnap.jobs.executors import acquire_leadership
from mvsnap.loop import Loop
from mvsnap.simulator.webex.cards import press
from mvsnap.simulator.webex.model import SimMessage
from mvsnap.simulator.webex.sockets import FakeSockets
from mvsnap.store.sharing.leadership import FileLeadership, Leadership
from tests.bot.build import GUARD, Bot
from tests.servers.processes import wait_until

ORIGIN = "http://127.0.0.1:9"


def socket_of(bot: Bot, token: str | None = None) -> WebexSocket:
    device_url = bot.crew.clouds.webex_url.replace("/v1", "/wdm/api/v1")
    return WebexSocket(device_url, token or bot.webex.bot_token, "mvsnap-tests")


class Ours:
    """The leadership of a process that is alone."""

    had = True

    def is_ours(self) -> bool:
        return True

    def leave(self) -> None:
        return


@contextmanager
def listening(bot: Bot, leadership: Leadership | None = None) -> Iterator[list[str]]:
    """Listen as a service does; yields a list that grows with each new request."""
    clock, new = SystemClock(), list[str]()
    listener = SocketListening(
        socket_of(bot),
        bot.requests,
        clock,
        leadership=leadership or Ours(),
        now=clock.now,
        on_new=lambda: new.append("new"),
    )

    loop = Loop("websocket", listener.step, 1.0, clock, at_end=listener.leave)
    loop.start()
    wait_until(lambda: bot.webex.sockets.opened > 0, "a connection")
    try:
        yield new
    finally:
        listener.end()
        clock.stop()
        loop.stop(10)
        if leadership is None:
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


def test_one_of_several_processes_listens_and_the_next_takes_over(
    bot: Bot, tmp_path: Path
) -> None:
    sockets, both = bot.webex.sockets, [_leadership(tmp_path) for _ in range(2)]
    question = card(bot)
    with ExitStack() as first, ExitStack() as second:
        heard = first.enter_context(listening(bot, both[0]))
        later = second.enter_context(listening(bot, both[1]))
        press(bot.webex, question.id, GUARD, {"mvsnap": "x"})
        wait_until(lambda: len(heard) == 1, "the first one hears it")
        assert (sockets.opened, later) == (1, [])
        first.close()
        # While nobody listens.
        press(bot.webex, question.id, GUARD, {"mvsnap": "y"})
        wait_until(lambda: len(later) == 1, "the second one hears it")
        assert (sockets.opened, heard) == (2, ["new"])
    sockets.close()


def _leadership(folder: Path) -> FileLeadership:
    return FileLeadership(partial(acquire_leadership, folder, "webex-websocket"))


def test_what_comes_while_the_database_is_away_is_kept(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, note = card(bot), bot.requests.note
    tries = list[str]()

    def fails_twice(_self: object, *given: Any) -> bool:
        tries.append("")
        if len(tries) < 3:
            raise OperationalError("insert", {}, Exception("away"))
        return note(*given)

    monkeypatch.setattr(BotRequests, "note", fails_twice)
    with listening(bot) as new:
        press(bot.webex, question.id, GUARD, {"mvsnap": "x"})
        wait_until(lambda: new == ["new"], "it is stored")
    assert (len(tries), bot.webex.sockets.opened) == (3, 1)


def test_what_is_gone_holds_up_nothing(bot: Bot) -> None:
    question, sockets = card(bot), bot.webex.sockets
    with listening(bot) as new:
        (device,) = sockets.devices.values()
        device.root += "/nothing/here"
        press(bot.webex, question.id, GUARD, {"mvsnap": "x"})
        wait_until(lambda: not device.waiting, "it is acknowledged")
        device.root = device.root.removesuffix("/nothing/here")
        press(bot.webex, question.id, GUARD, {"mvsnap": "y"})
        wait_until(lambda: new == ["new"], "the next one")
    assert sockets.opened == 1


def test_what_the_bot_may_not_read_holds_up_nothing(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    question, ask, asked = card(bot), outgoing.send, list[str]()

    def forbidden_once(method: str, url: str, **given: Any) -> Response:
        answer = ask(method, url, **given)
        if "/conversation/" in url:
            asked.append(url)
            answer.status_code = 403 if len(asked) == 1 else answer.status_code
        return answer

    monkeypatch.setattr(socket, "send", forbidden_once)
    with listening(bot) as new:
        for verb in "xy":
            press(bot.webex, question.id, GUARD, {"mvsnap": verb})
        wait_until(lambda: len(asked) == 2, "both were asked for")
        wait_until(lambda: new == ["new"], "the second one")
    assert bot.webex.sockets.opened == 1


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
        (r"https://evil.example\\.wbx2.com/", False),
        ("https://evil.example%2f.wbx2.com/", False),
        ("https://conv-a.wbx2.com/?to=", False),
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
