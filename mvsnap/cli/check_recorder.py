"""`check` of the recorder: ffmpeg, IXON, every recording camera, the bucket."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from mvsnap.cli.terminal import Check, CheckResult, err
from mvsnap.errors import MvsnapError

if TYPE_CHECKING:
    from mvsnap.config.model import Settings
    from mvsnap.config.recorder import RecorderCameraSection
    from mvsnap.recorder import Probe

_AT_ONCE = 8
_UNSEEN_AFTER = timedelta(minutes=3)
_NO_ROLE = (
    "restart the service if that is new in the settings, or start one with the role "
    "record (serve --roles worker,record)"
)
LENGTH_S = 3  # of the clip that tests a camera


def checks(settings: Settings) -> list[Check]:
    """Return the name of each line, and the function that checks it."""
    return [
        ("recorder", lambda: _recorder(settings)),
        ("IXON", lambda: _ixon(settings)),
        *_cameras(settings),
        ("S3", lambda: _bucket(settings)),
        *([("files", lambda: _files(settings))] if settings.on_postgresql else ()),
    ]


def sound_of(found: Probe, *, is_wanted: bool) -> str:
    """Return what becomes of the camera's sound; "" if there is nothing to say."""
    if found.has_sound:
        return f"with sound ({found.audio}); "
    if is_wanted:
        return "no sound; " if found.audio is None else f"no sound ({found.audio}); "
    return "clips without its sound (audio: true); " if found.audio else ""


@contextmanager
def results_alone() -> Iterator[None]:
    """Show no log line of the recorder: what a camera does is in its result."""
    logger = logging.getLogger("mvsnap.recorder")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _recorder(settings: Settings) -> CheckResult:
    from mvsnap.recorder.process import version

    own = settings.recorder
    if not own.cameras:
        return CheckResult(None, "no recording cameras (recorder.cameras)")
    words = version(own.ffmpeg)
    version(own.ffprobe)
    if missing := _without_recorder(settings):
        text = f"{words}, but no process records {', '.join(missing)}: {_NO_ROLE}"
        return CheckResult(False, text)
    return CheckResult(True, words)


def _without_recorder(settings: Settings) -> list[str]:
    """Return the cameras that nobody records, although the service is running."""
    from mvsnap.clip_model import NO_RECORDER
    from mvsnap.runtime import store_url
    from mvsnap.store import database
    from mvsnap.store.clips import ClipStore
    from mvsnap.store.events import Store

    with database.opened(store_url(settings)) as db, suppress(*database.OUTAGES):
        store = Store(db)
        if not any(store.workers_alive().values()):
            return []
        seen, now = ClipStore(db).recorder_cameras(), store.now()
        return [
            name
            for name in settings.recorder.serials()
            if (state := seen.get(name)) is None
            or state.state == NO_RECORDER
            or now - state.seen_at > _UNSEEN_AFTER
        ]
    return []  # the line of the database says why


def _ixon(settings: Settings) -> CheckResult:
    from mvsnap.camera_sources import open_ixon
    from mvsnap.clock import SystemClock

    ixon = open_ixon(settings, SystemClock())
    if ixon is None:
        return CheckResult(None, "not configured")
    with closing(ixon):
        server_id = settings.ixon.agent_server_id
        if server_id is None:
            count = len(ixon.agents())
            return CheckResult(True, f"signed in, devices: {count}")
        server = ixon.server(server_id)
    where = f"{server.name} behind {server.agent.name}"
    if not server.gives_http:
        return CheckResult(False, f"{where} is {server.type}, not http")
    if server.agent.online is False:
        return CheckResult(False, f"{where}: the device is offline")
    needs = (
        ", needs approval in the IXON portal for each access"
        if server.needs_approval
        else ""
    )
    return CheckResult(not needs, f"signed in, {where}{needs}")


def _cameras(settings: Settings) -> list[Check]:
    """Record all cameras at once: one that is offline takes its time."""
    if not settings.recorder.cameras:
        return []
    started: dict[str, Future[CheckResult]] = {}

    def check(name: str) -> CheckResult:
        if not started:  # not before the lines above are printed
            pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="check")
            for other in settings.recorder.cameras:
                started[other] = pool.submit(_camera, settings, other)
            pool.shutdown(wait=False)
        with err.status(f"recording {LENGTH_S} s of each camera"):
            return started[name].result()

    return [(name, partial(check, name)) for name in settings.recorder.cameras]


def _camera(settings: Settings, name: str) -> CheckResult:
    from mvsnap.camera_sources import ask_source, open_ixon
    from mvsnap.clock import SystemClock
    from mvsnap.recorder import Recode, probe
    from mvsnap.runtime import clouds

    clock = SystemClock()
    dashboards = clouds.shared_dashboards(settings, clock)
    ixon = open_ixon(settings, clock)
    try:
        source = ask_source(settings, name, clock, dashboards, ixon)()
        found = probe(
            source,
            program=settings.recorder.ffprobe,
            ffmpeg=settings.recorder.ffmpeg,
            recode=Recode(settings.recorder.cameras[name].recode),
            name=name,
        )
    except MvsnapError as exc:
        return CheckResult(False, exc.message)
    finally:
        dashboards.close()
        if ixon is not None:
            ixon.close()
    camera = settings.recorder.cameras[name]
    sound = sound_of(found, is_wanted=camera.audio)
    return CheckResult(True, f"{found}; {sound}{_how(camera)}")


def _how(camera: RecorderCameraSection) -> str:
    after = f"{camera.post_roll_s:g} s after an alarm"
    if not camera.is_ring:
        return f"on demand: {after}, no pre-roll"
    return f"ring: {camera.pre_roll_s:g} s before and {after}"


def _bucket(settings: Settings) -> CheckResult:
    from mvsnap.runtime import clouds

    bucket = clouds.bucket(settings)
    if bucket is None:
        return CheckResult(None, "clips are not copied (storage.s3)")
    bucket.check()
    return CheckResult(True, bucket.place)


def _files(settings: Settings) -> CheckResult:
    """Whether all machines that share the database see the same pictures and clips."""
    from mvsnap.runtime import hand_over, store_url
    from mvsnap.store import database

    with database.opened(store_url(settings)) as db:
        problem = hand_over.problem(settings, db)
    if problem:
        # What waits for the bucket is on its way.
        return CheckResult(None if settings.files_in_bucket else False, problem)
    where = "the bucket" if settings.files_in_bucket else "data_dir"
    return CheckResult(True, f"pictures and clips are in {where}")
