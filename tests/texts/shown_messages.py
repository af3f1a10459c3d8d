"""A message of every kind as a person or program receives it, for pictures in docs/.

The texts are those of the templates; a mail goes through a real mail server, a webhook
to a receiver that verifies it. Only what Webex draws is drawn here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from standardwebhooks import Webhook

from mvsnap import texts
from mvsnap.core import signed_links
from mvsnap.core.report_text import ReportText
from mvsnap.core.troubles import Trouble
from mvsnap.delivery.buttons import MessageButtons
from mvsnap.delivery.cards import with_words
from mvsnap.delivery.channel import OutgoingMessage
from mvsnap.delivery.kinds import KINDS
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.messenger import AppriseEntry, MessengerChannel
from mvsnap.delivery.plain_text import first_line
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.delivery.webhook import WebhookChannel, WebhookEntry
from mvsnap.domain import (
    CameraName,
    Event,
    EventId,
    EventKind,
    JobId,
    MessageId,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.simulator.picture import draw_picture
from mvsnap.values import replace
from mvsnap.visitors.filter import read_filter
from mvsnap.visitors.overview import Entrance, VisitorOverview, VisitorTotals
from mvsnap.visitors.report import (
    ReportEvery,
    VisitorReport,
    last_day,
    report_text,
)
from mvsnap.visitors.zone_rows import EntranceChange
from tests.core import build
from tests.core.build import GATE
from tests.servers.mail import MailServer, mail_server
from tests.servers.receivers import Receiver, receiver

AT = datetime.fromisoformat("2026-11-29T13:03:07+00:00")
SITE = "https://gateway.example"
SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
ROOM = "Alarms"
# What a person typed, or a machine says, in the language of the site.
SAID: Mapping[str, Mapping[str, str]] = {
    "en": {
        "gate": "Gate",
        "zone": "Waiting area",
        "alarm": "E-203: gripper lost its carton",
        "told": "Robot 3, line 2\nPressure below 4 bar",
        "note": "Somebody else than on the photo",
    },
    "de": {
        "gate": "Tor",
        "zone": "Wartebereich",
        "alarm": "E-203: Greifer hat den Karton verloren",
        "told": "Roboter 3, Linie 2\nDruck unter 4 bar",
        "note": "Eine andere Person als auf dem Foto",
    },
}


@dataclass(frozen=True)
class Case:
    """name: for readers of the picture, in English."""

    name: str
    message: Message
    has_buttons: bool = False
    now: datetime = AT
    repeat: bool = False


@dataclass(frozen=True)
class Shown:
    """A message in each of its shapes.

    markdown: "" where Webex shows the card in its place. buttons: the card, or the one
    that follows it.
    """

    name: str
    markdown: str
    buttons: Mapping[str, Any] | None
    has_picture: bool
    mail: EmailMessage
    posted: Mapping[str, Any]


def cases(picture: Path) -> Iterator[Case]:
    said = SAID[texts.locale()]
    shot = _event(EventKind.SNAPSHOT, said, snapshot_path="a.jpg")
    job = build.job(
        GATE, id=JobId("6f1c2d5e"), accepted_at=AT, rooms=(ROOM,), trigger=_by("door 5")
    )

    def made(kind: str, facts: Facts, **more: Any) -> Message:
        return Message(KINDS[kind], GATE, ROOM, facts, **more)

    with_picture = {"file": picture}
    crowd = _event(
        EventKind.CROWD,
        said,
        zone_id=ZoneId("7"),
        zone_name=said["zone"],
        details={"people": 6, "limit": 5, "dwell_s": 60.0},
    )
    sense = replace(job, trigger=Trigger(TriggerKind.SENSE, said["zone"]))
    of_crowd = Facts(sense, shot, crowd)
    snapshot = made("snapshot", Facts(job, shot), **with_picture)
    yield Case("Snapshot", snapshot, has_buttons=True)
    yield Case("Crowd", made("crowd", of_crowd, **with_picture), has_buttons=True)
    ended = {"peak": 9, "unit": "people", "duration_s": 184.0, "of": "1"}
    over = _event(EventKind.END, said, details=ended, zone_name=said["zone"])
    yield Case("Crowd over", made("end", Facts(sense, over), parent_id=_FIRST))
    yield from _of_machines(job, shot, said, with_picture)
    yield from _of_the_site(job, said)
    yield Case("Late", snapshot, now=AT + timedelta(minutes=42))
    yield Case("Repeated", snapshot, repeat=True)
    offline = Facts(job, camera=said["gate"], error="The camera is offline")
    yield Case("No picture yet", made("note", offline))


def _of_machines(
    job: Any, shot: Event, said: Mapping[str, str], with_picture: Mapping[str, Any]
) -> Iterator[Case]:
    alarm = _event(
        EventKind.ALARM,
        said,
        title=said["alarm"],
        details={"text": f"{said['alarm']}\n{said['told']}", "severity": "critical"},
    )
    hook = replace(
        job, trigger=Trigger(TriggerKind.WEBHOOK, "line 2"), prefix=said["alarm"]
    )
    hook = replace(hook, clips=(CameraName("Robot 3"),))
    late_s = timedelta(seconds=2)
    seen = replace(shot, occurred_at=AT + late_s)
    yield Case(
        "Alarm of a machine",
        Message(KINDS["alarm"], GATE, ROOM, Facts(hook, seen, alarm), **with_picture),
    )
    clip = _event(
        EventKind.CLIP,
        said,
        camera_name="Robot 3",
        title=said["alarm"],
        details={"before_s": 10.0, "after_s": 20.0, "size_mb": 1.5},
    )
    yield Case(
        "Clip",
        Message(KINDS["clip"], "clip", ROOM, Facts(hook, clip), parent_id=_FIRST),
    )
    badge = {"person": "Ada Berg", "user_id": "4711", "reader": "North 2"}
    mismatch = _event(
        EventKind.MISMATCH,
        said,
        snapshot_path="a.jpg",
        details={**badge, "note": said["note"]},
    )
    who = replace(job, trigger=_by("anna"))
    yield Case(
        "Badge mismatch",
        Message(KINDS["mismatch"], GATE, ROOM, Facts(who, mismatch), **with_picture),
    )


def _of_the_site(job: Any, said: Mapping[str, str]) -> Iterator[Case]:
    began = AT - timedelta(minutes=4)
    one = Trouble(
        *("1", f"Camera {said['gate']}", "camera", "offline, says the Dashboard"),
        *("See that it has power and network.", began),
    )
    self = replace(job, trigger=Trigger(TriggerKind.SCHEDULE, "alerts"))
    lasts = Facts(self, troubles=(one,))
    over = Facts(self, troubles=(replace(one, ended_at=AT),))
    for name, facts in (("In trouble", lasts), ("Over", over)):
        yield Case(name, Message(KINDS["alert"], "alert", ROOM, facts))
    by = Trigger(TriggerKind.SCHEDULE, "visitor report of the week")
    weekly = Facts(replace(job, trigger=by), report=_report(said))
    yield Case("Visitor report", Message(KINDS["report"], "report", ROOM, weekly))


def _report(said: Mapping[str, str]) -> ReportText:
    """Return what a week of 1,234 entrances says."""
    zone = ZoneInfo("Europe/Berlin")
    day = last_day(ReportEvery.WEEK, AT.date())
    asked = read_filter({"day": day.isoformat(), "days": "7"}, AT, zone)
    change = EntranceChange(1234, 987)
    gate = Entrance(said["gate"], (), 812, EntranceChange(812, 700))
    totals = VisitorTotals("", 1234, change, 176.3, 14, asked.spans[4])
    found = VisitorOverview(totals, [gate], None, asked.spans, "", None)
    report = VisitorReport(ReportEvery.WEEK, day, asked, [], found, ())
    return report_text(report, zone)


_FIRST = MessageId("msg-0")


def _by(who: str) -> Trigger:
    return Trigger(TriggerKind.HTTP, who)


def _event(kind: EventKind, said: Mapping[str, str], **more: Any) -> Event:
    given = {"id": EventId("1"), "kind": kind, "camera_name": said["gate"]}
    at = {"occurred_at": AT, "recorded_at": AT, "job_id": JobId("6f1c2d5e")}
    return build.event(**(given | at | more))


@contextmanager
def channels() -> Iterator[tuple[MailServer, Receiver]]:
    with ExitStack() as stack:
        yield stack.enter_context(mail_server()), stack.enter_context(receiver())


def shown(folder: Path) -> Iterator[Shown]:
    """Yield each message in the language that is in use."""
    picture = folder / "snapshot.jpg"
    gate = SAID[texts.locale()]["gate"]
    picture.write_bytes(draw_picture("gate", gate, GATE, 1, AT))
    with channels() as (mails, programs):
        to = "from=mvsnap@site.example&to=guard@site.example"
        address = f"mailto://127.0.0.1:{mails.port}/?{to}"
        mail = MessengerChannel(AppriseEntry(name="Mail", url=SecretStr(address)))
        url = SecretStr(f"http://127.0.0.1:{programs.port}/")
        entry = WebhookEntry(name="MES", url=url, secret=SecretStr(SECRET))
        hook = WebhookChannel(entry)
        for case in cases(picture):
            text = _text(case)
            mail.post(_outgoing(case, text, is_mail=True))
            hook.post(_outgoing(case, text, is_mail=False))
            post = programs.kept[-1]
            Webhook(SECRET).verify(post.body, post.headers)
            posted = _steady(json.loads(post.body))
            card = _buttons(case, text)
            yield Shown(
                case.name,
                text if case.has_buttons or card is None else "",
                card,
                case.message.file is not None,
                mails.kept[-1],
                posted,
            )


def _templates() -> MessageTemplates:
    return MessageTemplates("Europe/Berlin", "", "", SITE)


def _text(case: Case) -> str:
    return _templates().text(case.message, case.now, repeat=case.repeat)


def _outgoing(case: Case, text: str, *, is_mail: bool) -> OutgoingMessage:
    message, parent = case.message, case.message.parent_id
    if is_mail and parent is not None:
        parent = MessageId(f"{parent}\n{first_line(text)}")
    file = message.file if is_mail else None
    return OutgoingMessage(
        *(ROOM, message.kind.name, message.facts, file, parent),
        lambda _most=0: text,
        key="msg-1",
        site="Harbour",
        links=lambda _valid: _links(case),
        may_be_repeat=lambda: case.repeat,
    )


def _links(case: Case) -> Mapping[str, str]:
    event = case.message.facts.event
    if event is None or case.message.file is None:
        return {}
    until = AT + timedelta(days=1)
    return {"picture": signed_links.link(SITE, "key", event.id, "snapshot.jpg", until)}


def _buttons(case: Case, text: str) -> Mapping[str, Any] | None:
    """Return the card that Webex shows below the message."""
    made = MessageButtons(lambda _room: True, {GATE: CameraName("gate")}, SITE)
    facts, event = case.message.facts, case.message.facts.event
    if event is None:
        return None
    if event.kind is EventKind.END:
        card = made.beside(event, ROOM)
        return None if card is None else with_words(card, text)
    below = made.below(facts, event, ROOM, _FIRST) if case.has_buttons else None
    return None if below is None else below.card


def _steady(posted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return it with the time of the example in place of that of the run."""
    data = {k: v for k, v in posted["data"].items() if v not in (None, [], {}, "")}
    if "links_expire_at" in data:
        data["links_expire_at"] = (AT + timedelta(days=1)).isoformat()
    return {**posted, "timestamp": AT.isoformat(), "data": data}
