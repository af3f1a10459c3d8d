"""For operators: liveness, readiness, metrics, the API description."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from mvsnap import __version__
from mvsnap.clock import iso
from mvsnap.core.amounts import amount
from mvsnap.domain import Listener
from mvsnap.errors import NotFound
from mvsnap.runtime import listener_state
from mvsnap.runtime.answers import HealthAnswer, ReadinessAnswer
from mvsnap.runtime.clock_state import ClockSinceStart, doubt, mistake
from mvsnap.runtime.openapi import document
from mvsnap.runtime.parts import jobs_url, store_url
from mvsnap.runtime.store_metrics import StoreMetrics
from mvsnap.sqlite_errors import reason
from mvsnap.status.recorder_rows import recorder_summary
from mvsnap.store.events import EventFilter
from mvsnap.store.sense import alive
from mvsnap.store.shared_file import require_free
from mvsnap.store.sharing.identities import renewed_ids
from mvsnap.store.sqlite_file import file_of, locked_out
from mvsnap.store.time_limits import PROBE, DatabaseAway, answering
from mvsnap.web import auth
from mvsnap.web.answers import json_response
from mvsnap.web.context import EXTENSION, gateway
from mvsnap.web.params import allow_no_parameters
from mvsnap.web.status.read import listens, read_outages

bp = Blueprint("ops", __name__)

_LEAST_FREE_BYTES = 200_000_000
# Less than a year, says the RFC.
_SECURITY_TXT_DAYS = 180
_CLOCK = "mvsnap_clock_since_start"
_STORE = "mvsnap_store_metrics"


@bp.record
def _prepare(state: BlueprintSetupState) -> None:
    state.app.extensions[_CLOCK] = ClockSinceStart()
    state.app.extensions[_STORE] = StoreMetrics(state.app.extensions[EXTENSION])


def metrics_app(app: Flask) -> Flask:
    """Return it with nothing but /metrics and /healthz, of this process alone."""
    # Before the check of keys, which would tell strangers what there is.
    app.before_request_funcs.setdefault(None, []).insert(0, _refuse_others)
    app.extensions[_STORE] = None
    return app


def _refuse_others() -> None:
    if request.endpoint not in ("ops.metrics", "ops.healthz"):
        raise NotFound("Only /metrics and /healthz are on this port")


@bp.get("/healthz")
@auth.public
def healthz() -> ResponseReturnValue:
    return json_response(HealthAnswer("ok", __version__))


@bp.get("/readyz")
@auth.public
def readyz() -> ResponseReturnValue:
    with answering(PROBE):
        return _readiness()


def _readiness() -> ResponseReturnValue:
    parts = {
        "store": _store(),
        "worker": _worker(),
        "queue": _queue(),
        "disk": _disk(),
        "api_keys": _api_keys(),
        "sense": _sense(),
        "clock": mistake(gateway().clock.now(), gateway().zone) or "ok",
    }
    ready = all(reason == "ok" for reason in parts.values())
    # For information: a camera that is offline does not stop alarms from coming in.
    parts["recorder"] = _recorder()
    parts["cleaning"] = _cleaning()
    parts["ids"] = renewed_ids(gateway().settings.data_dir) or "ok"
    parts["services"] = _services()
    if parts["sense"] == "ok":
        parts["sense"] = _shortcoming_of_sense() or "ok"
    parts["files"] = _files()
    if parts["clock"] == "ok":
        parts["clock"] = _doubt_of_clock() or "ok"
    answer = ReadinessAnswer("ready" if ready else "not ready", parts)
    return json_response(answer, 200 if ready else 503)


@bp.get("/metrics")
@auth.api_key("read")  # also on this machine: behind a proxy everybody is local
def metrics() -> ResponseReturnValue:
    allow_no_parameters()
    of_store: StoreMetrics | None = current_app.extensions[_STORE]
    text = gateway().metrics.text(*filter(None, [of_store]))
    return Response(text, content_type=CONTENT_TYPE_LATEST)


@bp.get("/api/v1.0/openapi.json")
@auth.public
def openapi() -> ResponseReturnValue:
    public_url = gateway().settings.site.public_url
    return json_response(document(public_url or request.script_root))


@bp.get("/.well-known/security.txt")
@auth.public
def security_txt() -> ResponseReturnValue:
    """RFC 9116. It is as fresh as the settings of a service that runs."""
    contact = gateway().settings.site.security_contact
    if contact is None:
        raise NotFound("No site.security_contact is set")
    today = gateway().clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    expires = iso(today + timedelta(days=_SECURITY_TXT_DAYS))
    text = f"Contact: {contact}\nExpires: {expires}\n"
    return Response(text, content_type="text/plain; charset=utf-8")


def _or_unknown(find: Callable[[], str]) -> Callable[[], str]:
    """Let it say that the database is away."""

    @wraps(find)
    def found() -> str:
        try:
            return find()
        except SQLAlchemyError:
            return "unknown: the database does not answer"

    return found


def _store() -> str:
    store = gateway().store
    try:
        store.ping()
        is_read_only = store.is_read_only()
    except SQLAlchemyError as exc:
        return f"the database does not answer: {reason(exc)}"
    if is_read_only:
        return "the database cannot be written: it is read-only now"
    return _no_writing() or _locked(store_url(gateway().settings)) or "ok"


def _locked(url: str) -> str:
    """Return what keeps a SQLite file from being written now, "" if nothing does."""
    file = file_of(url)
    try:
        if file is not None:
            require_free(file)
    except DatabaseAway as exc:
        return f"the database cannot be written: {exc.why}"
    return ""


def _no_writing() -> str:
    """Return why SQLite's files cannot be written, "" if they can."""
    file = file_of(store_url(gateway().settings))
    return locked_out(file.parent) if file is not None else ""


