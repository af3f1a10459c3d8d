"""The two ways to record at the terminal: by the running service, or directly."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from msgspec import Struct
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from mvsnap.camera_sources import ask_source, open_ixon, recorder_settings
from mvsnap.cli.console import progress_bars
from mvsnap.cli.terminal import err
from mvsnap.clip_model import Clip, ClipState
from mvsnap.clock import SystemClock, poll
from mvsnap.config.model import Settings
from mvsnap.domain import (
    CameraName,
    EventId,
    JobId,
    Trigger,
    TriggerKind,
)
from mvsnap.errors import MvsnapError
from mvsnap.jobs.clip_results import notification_job
from mvsnap.jobs.engine import ClientEngine
from mvsnap.jobs.executors import installation
from mvsnap.jobs.service import JobRequest
from mvsnap.recorder import (
    CannotRecord,
    ClipResult,
    Mode,
    Recorder,
    State,
    Timing,
)
from mvsnap.recorder import files as recordings
from mvsnap.runtime import Parts, job_service, jobs_url
from mvsnap.runtime.recording import camera_claims
from mvsnap.values import replace

_POLL_S = 0.2
# A person waits for a camera that does not answer.
_CONNECT_S = 20.0
_BY = Trigger(TriggerKind.COMMAND, "record")
_OVER = (ClipState.READY, ClipState.FAILED, ClipState.DELETED)


class RecordOptions(Struct, frozen=True):
    """What the command asks for; None: from the camera's settings."""

    camera: CameraName
    pre_roll_s: float | None
    post_roll_s: float | None
    rooms: tuple[str, ...]

    def length_s(self, settings: Settings) -> float:
        camera = settings.recorder.cameras[self.camera]
        before_s = camera.pre_roll_s if self.pre_roll_s is None else self.pre_roll_s
        return before_s + self.after_s(settings)

    def after_s(self, settings: Settings) -> float:
        default_s = settings.recorder.cameras[self.camera].post_roll_s
        return default_s if self.post_roll_s is None else self.post_roll_s


class Bar:
    """The time of the window, then "finishing"; a word about camera problems."""

    def __init__(self, progress: Progress, camera: CameraName, total_s: float) -> None:
        self._progress = progress
        self._total_s = total_s
        self._clock = SystemClock()
        self._began_s: float | None = None
        self._task: TaskID = progress.add_task(escape(camera), total=total_s, state="")

    def show(self, word: str, *, is_recording: bool) -> None:
        """word: shown while nothing is recorded yet."""
        if is_recording and self._began_s is None:
            self._began_s = self._clock.monotonic()
        if self._began_s is None:
            self._progress.update(self._task, state=word)
            return
        gone_s = self._clock.monotonic() - self._began_s
        state = "recording" if gone_s < self._total_s else "finishing"
        done_s = min(gone_s, self._total_s)
        self._progress.update(self._task, completed=done_s, state=state)


def record_clip(parts: Parts, asked: RecordOptions) -> Clip:
    """Record and return the clip, which may have failed.

    Raises:
        MvsnapError: it could not even be started.
    """
    if not parts.db.is_sqlite and asked.camera in camera_claims(parts).holders():
        return _by_the_service(parts, asked)  # perhaps on another machine
    recorder = _alone(parts, asked)
    try:
        recorder.start()
    except CannotRecord:
        return _by_the_service(parts, asked)
    try:
        err.print(_why_directly(parts, asked.camera), markup=False)
        if asked.pre_roll_s:
            unused = f"--pre-roll {asked.pre_roll_s:g} is ignored"
            err.print(f"[yellow]{unused}: only the service keeps a pre-roll.[/]")
        return _by_itself(parts, asked, recorder)
    finally:
        recorder.stop()


def undelivered(parts: Parts, clip: Clip) -> str | None:
    """Return why a message of the clip was given up, None if none was."""
    jobs = [clip.job_id, notification_job(clip, clip.received_at).id]
    return next(iter(parts.store.undelivered(jobs).values()), None)


def _why_directly(parts: Parts, camera: CameraName) -> str:
    directly = "recording directly, without pre-roll."
    if any(parts.store.workers_alive().values()):
        # It reads its cameras at its start, and may be without the role.
        return (
            f"The running service does not record {camera} (a new camera needs a "
            f"restart): {directly}"
        )
    return f"The service is not running: {directly}"


# --- by the service


