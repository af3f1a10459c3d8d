"""The API that devices and programs call: getSnapshot and jobs."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed

from mvsnap.clock import iso
from mvsnap.config.recipients import JobRooms
from mvsnap.core import params
from mvsnap.core.progress import ClipProgress, JobProgress, PartProgress
from mvsnap.domain import JobId, JobState, Serial, Trigger, TriggerKind
from mvsnap.errors import BadInput, NotFound
from mvsnap.jobs.service import JobRequest
from mvsnap.program import program
from mvsnap.texts.reasons import code_of
from mvsnap.web import auth
from mvsnap.web.answers import (
    CameraAnswer,
    ClipAnswer,
    JobAnswer,
    JobLink,
    SnapshotsAnswer,
    TriggerAnswer,
    json_response,
)
from mvsnap.web.bodies import SnapshotBody
from mvsnap.web.context import gateway
from mvsnap.web.links import clip_url, job_url, snapshot_url
from mvsnap.web.params import Parameters, allow_no_parameters, api_parameters

bp = Blueprint("api", __name__, url_prefix="/api/v1.0")

_STATUS = {
    JobState.DONE: 200,
    JobState.PENDING: 202,
    JobState.PARTIAL: 207,
    JobState.FAILED: 207,
}


@bp.route("/getSnapshot", methods=["GET", "POST"])
@auth.api_key("snapshot")
def get_snapshot() -> ResponseReturnValue:
    if request.method == "HEAD":
        # Flask adds HEAD to GET; link checkers send it, and it must not take pictures.
        raise MethodNotAllowed(["GET", "POST"])
    parameters = api_parameters(SnapshotBody)
    job_request = _job_request(parameters)
    wait_s = params.parse_wait_s(parameters.get("wait_s") or str(params.DEFAULT_WAIT_S))
    progress = gateway().jobs.accept_and_wait(job_request, wait_s)
    so_far = _snapshots(progress)
    answer = json_response(so_far, _STATUS[progress.state])
    answer.headers["Location"] = so_far.job.url
    return answer


@bp.get("/jobs/<job_id>")
@auth.api_key("snapshot")
def get_job(job_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    progress = gateway().jobs.progress(JobId(job_id))
    if progress is None or not auth.caller().may_see(progress.job):
        raise NotFound(f"Job {job_id[:40]!r} not found")
    return json_response(_job(progress))


def _job_request(parameters: Parameters) -> JobRequest:
    caller = auth.caller()
    serials = _serials(parameters)
    caller.require_cameras(serials)
    to = _rooms(parameters, serials)
    caller.require_rooms(to.rooms)
    now = gateway().clock.now()
    return JobRequest(
        trigger=Trigger(TriggerKind.HTTP, caller.name),
        serials=serials,
        at=parameters.parsed("at", lambda text: params.parse_at(text, now)),
        rooms=to.rooms,
        camera_rooms=to.apart,
        prefix=params.parse_prefix(parameters.get("prefix") or ""),
        idempotency_key=_idempotency_key(),
    )


def _serials(parameters: Parameters) -> tuple[Serial, ...]:
    if not gateway().settings.asks_meraki:
        raise BadInput(params.no_dashboard(program("init")))
    given = parameters.get("mvSerial")
    if given:
        # Cameras that this key may not use are not even named.
        recorded = filter(auth.caller().reaches, gateway().settings.recorder.cameras)
        return params.parse_serials(given, recorded)
    default = tuple(Serial(serial) for serial in gateway().settings.default_cameras)
    if not default:
        raise BadInput("mvSerial: none given, and meraki.cameras is empty")
    return default


def _rooms(parameters: Parameters, serials: tuple[Serial, ...]) -> JobRooms:
    recipients = gateway().settings.recipients
    named = parameters.parsed("webexRoom", params.parse_rooms)
    if named and not all(map(recipients.takes, named)):
        raise BadInput(
            "webexRoom: neither a channel (channels), nor is Webex configured here "
            "(webex.bot_token)"
        )
    to = gateway().organizations.rooms(serials, named)
    lacking = [camera for camera, rooms in to.apart if not rooms]
    if recipients.can_post and (lacking or not to.rooms):
        of_which = f" for {', '.join(lacking)}" if lacking else ""
        raise BadInput(f"webexRoom: none given, and webex.room is empty{of_which}")
    return to


def _idempotency_key() -> str | None:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > 255:
        raise BadInput(f"Idempotency-Key: {len(key)} characters (expected at most 255)")
    return key or None


def _snapshots(progress: JobProgress) -> SnapshotsAnswer:
    return SnapshotsAnswer(
        status=progress.state,
        job=JobLink(progress.job.id, job_url(progress.job.id)),
        times=progress.job.times,
        cameras=[_camera(part) for part in progress.parts],
    )


def _job(progress: JobProgress) -> JobAnswer:
    job, so_far = progress.job, _snapshots(progress)
    return JobAnswer(
        status=so_far.status,
        job=so_far.job,
        times=so_far.times,
        cameras=so_far.cameras,
        accepted_at=iso(job.accepted_at),
        at=iso(job.at) if job.at else None,
        rooms=list(job.rooms),
        trigger=TriggerAnswer(job.trigger.kind, job.trigger.by),
        clips=[_clip(clip) for clip in progress.clips],
    )


def _camera(part: PartProgress) -> CameraAnswer:
    event = part.event
    has_picture = event is not None and event.snapshot_path is not None
    return CameraAnswer(
        serial=part.serial,
        status=part.state,
        snapshot_url=snapshot_url(event.id) if event and has_picture else None,
        video_link=event.video_link if event else None,
        error=part.error,
        error_code=code_of(part.error),
    )


def _clip(clip: ClipProgress) -> ClipAnswer:
    event = clip.event
    return ClipAnswer(
        camera=clip.camera,
        status=clip.state,
        clip_url=clip_url(event.id) if event and not event.error else None,
        error=clip.error,
        error_code=code_of(clip.error),
    )