def _worker() -> str:
    try:
        if any(gateway().store.workers_alive().values()):
            return "ok"
    except SQLAlchemyError as exc:
        return f"unknown: the database does not answer: {reason(exc)}"
    if _no_writing():
        return "unknown: the database cannot be written"
    return "no process with the worker role was seen in the last minute"


def _queue() -> str:
    size = gateway().settings.server.queue_size
    if locked := _locked(jobs_url(gateway().settings)):
        return locked
    try:
        waiting = gateway().jobs.backlog()
    except SQLAlchemyError as exc:
        return f"unknown: the database does not answer: {reason(exc)}"
    return "ok" if waiting < size else f"{amount(size, 'job is', 'jobs are')} waiting"


def _disk() -> str:
    data_dir = gateway().settings.data_dir
    if problem := locked_out(data_dir):
        return problem
    foreign = [p for p in (data_dir, *data_dir.glob("snapshots/*/*/*")) if _closed(p)]
    if foreign:
        return f"{foreign[-1]} cannot be written: it belongs to another account"
    free = shutil.disk_usage(data_dir).free
    if free > _LEAST_FREE_BYTES:
        return "ok"
    return f"only {free // 1_000_000} MB are free in data_dir"


def _closed(path: Path) -> bool:
    return path.is_dir() and not os.access(path, os.W_OK)


@_or_unknown
def _api_keys() -> str:
    if gateway().settings.lets_somebody_in(listens=False):
        return "ok"
    if listens() or gateway().keys.lets_somebody_in(gateway().clock.now()):
        return "ok"
    return "no api_keys: nobody can call the API"


@_or_unknown
def _sense() -> str:
    return (listener_state.fault(_listening()) if listens() else "") or "ok"


def _listening() -> list[Listener]:
    return alive(gateway().sense.listeners(), gateway().store.now())


@_or_unknown
def _shortcoming_of_sense() -> str:
    return listener_state.shortcoming(_listening()) if listens() else ""


@_or_unknown
def _doubt_of_clock() -> str:
    """For information: it may be right now, and what comes in is not lost."""
    since: ClockSinceStart = current_app.extensions[_CLOCK]
    if jump := since.jump():
        return jump
    newest = gateway().store.events(EventFilter(), 1)
    stored_at = newest[0].recorded_at if newest else None
    return doubt(gateway().clock.now(), stored_at, gateway().zone)


@_or_unknown
def _services() -> str:
    """For information: this process works, and what waits is sent later."""
    outages = read_outages()
    return "; ".join(f"{one.text} {iso(one.since)}" for one in outages) or "ok"


@_or_unknown
def _cleaning() -> str:
    held = gateway().cleanings.held()
    return "; ".join(f"{kind}: {why}" for kind, why in held.items()) or "ok"


@_or_unknown
def _files() -> str:
    return gateway().files_problem() or "ok"


@_or_unknown
def _recorder() -> str:
    """Return how many cameras are in each state; their names need a login."""
    seen, now = gateway().clips.recorder_cameras(), gateway().store.now()
    rows = recorder_summary(gateway().settings.recorder.serials(), seen, now).rows
    if all(row.is_well for row in rows):
        return "ok"
    counted = Counter(row.word for row in rows)
    return ", ".join(f"{count} {word}" for word, count in counted.items())
