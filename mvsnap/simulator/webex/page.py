"""Webex page: the rooms as a person sees them; nothing on it leaves this machine."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, jsonify, redirect, render_template_string, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from msgspec import Struct

from mvsnap.simulator.webex.cards import button_data, press, titles_of_buttons
from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.files import file_answer
from mvsnap.simulator.webex.markup import as_html
from mvsnap.simulator.webex.model import SimFile, SimMessage, SimRoom, as_time
from mvsnap.simulator.webex.webex import FakeWebex

_PAGE = Path(__file__).parent / "templates" / "rooms.html"
# Not SVG: it can contain a script.
_PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/bmp"})


class _Shown(Struct, frozen=True):
    text: Markup
    at: str
    iso: str
    pictures: list[SimFile]
    others: list[SimFile]
    sender: str
    message_id: str
    buttons: list[str]


class _Thread(Struct, frozen=True):
    head: _Shown
    replies: list[_Shown]


class _Column(Struct, frozen=True):
    room: SimRoom
    threads: list[_Thread]


def add(app: Flask, webex: FakeWebex) -> None:
    @app.get("/")
    def page() -> ResponseReturnValue:
        return render_template_string(
            _PAGE.read_text(encoding="utf-8"),
            columns=_columns(webex),
            bot_name=webex.bot_name,
            people=webex.people,
        )

    @app.post("/page/press")
    def press_on_page() -> ResponseReturnValue:
        """Press a button as a person chosen on the page."""
        message = webex.message(request.form.get("message", ""))
        title, email = request.form.get("title", ""), request.form.get("person", "")
        if message.card is None or title not in titles_of_buttons(message.card):
            raise WebexError(400, "There is no such button.")
        webex.name_of(email)
        press(webex, message.id, email, button_data(message.card, title))
        return redirect("/", 303)

    @app.post("/page/say")
    def say_on_page() -> ResponseReturnValue:
        """Write to the bot as a person chosen on the page; a group needs a mention."""
        room = webex.room(request.form.get("room", ""))
        email, text = request.form.get("person", ""), request.form.get("text", "")
        webex.name_of(email)
        shown = text if room.type == "direct" else f"{webex.bot_name} {text}"
        webex.say(room.id, email, shown, mentions_bot=room.type != "direct")
        return redirect("/", 303)

    @app.get("/page/files/<file_id>")
    def page_file(file_id: str) -> ResponseReturnValue:
        file = webex.file(file_id)
        shown = "inline" if file.content_type in _PICTURES else "attachment"
        answer = file_answer(file, shown)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        return answer

    @app.get("/messages.json")
    def all_messages() -> ResponseReturnValue:
        root = request.host_url
        return jsonify([webex.as_message(m, root) for m in list(webex.messages)])


def _columns(webex: FakeWebex) -> list[_Column]:
    """Return the bot's rooms, each with its threads, the newest thread first."""
    messages = list(webex.messages)
    replies: dict[str, list[SimMessage]] = {}
    for message in messages:
        if message.parent_id:
            replies.setdefault(message.parent_id, []).append(message)
    columns = []
    for room in list(webex.rooms):
        threads = [
            _Thread(_shown(message), [_shown(r) for r in replies.get(message.id, [])])
            for message in reversed(messages)
            if message.room_id == room.id and not message.parent_id
        ]
        if room.member:
            columns.append(_Column(room, threads))
    return columns


def _shown(message: SimMessage) -> _Shown:
    own_host = urlsplit(request.host_url).hostname
    pictures = [f for f in message.files if f.content_type in _PICTURES]
    return _Shown(
        # A link to another host would leave this machine.
        text=as_html(
            message.markdown or message.text,
            lambda url: urlsplit(url).hostname == own_host,
        ),
        at=f"{message.created:%H:%M:%S}",
        iso=as_time(message.created),
        pictures=pictures,
        others=[file for file in message.files if file not in pictures],
        sender=message.sender_email or "",
        message_id=message.id,
        buttons=titles_of_buttons(message.card) if message.card else [],
    )
