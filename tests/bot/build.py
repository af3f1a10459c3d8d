"""A bot between simulated clouds: it answers at once, and jobs run when a test says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mvsnap.bot.actions import BotActions
from mvsnap.bot.lists import BotLists
from mvsnap.bot.permissions import BotPermissions
from mvsnap.bot.requests import BotRequest, BotRequests
from mvsnap.bot.responder import Responder
from mvsnap.clients.webex.inbox import WebexInbox
from mvsnap.config.model import Settings
from mvsnap.core.webex_reports import BotRequestKind
from mvsnap.domain import Camera, Change, Job, Mute, Serial, Zone
from mvsnap.jobs.service import JobService
from mvsnap.metrics import Metrics
from mvsnap.simulator.webex.cards import button_data, press
from mvsnap.simulator.webex.webex import SimMessage
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.store import database
from mvsnap.store.audit import AuditFilter, AuditLog
from mvsnap.store.job_states import JobStateStore
from mvsnap.store.repeats import RepeatStore
from mvsnap.store.site import SiteStore
from mvsnap.values import replace
from tests.jobs.fakes import Crew
from tests.web.build import PatientEngine

GUARD, STRANGER = "guard@example.com", "stranger@example.com"
ROOM = "Site A - Alarms"
BERLIN = ZoneInfo("Europe/Berlin")
NAMES = ("Gate 3", "North gate", "Dock 7", "Hall")


class Bot:
    def __init__(self, crew: Crew, folder: Path, **commands: Any) -> None:
        self.crew, self.webex = crew, crew.clouds.webex
        self.webex.people |= {GUARD: "Gil Guard", STRANGER: "Sam Stranger"}
        self.room_id = self.webex.rooms[0].id
        self.db = database.Database(
            database.open_database(database.sqlite_url(folder / "mvsnap.db"))
        )
        self.site, self.audit = SiteStore(self.db), AuditLog(self.db)
        self.requests, self.engine = BotRequests(self.db), PatientEngine()
        self.settings = Settings.model_validate(
            {
                "data_dir": folder,
                "site": {"timezone": "Europe/Berlin"},
                "webex": {
                    "bot_token": "a-bot-token",
                    "commands": commands or {"people": [GUARD], "rooms": [ROOM]},
                },
                "recorder": {
                    "cameras": {
                        "Robot": {"url": "rtsp://192.0.2.1/stream"},
                        "Tank": {"url": "rtsp://192.0.2.2/x", "mode": "on_demand"},
                    }
                },
            }
        )
        self.rows = [StatusRow(Group.SERVICES, "Meraki", Condition.OK)]
        self.serials = [Serial(s) for s in crew.clouds.dashboard.cameras]
        cameras = [
            Camera(serial, name, "MV12", "N_1")
            for serial, name in zip(self.serials, NAMES, strict=True)
        ]
        self.site.keep_cameras(cameras, crew.clock.now())
        self.site.keep_zones(self.serials[0], [Zone("6", "Queue")])
        self.responder = self._responder()

    def configure(self, *serials: Serial) -> None:
        """Let the settings name these cameras of the Dashboard."""
        meraki = self.settings.meraki.model_copy(update={"cameras": serials})
        self.settings = self.settings.model_copy(update={"meraki": meraki})
        self.responder = self._responder()

    def _responder(self) -> Responder:
        crew, clock = self.crew, self.crew.clock
        assert crew.webex is not None
        inbox = WebexInbox(crew.webex)
        jobs = JobService(
            self.engine,
            *(crew.store, crew.clips, RepeatStore(self.db), JobStateStore(self.db)),
            *(clock, Metrics()),
            queue_size=10,
            max_waiting=1,
        )
        settings = self.settings
        return Responder(
            settings,
            inbox,
            BotPermissions(settings.webex.commands, inbox.is_room),
            BotActions(
                *(jobs, crew.store, self.site, self.audit, crew.notices),
                *(settings.recorder, BERLIN, clock),
            ),
            BotLists(crew.store, self.site, lambda: self.rows, BERLIN, clock),
            *(crew.sender(), self.site, self.audit, clock),
        )

    def answer(self, request_id: str, kind: BotRequestKind, tries: int = 1) -> None:
        now: datetime = self.crew.clock.now()
        self.responder.answer(BotRequest(request_id, kind, now, tries))

    def ask(self, text: str, *, who: str = GUARD, room_id: str | None = None) -> str:
        """Write to the bot; return the text of its only answer."""
        before = len(self.webex.messages) + 1
        message_id = self.webex.say(
            room_id or self.room_id, who, text, mentions_bot=True
        )
        self.answer(message_id, BotRequestKind.MESSAGE)
        (reply,) = self.webex.messages[before:]
        assert reply.parent_id == message_id
        return reply.markdown

    def ask_directly(self, text: str) -> str:
        return self.ask(text, room_id=self.webex.direct_room(GUARD).id)

    def press(self, message: SimMessage, title: str, *, who: str = GUARD) -> str:
        """Press a button; return the text of the only answer."""
        assert message.card is not None
        return self.send(message, button_data(message.card, title), who=who)

    def send(
        self, message: SimMessage, inputs: dict[str, Any], *, who: str = GUARD
    ) -> str:
        before = len(self.webex.messages)
        made = press(self.webex, message.id, who, inputs)
        self.answer(made.id, BotRequestKind.PRESS)
        (reply,) = self.webex.messages[before:]
        assert reply.parent_id == (message.parent_id or message.id)
        return reply.markdown

    @property
    def jobs(self) -> list[Job]:
        return list(self.engine.jobs.values())

    @property
    def mutes(self) -> list[Mute]:
        return self.site.mutes(self.crew.clock.now())

    @property
    def changes(self) -> list[Change]:
        """The audit log, newest first."""
        lines = self.audit.lines(AuditFilter(), 100)
        return [replace(line.change) for line in lines]
