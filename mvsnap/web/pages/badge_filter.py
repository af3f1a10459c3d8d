"""What a person asks of the list of badge events, with what was typed wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from mvsnap.core.badges import MAX_TEXT, BadgeId, Verdict, parse_text
from mvsnap.core.days import day_span
from mvsnap.errors import BadInput
from mvsnap.store.badges import BadgeFilter
from mvsnap.store.directory import MOST_FOUND, DirectoryStore

T = TypeVar("T")

NAMES = ("day", "reader", "person", "verdict")
_MAX_ID = 64


@dataclass(frozen=True, slots=True)
class ReviewFilter:
    """entered: the texts that are not empty; mistakes: what is wrong with them."""

    entered: dict[str, str]
    mistakes: dict[str, str]
    wanted: BadgeFilter

    @property
    def first_page(self) -> bool:
        return self.wanted.after is None

    @property
    def query(self) -> dict[str, Any]:
        """The parameters without the page, for an address."""
        return {name: text for name, text in self.entered.items() if name in NAMES}

    @property
    def all_pages(self) -> BadgeFilter:
        return replace(self.wanted, after=None)

    def must_fit(self) -> None:
        """Raise BadInput for the first mistake."""
        for message in self.mistakes.values():
            raise BadInput(message)


def read_filter(
    given: Mapping[str, str], zone: ZoneInfo, directory: DirectoryStore
) -> ReviewFilter:
    """Return the filter; a value that cannot be used is left out of `wanted`."""
    texts = {name: given.get(name, "").strip() for name in (*NAMES, "after")}
    entered = {name: text for name, text in texts.items() if text}
    mistakes: dict[str, str] = {}

    def parsed(name: str, parse: Callable[[str], T]) -> T | None:
        try:
            return parse(entered[name]) if name in entered else None
        except BadInput as exc:
            mistakes[name] = exc.message
            return None

    span = parsed("day", lambda text: day_span(text, zone))
    wanted = BadgeFilter(
        reader=parsed("reader", lambda text: parse_text("reader", text)),
        user_ids=parsed("person", lambda text: _user_ids(text, directory)),
        verdict=parsed("verdict", _verdict),
        since=span[0] if span else None,
        until=span[1] if span else None,
        after=parsed("after", parse_badge_id),
    )
    return ReviewFilter(entered, mistakes, wanted)


def parse_badge_id(text: str) -> BadgeId:
    """Return the id of an address; that there is one is another question."""
    # No id holds a NUL, and PostgreSQL refuses to look for one.
    if not text.isprintable() or len(text) > _MAX_ID:
        raise BadInput(f"after: {text[:40]!r} (expected the id of a badge event)")
    return BadgeId(text)


def _user_ids(text: str, directory: DirectoryStore) -> tuple[str, ...]:
    """Return whose badge it may be: of this id, or of people with such a name."""
    wanted = parse_text("person", text, MAX_TEXT)
    found = directory.user_ids(wanted)
    if len(found) > MOST_FOUND:
        raise BadInput(
            f"person: {text[:40]!r} is in more than {MOST_FOUND} names "
            "(expected more of the name, or the number of the badge)"
        )
    return (wanted, *found)


def _verdict(text: str) -> Verdict:
    try:
        return Verdict(text)
    except ValueError as exc:
        known = ", ".join(Verdict)
        raise BadInput(f"verdict: {text[:40]!r} (expected one of: {known})") from exc
