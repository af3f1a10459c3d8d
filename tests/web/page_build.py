"""A gateway on which everything is set up and something happened: for every page."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import DirectoryState, PhotoRequest
from mvsnap.clients.meraki.zones import CountedZone, ZoneKind
from mvsnap.clip_model import ClipState
from mvsnap.config.entries import Entry
from mvsnap.core.days import day_span
from mvsnap.core.keys import KeyKind
from mvsnap.domain import (
    DeliveryState,
    Listener,
    Presence,
    Role,
    Serial,
    Trigger,
    TriggerKind,
    ZoneId,
)
from mvsnap.simulator.directory import portrait_of
from mvsnap.store.job_states import JobStage
from mvsnap.store.keys.changes import KeyChanges
from mvsnap.store.sense import Findings
from mvsnap.store.sharing.processes import ProcessReport
from mvsnap.texts.audit_wordings import COMMAND_LINE
from mvsnap.texts.broker_wordings import NOT_CONNECTED
from mvsnap.texts.camera_wordings import CONNECTION_REFUSED
from mvsnap.texts.file_wordings import AT_LINE, LEFT_OUT, MISSING, SERVER_ANSWERED
from mvsnap.texts.service_wordings import HEARTBEAT, IT_ANSWERED
from mvsnap.texts.status_wordings import EXPIRED, SET_BACK
from mvsnap.upstreams import Outcome, Upstream
from mvsnap.values import replace
from mvsnap.visitors.model import CountingCamera, DayCount
from mvsnap.visitors.rules import HourCount, hour_start, last_hours
from mvsnap.wifi.model import Radio
from mvsnap.wifi.visits import MINUTE_S, Observation
from tests.badges.build import badge
from tests.web import clip_build, event_build
from tests.web.build import DOOR, GATE, Web
from tests.wifi.build import RULE

ZONE = ZoneId("7")
BERLIN = ZoneInfo("Europe/Berlin")
SCANNING = {"token": "a-token-of-the-shop", "validator": "v", "secret": "s" * 8}
SETTINGS: dict[str, Any] = clip_build.SETTINGS | {
    "site": {"name": "Harbour", "timezone": BERLIN.key},
    "meraki": {"api_key": "a-dashboard-key", "cameras": [GATE, DOOR]},
    "sense": {"enabled": True, "people": 3},
    "badges": {"camera_of_reader": {"Gate": GATE}, "mismatch_room": "Alarms"},
    "scanning": {"endpoints": [SCANNING]},
    "channels": [{"name": "Guards", "kind": "webex", "room": "Night watch"}],
    "heartbeat_url": "https://watcher.example/ping",
    "schedules": [{"cron": "0 8 * * *", "cameras": [GATE]}],
}


def filled(folder: Path, locale: str = "en") -> tuple[Web, dict[str, str]]:
    """Return it with an example of each part of an address: `<event_id>`, ..."""
    web = Web(folder, **SETTINGS | {"site": SETTINGS["site"] | {"locale": locale}})
    now = web.clock.now()
    for role in Role:
        web.add_user(role, role)
    story = event_build.tell(web, now - timedelta(hours=8))
    event_build.put_message(
        web, story.crowd.job_id, "", DeliveryState.FAILED, now, error=event_build.REASON
    )
    _add_clips(web, now)
    muted = web.client().post("/api/v1.0/mutes", data={"serial": GATE})
    assert muted.status_code == 201, muted.text
    limits: dict[str, Any] = {"scopes": ["read"], "cameras": [], "rooms": []}
    makes = KeyChanges(web.keys, web.settings, web.clock, COMMAND_LINE())
    key = makes.make(KeyKind.KEY, "Door 5", limits, now + timedelta(days=30)).key
    event_build.put_message(
        web, story.crowd.job_id, "", DeliveryState.FAILED, now, error=event_build.REASON
    )
    _add_clips(web, now)
    _add_states(web, now)
    _add_counts(web, now)
    _add_wifi(web, now)
    hour = str(int(hour_start(now, BERLIN).timestamp()))
    return web, {
        "event_id": story.alarm.id,
        "job_id": story.alarm.job_id,
        "clip_id": story.clip.id,
        "badge_id": _add_badges(web, now),
        "key": GATE,
        "key_id": key.id,
        "serial": GATE,
        "zone_id": ZONE,
        "hour": hour,
        **_add_entries(web, now),
    }


def _add_entries(web: Web, now: datetime) -> dict[str, str]:
    """Add one that holds, and one that does not."""
    noon = {"cron": "0 12 * * *", "cameras": [GATE]}
    for name, value in (("Noon", noon), ("Never", {"cron": "never"})):
        assert web.entries.put(Entry("schedules", name, value, now, "anna"), None, [])
    return {"section": "schedules", "name": "Noon", "trial_id": "unknown"}


def _add_clips(web: Web, now: datetime) -> None:
    film = clip_build.film(web.settings.data_dir / "film.mp4", length_s=5)
    small = film.with_suffix(".jpg").read_bytes()
    clip_build.add_film(web, now - timedelta(hours=1), film.read_bytes(), small)
    for state in ClipState:
        error = "The camera gave no video." if state is ClipState.FAILED else None
        at = now - timedelta(minutes=10)
        clip_build.add_clip(web, at, state=state, error=error)


def _add_states(web: Web, now: datetime) -> None:
    """Add what is said of a listener, of a machine, and of a clip of MV Sense."""
    away = NOT_CONNECTED(why=CONNECTION_REFUSED())
    web.sense.describe_listener(Listener("pi-1", now, False, away, 0.0, 4, 2))
    report = ProcessReport("one", "pi", "web", "1", "data")
    report = replace(report, clock_error=SET_BACK(length_s=3600))
    report = replace(report, certificate_error=EXPIRED())
    lost = Outcome(None, 990, 990, HEARTBEAT(why=IT_ANSWERED(status=404)))
    gone = replace(lost, error=away)
    news = {str(Upstream.HEARTBEAT): lost, str(Upstream.BROKER): gone}
    web.processes.beat(report, news, monotonic_s=1000, clock=now, is_first=True)
    seen = Trigger(TriggerKind.SENSE, "Gate north")
    at = now - timedelta(seconds=20)
    clip_build.add_clip(web, at, trigger=seen, title="Crowd: 3 people")
    event_build.add_job(web, now, GATE, stage=JobStage.WAITING)


def _add_badges(web: Web, now: datetime) -> str:
    people = [Cardholder("4711", "Anna Berg", "Sales", "a.jpg")]
    first = AT_LINE(number=3, why=MISSING(name="user_id"))
    state = DirectoryState("people.csv", "1", now, 1, 2, LEFT_OUT(count=2, first=first))
    web.directory.replace(state, people)
    web.directory.keep_photo(
        PhotoRequest("4711", "a.jpg"), None, SERVER_ANSWERED(status=404)
    )
    made = [
        badge(swiped_at=now - timedelta(minutes=5 * n), now=now, user_id=user_id)
        for n, user_id in enumerate(("4711", "4712", "4713"), start=1)
    ]
    web.badges.add(made)
    jpeg = portrait_of("camera")
    path = web.files.save_picture("badges", made[0].id, made[0].swiped_at, jpeg)
    web.badge_pictures.fetched(made[0].id, path, event_build.VIDEO)
    return made[0].id


def _add_counts(web: Web, now: datetime) -> None:
    """Add people: now in a zone, of 14 hours and of 7 days."""
    gate = Serial(GATE)
    web.visitors.keep_camera(CountingCamera(gate, True, now))
    zone = CountedZone(gate, ZONE, ZoneKind.ZONE, "Waiting area")
    web.visitors.keep_zones(gate, [zone])
    spans = last_hours(now, BERLIN, 14)
    hours = [HourCount(span[0], number, 0.5) for number, span in enumerate(spans)]
    web.visitors.keep_hours(gate, ZONE, (spans[0][0], spans[-1][1]), hours, now)
    for back in range(7):
        day = now.astimezone(BERLIN).date() - timedelta(days=back)
        begin, end = day_span(day.isoformat(), BERLIN)
        numbers = (100 + back, 1.0, (end - begin).total_seconds(), back > 0)
        web.visitors.keep_days([DayCount(gate, ZONE, begin, *numbers)])
    web.sense.note_last_seen({gate: now}, now)
    seen = Presence(gate, ZONE, now - timedelta(hours=2), now - timedelta(hours=1), 3)
    began_ms = round(now.timestamp() * 1000) - 90_000
    state = {"crowd": {"began_ms": began_ms, "raised": True}, "people": 4}
    found = Findings(presences=[seen], states={(gate, ZONE): state})
    web.sense.save(found, now)


def _add_wifi(web: Web, now: datetime) -> None:
    first = int((now - timedelta(hours=5)).timestamp()) // MINUTE_S
    found = [
        Observation(device, first + device % 40 + n, 0, 30, -55)
        for device in range(1, 16)
        for n in range(device % 7 + 1)
    ]
    web.wifi.store.add_batch("L_1", Radio.WIFI, found, now)
    while web.wifi.store.process(RULE, now):
        pass
