"""The filter of the list of badge events, with what was entered wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from mvsnap.badges.conditions import BadgeFilter, Department
from mvsnap.badges.directory_store import MOST_FOUND, DirectoryStore
from mvsnap.badges.model import MAX_TEXT, BadgeId, Verdict, parse_text
from mvsnap.errors import BadInput
from mvsnap.texts import _
from mvsnap.values import replace
from mvsnap.web.filters import ListFilter, one_of, typed

# In the form, below "More": it is open where one of them was entered.
MORE = ("hour_from", "hour_to", "department", "only")
NAMES = ("day", "reader", "person", "verdict", *MORE)
_MAX_ID = 64


class Only(StrEnum):
    """Events that need a second look."""

    UNKNOWN = "unknown"
    NO_PICTURE = "no_picture"

    @property
    def text(self) -> str:
        return _("Unknown badges") if self is Only.UNKNOWN else _("Without a picture")


class ReviewFilter(ListFilter[BadgeFilter], frozen=True):
    """The filter of the list; it is kept while rows are reviewed."""

    @property
    def all_pages(self) -> BadgeFilter:
        return replace(self.wanted, after=None)


def read_filter(
    given: Mapping[str, str], zone: ZoneInfo, directory: DirectoryStore, now: datetime
) -> ReviewFilter:
    """Return the filter; an invalid value is left out of `wanted`."""
    texts = typed(given, (*NAMES, "after"))
    since, until = texts.period(zone, now)
    only = texts.parsed("only", lambda text: Only(one_of(text, list(Only))))
    wanted = BadgeFilter(
        reader=texts.parsed("reader", lambda text: parse_text("reader", text)),
        user_ids=texts.parsed("person", lambda text: user_ids(text, directory)),
        department=texts.parsed("department", lambda text: department(text, directory)),
        is_unknown=is_unknown(only, directory),
        lacks_picture=only is Only.NO_PICTURE,
        verdict=texts.parsed("verdict", parse_verdict),
        since=since,
        until=until,
        after=texts.parsed("after", parse_badge_id),
    )
    return ReviewFilter(texts.entered, texts.mistakes, wanted)


def parse_badge_id(text: str) -> BadgeId:
    """Return the id in an address; whether it exists is another question."""
    # No id contains a NUL, and PostgreSQL refuses to search for one.
    if not text.isprintable() or len(text) > _MAX_ID:
        raise BadInput(f"{text[:40]!r} (expected the id of a badge event)")
    return BadgeId(text)


def user_ids(text: str, directory: DirectoryStore) -> tuple[str, ...]:
    """Return the possible owners: this id itself, or people with such a name."""
    wanted = parse_text("person", text, MAX_TEXT)
    found = directory.user_ids(wanted)
    if len(found) > MOST_FOUND:
        raise BadInput(
            f"person: {text[:40]!r} matches more than {MOST_FOUND} names "
            "(enter more of the name, or the badge number)"
        )
    return (wanted, *found)


def department(text: str, directory: DirectoryStore) -> Department:
    return directory.department(parse_text("department", text))


def is_unknown(only: Only | None, directory: DirectoryStore) -> bool:
    """Without a directory nobody is known: then all events are shown."""
    return only is Only.UNKNOWN and not directory.is_empty()


def parse_verdict(text: str) -> Verdict:
    return Verdict(one_of(text, list(Verdict)))
