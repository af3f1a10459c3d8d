"""Pictures and clips by a signed link: no log-in, until it expires.

Those in messages and those that people make on the page of a clip are alike.
"""

from __future__ import annotations

from flask import Blueprint, g, request
from flask.typing import ResponseReturnValue

from mvsnap.core import signed_links
from mvsnap.errors import Forbidden
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
        Forbidden: the link was not made here, or has expired.
    """
    here = gateway()
    expires, signature = (request.args.get(n, "") for n in ("expires", "signature"))
    key, now = here.users.link_key(), here.clock.now()
    if not signed_links.is_valid(key, event_id, file, expires, signature, now):
        raise Forbidden("This link has expired or is not complete")
    g.caller = Caller("signed link", ["read", "review"])
