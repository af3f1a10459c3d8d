"""Jobs over HTTP: which wait or failed, and "try again now"."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mvsnap.clock import iso
from mvsnap.domain import Job, JobId
from mvsnap.errors import BadInput, NotFound
from mvsnap.jobs.listing import JobEntry, retry_change
from mvsnap.store.job_states import JobFilter, JobStage
from mvsnap.texts.reasons import code_of
from mvsnap.web import auth
from mvsnap.web.answers import (
    JobsAnswer,
    ListedJobAnswer,
    TriggerAnswer,
    json_response,
)
from mvsnap.web.bodies import JobsQuery
from mvsnap.web.context import gateway
from mvsnap.web.links import job_url
from mvsnap.web.params import Parameters, allow_no_parameters, api_parameters

bp = Blueprint("jobs", __name__, url_prefix="/api/v1.0")


@bp.get("/jobs")
@auth.key_or_login("read")
def list_jobs() -> ResponseReturnValue:
    parameters = api_parameters(JobsQuery)
    limit = parameters.limit()
    gateway().store.require_database()
    page = gateway().job_list.page(_filter(parameters), limit, may_see)
    return json_response(JobsAnswer([_answer(one) for one in page.entries], page.after))


@bp.post("/jobs/<job_id>/retry")
@auth.api_key("snapshot")
def retry_job(job_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    return json_response(_answer(retry(JobId(job_id), auth.caller().name)), 202)


def retry(job_id: JobId, who: str) -> JobEntry:
    """Try a job again now that the caller may see; the audit log says who had it so.

    Raises:
        NotFound: there is none. BadInput: everything is done.
    """
    before = _entry(job_id)
    after = gateway().job_list.retry(job_id)
    gateway().audit.add(retry_change(before, who, gateway().clock.now()))
    return after


def may_see(job: Job) -> bool:
    """Return whether the caller may use everything that the job is about."""
    caller = auth.caller()
    if not caller.may_see(job):
        return False
    if caller.serials is None or job.serials or job.clips:
        return True
    # A message about an event of some camera.
    event = gateway().store.event(job.about) if job.about else None
    return event is not None and caller.reaches(event.serial or event.camera_name)


def _entry(job_id: JobId) -> JobEntry:
    entry = _known(job_id)
    if not may_see(entry.job):
        raise NotFound(f"Job {job_id[:40]!r} not found")
    return entry


def _known(job_id: JobId) -> JobEntry:
    if "\0" in job_id:  # PostgreSQL refuses to search for one
        raise NotFound(f"Job {job_id[:40]!r} not found")
    gateway().store.require_database()
    return gateway().job_list.entry(job_id)


def _filter(parameters: Parameters) -> JobFilter:
    return JobFilter(
        stages=parameters.parsed("state", _stages),
        since=parameters.moment("since"),
        until=parameters.moment("until"),
        behind=parameters.parsed("after", _place),
    )


def _place(after: str) -> tuple[datetime, JobId]:
    """Return where a page ends; the last job that was looked at may be another's."""
    try:
        return _known(JobId(after)).place
    except NotFound as exc:
        raise BadInput(f"after: no job {after[:40]!r} (expected a job id)") from exc


def _stages(text: str) -> tuple[JobStage, ...]:
    try:
        return tuple({JobStage(stage.strip()): None for stage in text[:200].split(",")})
    except ValueError as exc:
        known = ", ".join(JobStage)
        raise BadInput(f"state: {text[:40]!r} (expected one of: {known})") from exc


def _answer(entry: JobEntry) -> ListedJobAnswer:
    job = entry.job
    return ListedJobAnswer(
        id=job.id,
        url=job_url(job.id),
        state=entry.stage,
        accepted_at=iso(job.accepted_at),
        since=iso(entry.since),
        waits_for=entry.waits_for or None,
        reason=entry.reason or None,
        reason_code=code_of(entry.reason),
        next_try_at=iso(entry.next_at) if entry.next_at else None,
        trigger=TriggerAnswer(job.trigger.kind, job.trigger.by),
        cameras=[*job.serials, *job.clips],
        rooms=list(job.rooms),
        title=job.prefix,
    )
