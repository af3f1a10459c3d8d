"""Receiver of Webex's reports that somebody wrote to the bot or pressed a button.

Registered only where the bot takes commands. A report is signed, and has only an id: it
is stored and answered 200 at once. A worker asks Webex for the rest. Webex gives up a
webhook after a hundred refusals.
"""

from __future__ import annotations

import logging

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from mvsnap.bot.parts import PATH, AnswerParts
from mvsnap.core.webex_reports import MOST_BYTES, is_signed, read_report
from mvsnap.errors import Unauthorized
from mvsnap.web import auth
from mvsnap.web.context import feature, gateway
from mvsnap.web.known import note_known

log = logging.getLogger(__name__)

_SIGNATURE = "X-Spark-Signature"

bp = Blueprint("bot", __name__)


@bp.post(PATH, strict_slashes=False)
@auth.public
def receive() -> ResponseReturnValue:
    here = gateway()
    request.max_content_length = MOST_BYTES
    body, parts = request.get_data(), feature(AnswerParts)
    if not is_signed(parts.secret(), body, request.headers.get(_SIGNATURE, "")):
        raise Unauthorized(f"{_SIGNATURE}: missing or wrong")
    note_known()
    report = read_report(body)
    if report is not None and parts.requests.note(
        report.id, report.kind, here.database_now()
    ):
        log.info("a %s in Webex is to be answered", report.kind)
        parts.on_new()
    return Response(status=200)
