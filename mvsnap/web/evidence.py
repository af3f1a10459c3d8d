"""Pictures and clips by a signed link: no log-in, until it expires.

Those in messages, and those that people make on the page of a clip: these can be ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from mvsnap.core import signed_links
from mvsnap.domain import EventId
from mvsnap.errors import Forbidden
from mvsnap.texts import refusal_wordings
from mvsnap.web import auth
from mvsnap.web.auth.keys import Caller
from mvsnap.web.context import gateway
from mvsnap.web.events import send_clip, send_snapshot

bp = Blueprint("evidence", __name__, url_prefix="/evidence")


@bp.get(f"/<event_id>/{signed_links.PICTURE}")
@auth.public  # the address is signed
def snapshot(event_id: str) -> ResponseReturnValue:
    require_signed(event_id, signed_links.PICTURE)
    return send_snapshot(event_id)


@bp.get(f"/<event_id>/{signed_links.CLIP}")
@auth.public  # the address is signed
def clip(event_id: str) -> ResponseReturnValue:
    require_signed(event_id, signed_links.CLIP)
    return send_clip(event_id)


def require_signed(event_id: str, file: str) -> None:
    """Let this request see the one file of its address.

    Raises:
        Forbidden: the link was not made here, has expired or was ended.
    """
    expires, signature = (request.args.get(n, "") for n in ("expires", "signature"))
    for key in _keys(event_id, file):
        if signed_links.is_valid(key, event_id, file, expires, signature, _now()):
            g.caller = Caller("signed link", ["read", "review"])
            return
    raise Forbidden(refusal_wordings.LINK_OVER())


def _keys(event_id: str, file: str) -> Iterator[str]:
    """Yield what may have signed the address: of messages, then of people."""
    users = gateway().users
    yield users.link_key()
    if file == signed_links.CLIP:
        shared = users.shared_links.of_clip(EventId(event_id), _now())
        if shared is not None:
            yield shared.key


def _now() -> datetime:
    return gateway().clock.now()
