"""The bot of a running mvsnap: its requests, its threads, its webhooks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from mvsnap.bot.actions import BotActions
from mvsnap.bot.lists import BotLists
from mvsnap.bot.loop import AnswerLoop
from mvsnap.bot.parts import PATH
from mvsnap.bot.permissions import BotPermissions
from mvsnap.bot.requests import BotRequests
from mvsnap.bot.responder import Responder
from mvsnap.clients.webex.client import Webex
from mvsnap.clients.webex.inbox import WebexInbox
from mvsnap.delivery.webex import open_webex
from mvsnap.jobs.engine_interface import Engine
from mvsnap.jobs.service import JobService
from mvsnap.loop import Loop, stop_all
from mvsnap.runtime.bot_reports import secret_of
from mvsnap.runtime.leadership import leadership_of
from mvsnap.runtime.parts import Parts
from mvsnap.runtime.reporting import database_now, status_sources
from mvsnap.store.database import OUTAGES

if TYPE_CHECKING:
    from mvsnap.bot.listening import SocketListening
    from mvsnap.clients.webex.webhooks import WebexWebhooks

_REGISTER_S, _REGISTER_AGAIN_S = 300.0, 30.0
_STOP_S = 1.0
# What is being answered mostly ends within that: then nothing is sent twice.
_ANSWERS_S = 2.0
_NAMED_BY = 8  # characters


class BotService:
    """The worker's part: it answers, and keeps the webhooks registered."""

    def __init__(self, parts: Parts, engine: Engine, jobs: JobService) -> None:
        webex = _webex(parts)
        responder = _responder(parts, engine, jobs, webex)
        self._answers = AnswerLoop(
            BotRequests(parts.db),
            responder.answer,
            parts.clock,
            now=partial(database_now, parts),
        )
        self.wake = self._answers.loop.wake
        self._loops = [self._answers.loop]
        self._listening: SocketListening | None = None
        commands, url = parts.settings.webex.commands, parts.settings.site.public_url
        if commands.uses_websocket(url):
            self._listening = _listening(parts, self.wake)
            self._loops.append(
                Loop(
                    "websocket of Webex",
                    self._listening.step,
                    1.0,
                    parts.clock,
                    outages=OUTAGES,
                    at_end=self._listening.leave,
                )
            )
        elif url is not None:
            self._loops.append(_registration(parts, webex, f"{url}{PATH}"))

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        if self._listening is not None:
            self._listening.end()
        stop_all(self._loops, _STOP_S)
        self._answers.wait(_ANSWERS_S)


def _webex(parts: Parts) -> Webex:
    webex = open_webex(parts.settings.webex)
    assert webex is not None  # webex.takes_commands
    shared = parts.call_budgets.webex()
    if shared is not None:
        webex.share(shared)
    return webex


def _responder(
    parts: Parts, engine: Engine, jobs: JobService, webex: Webex
) -> Responder:
    settings, inbox = parts.settings, WebexInbox(webex)
    sources, zone = status_sources(parts, engine, jobs), settings.site.zone
    return Responder(
        settings,
        inbox,
        BotPermissions(settings.webex.commands, inbox.is_room),
        BotActions(
            *(jobs, parts.store, parts.site, parts.audit, parts.notices),
            *(settings.recorder, zone, parts.clock),
        ),
        BotLists(
            *(parts.store, parts.site, lambda: sources.rows(database_now(parts))),
            *(zone, parts.clock),
        ),
        parts.sender(),
        parts.site,
        parts.audit,
        parts.clock,
    )


def _listening(parts: Parts, on_new: Callable[[], None]) -> SocketListening:
    # Imported here: a gateway that can be called has webhooks.
    from mvsnap.bot.listening import SocketListening
    from mvsnap.clients.webex.socket import WebexSocket

    settings = parts.settings.webex
    assert settings.bot_token is not None  # webex.takes_commands
    socket = WebexSocket(
        settings.commands.device_url,
        settings.bot_token.get_secret_value(),
        _name(secret_of(parts)),
    )
    return SocketListening(
        socket,
        BotRequests(parts.db),
        parts.clock,
        leadership=leadership_of(parts, "webex-websocket"),
        now=partial(database_now, parts),
        on_new=on_new,
    )


def _name(secret: str) -> str:
    """Return what this installation is called in Webex: two sites may have one bot."""
    return f"mvsnap-{secret[:_NAMED_BY]}"


def _registration(parts: Parts, webex: Webex, url: str) -> Loop:
    # Imported here: a gateway with a websocket has none.
    from mvsnap.bot.registration import Registration
    from mvsnap.clients.webex.webhooks import WebexWebhooks

    def webhooks() -> WebexWebhooks:
        secret = secret_of(parts)
        return WebexWebhooks(webex, _name(secret), url, secret)

    return Loop(
        "webhooks of Webex",
        Registration(webhooks, leadership_of(parts, "webex-webhooks")).step,
        _REGISTER_S,
        parts.clock,
        failed_s=_REGISTER_AGAIN_S,
        outages=OUTAGES,
    )
