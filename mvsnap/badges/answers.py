"""What POST /badges takes and answers, as types for the description of the API."""

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
    """How many badge events were new, and how many were known already."""

    new: Count
    known: Count


class BadgeEventBody(Struct):
    """A badge held to a reader; what is not named here is kept as a detail."""

    timestamp: _Moment
    user_id: _Text
    reader: _Text
