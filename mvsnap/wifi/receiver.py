"""Receiver of Meraki's Location Scanning API, versions 2 and 3.

A GET is answered with the validator, which the Dashboard requests once. A POST is
parsed, filtered and stored before it is answered, nearly always with its visits; a
worker makes those of long messages.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime, timedelta

from flask import Blueprint, Response, current_app, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import (
    HTTPException,
)

from mvsnap.errors import BadInput, MvsnapError, QueueFull
from mvsnap.jobs.shares import WaitingRequests
from mvsnap.web import context
from mvsnap.web.answers import json_response
from mvsnap.web.content_coding import unpacked
from mvsnap.web.context import Gateway, feature, gateway
from mvsnap.web.known import note_known
from mvsnap.wifi import receiver_auth as auth
from mvsnap.wifi.answers import ObservationsAnswer
from mvsnap.wifi.intake import (
    STALE,
    IntakeRules,
    ParsedBatch,
    access_points,
    parse_batch,
)
from mvsnap.wifi.messages import ParsedMessage, opened
from mvsnap.wifi.parts import WifiParts
from mvsnap.wifi.receiver_auth import Endpoint, endpoint
from mvsnap.wifi.refusals import RefusalLog

log = logging.getLogger(__name__)

bp = Blueprint("scanning", __name__)

_WANTS = "mvsnap_scanning_access_points"
_REFUSALS = "mvsnap_scanning_refusals"
MAX_BYTES = 32 * 1024 * 1024
# Tolerance for clocks that differ.
_MOST_AHEAD = timedelta(minutes=5)
# Parsed one at a time: each needs ten times its length in memory.
_LARGE_BYTES = 1024 * 1024
_waiting = WaitingRequests(6)
_TURN_S = 20.0


@bp.get("/scanning/<string:token>", strict_slashes=False)
@auth.scanning_token
def validate() -> ResponseReturnValue:
    validator = endpoint().settings.validator.get_secret_value()
    return Response(validator, content_type="text/plain")


@bp.post("/scanning/<string:token>", strict_slashes=False)
@auth.scanning_token
def receive() -> ResponseReturnValue:
    by = endpoint()
    try:
        body = unpacked(request, MAX_BYTES, cache=False)
        parsing = feature(WifiParts).store.parsing
        with _large(by.name, parsing) if len(body) > _LARGE_BYTES else nullcontext():
            return _received(by, body)
    except MvsnapError as exc:
        _refusals().refused(by.name, exc.status, exc.message)
        raise
    except HTTPException as exc:
        _refusals().refused(by.name, exc.code or 400, exc.description or "")
        raise


@contextmanager
def _large(sender: str, parsing: threading.Lock) -> Iterator[None]:
    """One is parsed at a time, few wait: each holds a thread of the server."""
    with _waiting.place(sender) as has_place:
        if not (has_place and parsing.acquire(timeout=_TURN_S)):
            raise QueueFull("Other large messages are being read", retry_after_s=10)
        try:
            yield
        finally:
            parsing.release()


def _received(by: Endpoint, body: bytes) -> ResponseReturnValue:
    message_in = opened(body)
    by.require_secret(message_in.secret)
    note_known()
    message = message_in.parse()
    network_id = _network_id(by, message)
    now = gateway().clock.now()
    found = parse_batch(message, _limits(now))
    if found.observed:
        parts = feature(WifiParts)
        parts.store.accept(network_id, message.radio, found.observed, parts.rule, now)
    _report(by, found)
    return json_response(
        ObservationsAnswer(found.accepted, ignored=found.ignored, bad=found.bad)
    )


@bp.record
def _prepare(state: BlueprintSetupState) -> None:
    found: Gateway = state.app.extensions[context.EXTENSION]
    auth.prepare(state.app, found.settings.scanning.endpoints)
    wanted = found.settings.scanning.access_points
    state.app.extensions[_WANTS] = access_points(wanted)
    state.app.extensions[_REFUSALS] = RefusalLog()


def _refusals() -> RefusalLog:
    found: RefusalLog = current_app.extensions[_REFUSALS]
    return found


@bp.before_request
def _limit_body() -> None:
    request.max_content_length = MAX_BYTES


def _network_id(by: Endpoint, message: ParsedMessage) -> str:
    """Return the network of the settings, else that of the message."""
    expected = by.settings.network_id
    if expected and message.network_id not in ("", expected):
        raise BadInput(
            f"data.networkId: {message.network_id!r} (expected {expected!r}, the "
            "network_id of this address in scanning.endpoints)"
        )
    return expected or message.network_id


def _limits(now: datetime) -> IntakeRules:
    scanning = gateway().settings.scanning
    oldest = now - timedelta(days=scanning.keep_observations_days)
    return IntakeRules(
        identify=feature(WifiParts).identify(),
        wants_access_point=current_app.extensions[_WANTS],
        min_rssi_dbm=scanning.min_rssi_dbm,
        oldest_s=int(oldest.timestamp()),
        newest_s=int((now + _MOST_AHEAD).timestamp()),
    )


def _report(by: Endpoint, found: ParsedBatch) -> None:
    counter = gateway().metrics.observations
    for outcome in ("accepted", "ignored", "bad"):
        counter.labels(outcome).inc(getattr(found, outcome))
    # Weak signals alone come by the thousand.
    if found.bad or STALE in found.reasons:
        reasons = "; ".join(f"{many}: {why}" for why, many in found.reasons.items())
        log.warning(
            "%s: %d observations accepted, %d ignored, %d bad (%s)",
            *(by.name, found.accepted, found.ignored, found.bad, reasons),
        )
