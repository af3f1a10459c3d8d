"""What the views need, in one object beside the Flask app."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app

from mvsnap.badges.directory_store import DirectoryStore
from mvsnap.badges.picture_queue import BadgePictures
from mvsnap.badges.store import BadgeStore
from mvsnap.clock import Clock
from mvsnap.config.model import Settings
from mvsnap.jobs.service import JobService
from mvsnap.metrics import Metrics
from mvsnap.store.audit import AuditLog
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files import Files
from mvsnap.store.sense import SenseStore
from mvsnap.store.site import SiteStore
from mvsnap.store.users import People
from mvsnap.store.videos import VideoStore
from mvsnap.visitors.store import VisitorStore
from mvsnap.wifi.parts import Wifi

EXTENSION = "mvsnap"


@dataclass(frozen=True, slots=True)
class Gateway:
    settings: Settings
    jobs: JobService
    store: Store
    clips: ClipStore
    videos: VideoStore
    sense: SenseStore
    site: SiteStore
    visitors: VisitorStore
    people: People
    audit: AuditLog
    badges: BadgeStore
    badge_pictures: BadgePictures
    directory: DirectoryStore
    files: Files
    clock: Clock
    metrics: Metrics
    wifi: Wifi


def gateway() -> Gateway:
    found: Gateway = current_app.extensions[EXTENSION]
    return found
