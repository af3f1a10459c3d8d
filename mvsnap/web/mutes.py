"""The API of mutes: periods in which crowds are recorded but nobody is notified."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from mvsnap.clock import iso
from mvsnap.core.mutes import DEFAULT_MINUTES, end_change, new_mute
from mvsnap.domain import Mute
from mvsnap.errors import Forbidden, NotFound
from mvsnap.texts import refusal_wordings
from mvsnap.web import auth
from mvsnap.web.answers import MuteAnswer, MutesAnswer, json_response
from mvsnap.web.bodies import MuteBody
from mvsnap.web.context import gateway
from mvsnap.web.params import allow_no_parameters, api_parameters

bp = Blueprint("mutes", __name__, url_prefix="/api/v1.0")


@bp.get("/mutes")
@auth.api_key("mute")
def list_mutes() -> ResponseReturnValue:
    allow_no_parameters()
    return json_response(MutesAnswer([_answer(mute) for mute in _reached()]))


@bp.post("/mutes")
@auth.api_key("mute")
def mute() -> ResponseReturnValue:
    parameters = api_parameters(MuteBody)
    made, change = new_mute(
        parameters.get("serial"),
        parameters.get("zone"),
        parameters.get("minutes") or str(DEFAULT_MINUTES),
        auth.caller().name,
        gateway().clock.now(),
        gateway().zone,
    )
    if not _reaches(made):
        raise Forbidden(refusal_wordings.NOT_THIS_MUTE())
    gateway().site.mute(made, change)
    return json_response(_answer(made), 201)


@bp.delete("/mutes/<mute_id>")
@auth.api_key("mute")
def unmute(mute_id: str) -> ResponseReturnValue:
    allow_no_parameters()
    found = next((mute for mute in _reached() if mute.id == mute_id), None)
    if found is None:
        raise NotFound(f"Mute {mute_id[:40]!r} not found")
    change = end_change(
        found, auth.caller().name, gateway().clock.now(), gateway().zone
    )
    gateway().site.unmute(found.id, change)
    return "", 204


def _answer(mute: Mute) -> MuteAnswer:
    return MuteAnswer(
        id=mute.id,
        serial=mute.serial,
        zone_id=mute.zone_id,
        until=iso(mute.until),
        muted_at=iso(mute.muted_at),
        muted_by=mute.muted_by,
    )


def _reached() -> list[Mute]:
    now = gateway().clock.now()
    return [mute for mute in gateway().site.mutes(now) if _reaches(mute)]


def _reaches(mute: Mute) -> bool:
    """Return whether the key may use everything that is muted."""
    if mute.serial is None:
        return auth.caller().serials is None
    return auth.caller().reaches(mute.serial)
