"""Badge events: who presented which badge at which reader, and the verdicts. Pure."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from typing import NewType

from msgspec import Struct

from mvsnap.domain import JobId, Serial
from mvsnap.errors import BadInput, CameraOffline, NoVideo, UpstreamError
from mvsnap.spelling import folded
from mvsnap.texts import file_wordings as said

BadgeId = NewType("BadgeId", str)
Detail = str | int | float | bool | None

# Any fixed UUID: the same badge event must have the same id wherever it comes from.
_NAMESPACE = uuid.UUID("6b1f5d0e-8f34-4c4e-9a55-6d7673626467")
# A camera has stored a moment two to three minutes later.
PICTURE_AFTER = timedelta(minutes=3)
# A mismatch is posted this long after the verdict: time to undo a wrong key.
NOTIFY_AFTER = timedelta(seconds=10)
# Pictures before and after a swipe: who holds the door, who comes behind.
NEAR_S = (-5, -2, 2, 5)
NO_KEY = "Pictures cannot be fetched: meraki.api_key is not set."
# Offered in the line that confirms a verdict; shorter, as it has to arrive in time.
UNDO_WITHIN = timedelta(seconds=8)
MAX_TEXT = 200
MAX_NOTE = 1000
MAX_DETAILS = 50
MAX_DETAIL = 1000
# A sign with its marks is at most so many characters that become one.
_MARKED = 4
# Clocks of readers run ahead; a larger difference is a wrong time zone.
_AHEAD = timedelta(minutes=10)
_OLDEST = datetime(2010, 1, 1, tzinfo=UTC)
# Longer texts are no times, whatever reads them.
MAX_TIME = 100
_OFFSET = re.compile(r"(Z|UTC|[+-]\d{2}(:?\d{2})?)$", re.I | re.ASCII)
# Larger numbers are milliseconds: as seconds they are beyond the year 5000.
_FIRST_MS = 100_000_000_000
_LAST_MS = 100_000_000_000_000


class BadgePictureState(StrEnum):
    """NO_VIDEO, OFFLINE and FAILED may be retried, see `Badge.ask_at`."""

    WAITING = "waiting"
    FETCHED = "fetched"
    NO_VIDEO = "no_video"
    OFFLINE = "offline"
    FAILED = "failed"
    NO_CAMERA = "no_camera"


class Verdict(StrEnum):
    """OPEN: no verdict yet."""

    OPEN = "open"
    MATCH = "match"
    MISMATCH = "mismatch"
    UNSURE = "unsure"


class Swipe(Struct, frozen=True):
    """A badge presented to a reader, as the access system reported it."""

    swiped_at: datetime
    user_id: str
    reader: str
    details: Mapping[str, Detail] = {}

    @property
    def id(self) -> BadgeId:
        """The same for the same time, person and reader."""
        name = "\n".join((self.swiped_at.isoformat(), self.user_id, self.reader))
        return BadgeId(str(uuid.uuid5(_NAMESPACE, name)))


class BadgeEvent(Struct, frozen=True):
    """A swipe with its picture and the current verdict.

    serial: the camera of the reader, None if it has none.
    ask_at: when to request the picture (again), None: not automatically.
    picture_path: below data_dir; error: why there is no picture.
    person, department, photo_path: from the directory, "" and None if not in it.
    """

    id: BadgeId
    swiped_at: datetime
    recorded_at: datetime
    user_id: str
    reader: str
    source: str
    serial: Serial | None
    picture: BadgePictureState
    details: Mapping[str, Detail] = {}
    ask_at: datetime | None = None
    asks: int = 0
    picture_path: str | None = None
    video_link: str | None = None
    error: str | None = None
    verdict: Verdict = Verdict.OPEN
    note: str = ""
    judged_at: datetime | None = None
    judged_by: str = ""
    person: str = ""
    department: str = ""
    photo_path: str | None = None


class NearPicture(Struct, frozen=True):
    """A picture `offset_s` after a swipe, before it if that is negative.

    asked_at: when a person asked for it; ask_at: when to request it (again).
    """

    badge_id: BadgeId
    offset_s: int
    asked_at: datetime
    picture: BadgePictureState = BadgePictureState.WAITING
    ask_at: datetime | None = None
    asks: int = 0
    picture_path: str | None = None
    error: str | None = None

    @property
    def file_name(self) -> str:
        """Not to be mistaken for a picture of the swipe itself, whose id it begins
        with: what follows there is a hyphen.
        """
        side = "minus" if self.offset_s < 0 else "plus"
        return f"{self.badge_id}_{side}{abs(self.offset_s)}"

    @property
    def side(self) -> str:
        word = "before" if self.offset_s < 0 else "after"
        return f"{abs(self.offset_s)} s {word}"


class Judgement(Struct, frozen=True):
    """A verdict that somebody gave; the last one of a badge event counts.

    notify_at: when it is posted to the room, None: not at all, or no longer.
    """

    badge_id: BadgeId
    verdict: Verdict
    note: str
    judged_at: datetime
    judged_by: str
    notify_at: datetime | None = None
    id: int = 0

    @property
    def job_id(self) -> JobId:
        """The job that posts it."""
        name = f"told {self.badge_id} {self.judged_at.isoformat()}"
        return JobId(str(uuid.uuid5(_NAMESPACE, name)))


# A verdict, and the job that posted it.
Told = tuple[Judgement, JobId | None]


def before_last(
    history: Sequence[Told], by: str, now: datetime, notify_at: datetime | None
) -> Judgement:
    """Return the verdict that holds again when the last one of `history` is undone.

    history: newest first, of one badge event. notify_at: when a mismatch is posted,
    unless it was posted before.
    """
    (undone, _), rest = history[0], history[1:]
    held = rest[0][0] if rest else None
    if held is None or held.verdict is Verdict.OPEN:
        # What was written is still true, and stays in the field.
        return Judgement(undone.badge_id, Verdict.OPEN, undone.note, now, by)
    mismatches = list(takewhile(lambda entry: entry[0].verdict is held.verdict, rest))
    was_posted = any(job_id for _, job_id in mismatches)
    is_posted = held.verdict is Verdict.MISMATCH and not was_posted
    posted_at = notify_at if is_posted else None
    return Judgement(undone.badge_id, held.verdict, held.note, now, by, posted_at)


class Readers:
    """Which camera sees which reader, whatever the spelling of its name."""

    def __init__(self, camera_of_reader: Mapping[str, str]) -> None:
        self._serials = {
            folded(reader): Serial(serial)
            for reader, serial in camera_of_reader.items()
        }

    def camera(self, reader: str) -> Serial | None:
        return self._serials.get(folded(reader)) or self._serials.get("*")

    def camera_of(self, badge: BadgeEvent) -> Serial | None:
        """Return the camera of all pictures of a swipe: that of the one it has.

        The reader may have got another camera since, which shows another door.
        """
        if badge.picture_path is not None and badge.serial:  # its file may be lost
            return badge.serial
        return self.camera(badge.reader) or badge.serial


def recorded(swipe: Swipe, readers: Readers, source: str, now: datetime) -> BadgeEvent:
    """Return the swipe as it is stored, its picture still to be fetched."""
    serial = readers.camera(swipe.reader)
    return BadgeEvent(
        id=swipe.id,
        swiped_at=swipe.swiped_at,
        recorded_at=now,
        user_id=swipe.user_id,
        reader=swipe.reader,
        source=source,
        serial=serial,
        picture=BadgePictureState.WAITING if serial else BadgePictureState.NO_CAMERA,
        details=swipe.details,
        ask_at=ask_at(swipe.swiped_at, now) if serial else None,
    )


def state_of(why: UpstreamError) -> BadgePictureState:
    """Return the state of a picture that was not fetched for this reason."""
    if isinstance(why, NoVideo):
        return BadgePictureState.NO_VIDEO
    if isinstance(why, CameraOffline):
        return BadgePictureState.OFFLINE
    return BadgePictureState.FAILED


def ask_at(swiped_at: datetime, now: datetime) -> datetime:
    """Return when to request the picture of a swipe."""
    return max(swiped_at + PICTURE_AFTER, now)


def parse_text(name: str, value: object, most: int = MAX_TEXT) -> str:
    """Return a text or a number as plain text on one line.

    Raises:
        BadInput
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadInput(said.NO_TEXT(name=name, value=_came(value)))
    text = str(value).strip()
    if len(text) <= most * _MARKED:  # a long one takes quadratic time
        # A character with a mark may be one sign or two: stored, it is one.
        text = unicodedata.normalize("NFC", text).strip()
    if not text:
        raise BadInput(said.MISSING(name=name))
    if len(text) > most:
        raise BadInput(said.TOO_LONG(name=name, count=len(text), most=most))
    if not _is_plain(text):
        raise BadInput(said.CONTROL(name=name))
    return text


