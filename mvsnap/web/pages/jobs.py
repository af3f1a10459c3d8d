"""Jobs: which wait or failed and why, a page for each, and "Try again now"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.domain import JobId, Role
from mvsnap.errors import BadInput, NotFound
from mvsnap.jobs.listing import JobEntry, JobsPage, retry_change
from mvsnap.store.job_states import JobFilter, JobStage
from mvsnap.texts import N_, _
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.filters import ListFilter, event_id, older_url, one_of, typed
from mvsnap.web.pages.job_rows import (
    STAGES,
    JobLine,
    job_line,
    message_lines,
    part_lines,
)
from mvsnap.web.pages.live_list import HasText, ListPage, digest, if_changed
from mvsnap.web.pages.live_part import LivePart, shared

bp = Blueprint("job_pages", __name__, url_prefix="/status/jobs")

JobsAsked = ListFilter[JobFilter]

_PAGE = 50
# What is done is shown on request: people come for what is not.
_OPEN = (JobStage.WAITING, JobStage.FAILED, JobStage.PARTIAL)
_SHOWN = {stage.value: text for stage, text in STAGES.items()}
_GONE = N_("Job not found: it ended long ago, or there never was one")


@bp.get("")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked = _asked()
    page = _page(asked)
    html = render_template(
        "jobs/index.html",
        asked=asked,
        states=_SHOWN,
        page=page,
        newest=url_for(".index", **asked.query),
        etag=page.etag,
        rows_url=url_for(".rows", **asked.query),
    )
    return html, 400 if asked.mistakes else 200


@bp.get("/rows")
@auth.page(Role.VIEWER)
def rows() -> ResponseReturnValue:
    """The list alone, for the page that polls it."""
    asked = _asked()
    asked.require_valid()
    return shared("jobs", lambda: _part(asked)).answer()


def _part(asked: JobsAsked) -> LivePart:
    page = _page(asked)
    newest = url_for(".index", **asked.query)
    return LivePart(
        page.etag,
        lambda: render_template("jobs/_list.html", page=page, newest=newest),
    )


@bp.get("/<job_id>")
@auth.page(Role.VIEWER)
def show(job_id: str) -> ResponseReturnValue:
    entry = _known(job_id)
    part = _job_part(entry)
    return render_template(
        "jobs/job.html",
        **part,
        etag=digest(render_template("jobs/_job.html", **part)),
        may_retry=entry.may_retry and auth.person().may(Role.REVIEWER),
    )


@bp.get("/<job_id>/live")
@auth.page(Role.VIEWER)
def live(job_id: str) -> ResponseReturnValue:
    """The part that changes while the job goes on, for the page that polls it."""
    html = render_template("jobs/_job.html", **_job_part(_known(job_id)))
    return if_changed(digest(html), lambda: html)


def _job_part(entry: JobEntry) -> dict[str, Any]:
    """Return what the template of the changing part needs."""
    here = gateway()
    places = here.places()
    progress = here.jobs.progress(entry.job.id)
    deliveries = here.store.deliveries_of_job(entry.job.id)
    return {
        "row": job_line(entry, places),
        "parts": list(part_lines(progress, places)) if progress else [],
        "messages": list(message_lines(deliveries, places, entry.job.trigger)),
        # What has failed may be tried again by somebody else.
        "is_open": entry.stage is not JobStage.DONE,
    }


@bp.post("/<job_id>/retry")
@auth.page(Role.REVIEWER)
def retry(job_id: str) -> ResponseReturnValue:
    entry, here = _known(job_id), gateway()
    try:
        here.job_list.retry(entry.job.id)
    except BadInput:
        flash(_("Nothing to try again: everything is done."), "warning")
    else:
        here.audit.add(retry_change(entry, auth.person().name, here.clock.now()))
        flash(_("It is tried again now."), "success")
    return redirect(url_for(".show", job_id=entry.job.id), 303)


def _page(asked: JobsAsked) -> ListPage[JobsAsked, JobLine, HasText]:
    if asked.mistakes:
        return ListPage(asked)
    found: JobsPage = gateway().job_list.page(asked.wanted, _PAGE)
    places = gateway().places()
    lines = [job_line(one, places) for one in found.entries]
    return ListPage(asked, lines, older_url(asked, found.after))


def _asked() -> JobsAsked:
    return read_filter(request.args, gateway().zone)


def read_filter(given: Mapping[str, str], zone: ZoneInfo) -> JobsAsked:
    """Return the filter; an invalid value is left out of `wanted`."""
    texts = typed(given, ("state", "day", "after"))
    stage = texts.parsed("state", lambda text: JobStage(one_of(text, _SHOWN)))
    since, until = texts.day(zone)
    wanted = JobFilter(
        stages=_OPEN if stage is None else (stage,),
        since=since,
        until=until,
        behind=texts.parsed("after", _place),
    )
    return ListFilter(texts.entered, texts.mistakes, wanted)


def _place(text: str) -> tuple[datetime, JobId]:
    try:
        return gateway().job_list.entry(JobId(event_id(text))).place
    except NotFound as exc:
        raise BadInput(f"{text[:40]!r} (expected the id of a job)") from exc


def _known(job_id: str) -> JobEntry:
    try:
        return gateway().job_list.entry(JobId(job_id))
    except NotFound:
        raise NotFound(_GONE) from None
