"""Signed links: addresses of pictures and clips that work without a log-in. Pure.

Whoever has the address can see that one file, or confirm that one event, until it
expires.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

# What a link leads to, by the last part of its address.
PICTURE, CLIP, SEEN = "snapshot.jpg", "clip.mp4", "seen"
LONGEST_MOMENT = 12  # digits


def link(base_url: str, key: str, event_id: str, file: str, until: datetime) -> str:
    """Return the address of an event's file, valid up to that moment."""
    expires = str(int(until.timestamp()))
    signature = _sign(key, event_id, file, expires)
    query = f"expires={expires}&signature={signature}"
    return f"{base_url.rstrip('/')}/evidence/{event_id}/{file}?{query}"


def is_valid(
    key: str, event_id: str, file: str, expires: str, signature: str, now: datetime
) -> bool:
    """Return whether a link was made here and has not expired."""
    is_moment = expires.isascii() and expires.isdigit()
    if not is_moment or len(expires) > LONGEST_MOMENT:
        return False
    made = _sign(key, event_id, file, expires)
    is_ours = hmac.compare_digest(made.encode(), signature.encode())
    return is_ours and now.timestamp() < int(expires)


def _sign(key: str, event_id: str, file: str, expires: str) -> str:
    text = "\n".join((event_id, file, expires))
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