def parse_prose(name: str, text: str, most: int) -> str:
    """Return a text that may be empty; its line breaks become spaces.

    Raises:
        BadInput
    """
    prose = " ".join(text.split())
    return parse_text(name, prose, most) if prose else ""


def parse_note(text: str) -> str:
    """Return a note as it is stored, or raise BadInput."""
    return parse_prose("note", text, MAX_NOTE)


def refuse_day(name: str, text: str) -> None:
    """Refuse a date without a time of day: a badge is not used at midnight exactly.

    Raises:
        BadInput
    """
    if len(text) > MAX_TIME:
        return
    for date in (text, _OFFSET.sub("", text)):
        try:
            datetime.fromisoformat(f"{date.strip()}T00:00")
        except ValueError:
            continue
        raise BadInput(f"{name}: {text[:40]!r} has no time of day")


def epoch(number: float) -> datetime | None:
    """Return seconds or milliseconds since 1970 as a moment, None if out of range."""
    if not 0 < number < _LAST_MS:
        return None
    seconds = number / 1000 if number >= _FIRST_MS else number
    # Via whole microseconds: the same number always gives the same moment.
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=round(seconds * 1e6))


def check_moment(name: str, moment: datetime, came: object, now: datetime) -> datetime:
    """Return the moment if a badge can have been used then.

    Raises:
        BadInput
    """
    if moment > now + _AHEAD:
        raise BadInput(f"{name}: {_came(came)} is in the future (expected a past time)")
    if moment < _OLDEST:
        raise BadInput(f"{name}: {_came(came)} (expected 2010 or later)")
    return moment


def _came(value: object) -> str:
    if value is None:
        return "nothing"
    return f"{str(value)[:40]!r}" if isinstance(value, str) else str(value)[:40]


def _is_plain(text: str) -> bool:
    # Cc: control characters; Cs: half of a character, which no database stores.
    return text.isprintable() or not any(
        unicodedata.category(sign) in ("Cc", "Cs") for sign in text
    )