def _by_the_service(parts: Parts, asked: RecordOptions) -> Clip:
    if not any(parts.store.workers_alive().values()):
        raise MvsnapError("Another `record` is running; try again when it has finished")
    job_request = JobRequest(
        _BY,
        serials=(),
        clips=(asked.camera,),
        rooms=parts.settings.recipients.only(asked.rooms),
        pre_roll_s=asked.pre_roll_s,
        post_roll_s=asked.post_roll_s,
        idempotency_key=str(uuid.uuid4()),  # the id of its job
    )
    engine = ClientEngine(jobs_url(parts.settings))
    jobs = job_service(parts, engine, None)
    try:
        return _followed(parts, asked, jobs.accept(job_request).id)
    except KeyboardInterrupt as exc:
        if jobs.known(job_request.job_id()) is None:
            raise
        where = f"{parts.settings.site.public_url or ''}/clips"
        raise MvsnapError(f"The service keeps recording: see {where}") from exc
    finally:
        engine.close()


def _followed(parts: Parts, asked: RecordOptions, job_id: JobId) -> Clip:
    with _bar(asked, parts.settings) as bar:

        def poll_once() -> Clip | None:
            clip = next(iter(parts.clips.of_job(job_id)), None)
            if clip is not None and clip.state in _OVER:
                return clip
            is_recording = clip is not None and clip.state is ClipState.RECORDING
            bar.show(clip.note or "waiting" if clip else "", is_recording=is_recording)
            return None

        found = poll(poll_once, parts.clock, every_s=_POLL_S, limit_s=float("inf"))
    assert found is not None
    return found


# --- directly


def _alone(parts: Parts, asked: RecordOptions) -> Recorder:
    """Return a recorder of this camera, which connects on request."""
    settings, clock = parts.settings, parts.clock
    ixon = open_ixon(settings, clock)
    source = ask_source(settings, asked.camera, clock, parts.dashboards, ixon)
    every = recorder_settings(settings)
    (camera,) = [each for each in every.cameras if each.name == asked.camera]
    return Recorder(
        replace(
            every,
            cameras=(replace(camera, mode=Mode.ON_DEMAND),),
            timing=Timing(connect_s=_CONNECT_S),
        ),
        clock,
        {asked.camera: source},
    )


def _by_itself(parts: Parts, asked: RecordOptions, recorder: Recorder) -> Clip:
    clip = _wanted(parts, asked)
    result = _recorded(parts, asked, recorder, clip)
    settings = parts.settings
    # Not earlier: an interrupted clip must not be recorded later by the service.
    parts.clips.ask([clip], installation(settings.data_dir))
    stored = parts.clip_results().store(clip, result)
    if clip.rooms and stored.state is ClipState.READY:
        parts.runner(is_rerun=False).run(notification_job(stored, parts.clock.now()))
    parts.clips.mark_notified(clip.id)
    return stored


def _wanted(parts: Parts, asked: RecordOptions) -> Clip:
    now = parts.clock.now()
    return Clip(
        id=EventId(str(uuid.uuid4())),
        job_id=JobId(str(uuid.uuid4())),
        camera=asked.camera,
        trigger=_BY,
        at=now,
        received_at=now,
        state=ClipState.RECORDING,
        rooms=parts.settings.recipients.only(asked.rooms),
        pre_roll_s=0,
        post_roll_s=asked.after_s(parts.settings),
    )


def _recorded(
    parts: Parts, asked: RecordOptions, recorder: Recorder, clip: Clip
) -> ClipResult:
    with _bar(asked, parts.settings) as bar, ThreadPoolExecutor(1) as pool:
        work = pool.submit(
            recorder.record,
            clip.camera,
            clip.at,
            0,
            clip.post_roll_s,
            name=clip.id,
            received_at=clip.received_at,
        )

        def poll_once() -> bool | None:
            status = recorder.states()[clip.camera]
            is_recording = status.state is State.RECORDING
            bar.show(status.text, is_recording=is_recording)
            return True if work.done() else None

        try:
            poll(poll_once, parts.clock, every_s=_POLL_S, limit_s=float("inf"))
        except KeyboardInterrupt:
            recorder.stop()  # `record` ends, and the pool with it
            work.exception()
            digest = recordings.digest(clip.camera, clip.id)
            data_dir = parts.settings.data_dir
            recordings.remove_tree(data_dir / "recordings" / digest)
            raise
        return work.result()


@contextmanager
def _bar(asked: RecordOptions, settings: Settings) -> Iterator[Bar]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with progress_bars(*columns) as bar:
        yield Bar(bar, asked.camera, asked.after_s(settings))
