"""Requests and answers of POST /badges as types for the API description."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from mvsnap.badges.model import MAX_TEXT
from mvsnap.web.answers import Count

_Text = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT)]
_Moment = Annotated[
    str | float,
    Meta(
        description="ISO 8601, without an offset UTC; or seconds or milliseconds since "
        "1970"
    ),
]


class BadgesAddedAnswer(Struct):
    """How many badge events were new, and how many were duplicates."""

    new: Count
    known: Count


class BadgeEventBody(Struct):
    """A badge presented to a reader; other fields are kept as details."""

    timestamp: _Moment
    user_id: _Text
    reader: _Text
