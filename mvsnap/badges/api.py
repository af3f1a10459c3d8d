"""The API through which access systems submit badge events."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from mvsnap.badges import json_body
from mvsnap.badges.answers import BadgesAddedAnswer
from mvsnap.badges.model import Readers, Swipe, recorded
from mvsnap.badges.parts import BadgeParts
from mvsnap.domain import TriggerKind
from mvsnap.web import auth
from mvsnap.web.answers import json_response
from mvsnap.web.auth.keys import Caller
from mvsnap.web.context import feature, gateway
from mvsnap.web.params import read_query

bp = Blueprint("badge_events", __name__, url_prefix="/api/v1.0")


@bp.url_value_preprocessor
def _limit_body(_endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before the access is checked, which may look for the key in the body.
    request.max_content_length = json_body.MAX_BYTES


@bp.post("/badges")
@auth.api_key("badges")
def add() -> ResponseReturnValue:
    """All are validated before the first is stored; duplicates change nothing."""
    read_query(request).allow_only("apikey")
    swipes = json_body.read(_body(), gateway().clock.now())
    kept = keep(swipes, auth.caller())
    return json_response(kept, 202 if kept.new else 200)


def keep(swipes: list[Swipe], caller: Caller) -> BadgesAddedAnswer:
    """Store badge events durably.

    Raises:
        Forbidden: the caller may not use a reader's camera; nothing is stored.
    """
    here, now = gateway(), gateway().clock.now()
    readers = Readers(here.settings.badges.camera_of_reader)
    events = [recorded(swipe, readers, caller.name, now) for swipe in swipes]
    caller.require_cameras(event.serial for event in events if event.serial)
    new = feature(BadgeParts).store.add(events)
    here.metrics.triggers.labels(TriggerKind.BADGE, "accepted").inc(new)
    return BadgesAddedAnswer(new, known=len(swipes) - new)


def _body() -> bytes:
    return request.get_data(cache=True, parse_form_data=False)
