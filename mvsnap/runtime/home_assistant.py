"""What is published for Home Assistant: the parts of it, built from the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from mvsnap.clip_model import RecorderCameraState
from mvsnap.config.model import Settings
from mvsnap.home_assistant.connection import BrokerLogin, PublishConnection
from mvsnap.home_assistant.entities import Entities
from mvsnap.home_assistant.places import read_places
from mvsnap.home_assistant.site import Health, SitePublisher, SiteSources
from mvsnap.home_assistant.topics import Topics
from mvsnap.home_assistant.zones import ZonePublisher
from mvsnap.jobs.executors import data_id
from mvsnap.jobs.service import JobService
from mvsnap.runtime.leadership import leadership_of
from mvsnap.runtime.parts import Parts
from mvsnap.sense.zone import ZoneWatch
from mvsnap.status.model import Condition
from mvsnap.status.read import dashboards_used
from mvsnap.status.services import service_rows
from mvsnap.store.events.published import PublishedEvents
from mvsnap.upstreams import Upstream

_KIND = "home_assistant"
# As the pages have it: see `status/recorder_rows.py`.
_AT_WORK = ("recording", "idle")
_STALE_AFTER = timedelta(minutes=3)


def site(parts: Parts, jobs: JobService) -> SitePublisher:
    settings = parts.settings
    topics = _topics(settings)
    pictures = parts.files if settings.home_assistant.pictures else None
    sources = SiteSources(
        PublishedEvents(parts.db, parts.store),
        pictures,
        settings.recorder.serials(),
        partial(read_places, parts.site, settings),
        partial(_health, parts, jobs),
    )
    connection = PublishConnection(
        login(settings), topics, topics.status, finds_configs=True
    )
    leadership = leadership_of(parts, _KIND)
    return SitePublisher(
        connection, topics, _entities(parts), sources, leadership, parts.clock
    )


def zones(parts: Parts, watched: Callable[[], Sequence[ZoneWatch]]) -> ZonePublisher:
    settings = parts.settings
    topics = _topics(settings)
    status = topics.listener_status(data_id(settings.data_dir))
    return ZonePublisher(
        PublishConnection(login(settings), topics, status),
        topics,
        _entities(parts),
        status,
        watched,
        partial(read_places, parts.site, settings),
        parts.clock,
    )


def login(settings: Settings) -> BrokerLogin:
    broker = settings.home_assistant.broker(settings.sense)
    password = broker.password.get_secret_value() if broker.password else None
    assert broker.host is not None
    return BrokerLogin(
        broker.host, broker.port, broker.tls, broker.ca_file, broker.username, password
    )


def _topics(settings: Settings) -> Topics:
    found = settings.home_assistant
    return Topics(found.topic_prefix, found.discovery_prefix)


def _entities(parts: Parts) -> Entities:
    site = parts.settings.site
    url = str(site.public_url) if site.public_url else None
    return Entities(_topics(parts.settings), site.name, url)


def _health(parts: Parts, jobs: JobService) -> Health:
    now, processes = parts.store.now(), parts.processes
    used, states, known = _used(parts.settings), processes.upstreams(), processes.all()
    rows = service_rows(used, states, known, now, processes.silent_after)
    services = {
        str(name): _works(row.health) for name, row in zip(used, rows, strict=True)
    }
    seen = parts.clips.recorder_cameras()
    cameras = {
        name: _records(seen.get(name), now)
        for name in parts.settings.recorder.serials()
    }
    return Health(services, cameras, jobs.backlog())


def _used(settings: Settings) -> list[str]:
    used = {
        Upstream.WEBEX: settings.webex.configured,
        Upstream.IXON: settings.ixon.configured,
        Upstream.BROKER: settings.sense.enabled,
        Upstream.S3: settings.storage.s3.configured,
    }
    others = [name for name, is_used in used.items() if is_used]
    return [*dashboards_used(settings), *others]


def _works(health: Condition) -> bool | None:
    return None if health is Condition.UNKNOWN else health is Condition.OK


def _records(camera: RecorderCameraState | None, now: datetime) -> bool | None:
    if camera is None or now - camera.seen_at > _STALE_AFTER:
        return None
    return camera.state in _AT_WORK
