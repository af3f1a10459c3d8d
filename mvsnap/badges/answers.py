"""Requests and answers of /badges as types: views encode them, the API is described."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from mvsnap.badges.model import MAX_TEXT, BadgePictureState, Detail, Verdict
from mvsnap.web.answers import Count, Link, SerialText, Time
from mvsnap.web.bodies import MOST_LISTED, Since, Until

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


class BadgeTableQuery(Struct):
    """Filters for badge events."""

    reader: Annotated[str, Meta(description="name of the reader")] | UnsetType = UNSET
    person: (
        Annotated[str, Meta(description="badge, or a part of the name")] | UnsetType
    ) = UNSET
    department: (
        Annotated[str, Meta(description="as the directory has it")] | UnsetType
    ) = UNSET
    verdict: (
        Annotated[str, Meta(description="open, match, mismatch or unsure")] | UnsetType
    ) = UNSET
    only: Annotated[str, Meta(description="unknown or no_picture")] | UnsetType = UNSET
    judged_since: (
        Annotated[str, Meta(description="ISO 8601 time of the last verdict, included")]
        | UnsetType
    ) = UNSET
    since: Since | UnsetType = UNSET
    until: Until | UnsetType = UNSET


class BadgesQuery(BadgeTableQuery):
    """Filters for the list of badge events."""

    after: (
        Annotated[str, Meta(description="`after` of the page before")] | UnsetType
    ) = UNSET
    limit: Annotated[int, Meta(ge=1, le=MOST_LISTED)] | UnsetType = UNSET


class BadgeEventAnswer(Struct):
    """A badge that was presented to a reader, with its picture and current verdict.

    person, department: null: the badge is not in the directory, or has none there.
    serial: the camera of the reader. error: why there is no picture.
    note, judged_at, judged_by: of the verdict; null: there was none yet.
    """

    id: str
    swiped_at: Time
    recorded_at: Time
    user_id: str
    person: str | None
    department: str | None
    reader: str
    serial: SerialText | None
    source: str
    details: dict[str, Detail]
    picture: BadgePictureState
    picture_url: Link | None
    video_link: Link | None
    error: str | None
    verdict: Verdict
    note: str
    judged_at: Time | None
    judged_by: str | None


class BadgeEventsAnswer(Struct):
    """A page of badge events; `after`: pass it on for the next page, null: the last."""

    badges: list[BadgeEventAnswer]
    after: str | None


class BadgeVerdictAnswer(Struct):
    """A verdict that somebody gave; `open`: an earlier one was undone."""

    verdict: Verdict
    note: str
    judged_at: Time
    judged_by: str


class NearPictureAnswer(Struct):
    """A picture shortly before or after a swipe, which somebody asked for.

    offset_s: after the swipe, negative before it; at: that moment. error: why there is
    no picture.
    """

    offset_s: int
    at: Time
    picture: BadgePictureState
    picture_url: Link | None
    error: str | None


class ReviewedBadgeAnswer(BadgeEventAnswer):
    """A badge event with all verdicts about it, newest first, and the pictures around
    it, in the order of time.
    """

    verdicts: list[BadgeVerdictAnswer]
    near: list[NearPictureAnswer]
