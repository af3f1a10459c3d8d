"""The directory: who has which badge, with a photo; from CSV, JSON or a web page.

Pure: texts in, people out. Invalid entries are skipped and counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from msgspec import Struct

from mvsnap.badges.model import MAX_TEXT, parse_text
from mvsnap.core import csv_reader, spreadsheet
from mvsnap.core.csv_reader import BadRow, Columns, CsvRow
from mvsnap.errors import BadInput
from mvsnap.texts import file_wordings as said
from mvsnap.texts.wording import Reason, Wording

MOST = 200_000
MAX_PHOTO = 2000
_COLUMNS = Columns(
    known={
        "user_id": (
            *("badge", "badge id", "badge number", "card", "card id", "card number"),
            *("employee id", "employee number", "person id", "personnel number"),
            *("ausweis", "ausweisnummer", "personalnummer", "user", "id"),
        ),
        "name": ("full name", "display name", "person", "employee", "mitarbeiter"),
        "department": ("team", "unit", "abteilung", "division", "company"),
        "photo": ("photo url", "picture", "image", "portrait", "avatar", "foto"),
    },
    needed=("user_id", "name"),
)


class Cardholder(Struct, frozen=True):
    """photo: an http(s) address, a path relative to the directory's file, or ""."""

    user_id: str
    name: str
    department: str = ""
    photo: str = ""


class Directory(Struct, frozen=True):
    """mistakes: number of invalid entries; first: the first of them."""

    people: tuple[Cardholder, ...]
    mistakes: int = 0
    first: Reason = Reason("")


def read_csv(lines: Iterable[str]) -> Directory:
    """Raises BadInput if there is no column for the user id or the name."""
    rows = list(csv_reader.read(lines, _COLUMNS))
    numbers = [row.cells.get("user_id", "") for row in rows if isinstance(row, CsvRow)]
    # A spreadsheet leaves zeros in each long number of a column, or in none.
    are_whole = any(
        spreadsheet.is_long(number) and not spreadsheet.may_be_cut(number)
        for number in numbers
    )
    return _directory((said.AT_LINE, row.line, _cells(row, are_whole)) for row in rows)


def _cells(row: CsvRow | BadRow, are_whole: bool) -> Mapping[str, Any] | BadRow:
    """are_whole: long numbers that end in zeros are right."""
    if isinstance(row, BadRow):
        return row
    came = row.cells.get("user_id", "")
    try:
        if spreadsheet.may_be_cut(came) and not are_whole:
            raise spreadsheet.cut("user_id", came)
        number = spreadsheet.number_of("user_id", came)
        name = spreadsheet.text_of("name", row.cells.get("name", ""))
    except BadInput as exc:
        return BadRow(row.line, exc.as_reason)
    return {**row.cells, "user_id": number, "name": name}


def read_json(text: str) -> Directory:
    """A list of objects, an object that holds one, or objects by user id.

    Raises:
        BadInput
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadInput(said.NOT_JSON()) from exc
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        if len(lists) == 1:
            found = lists[0]
        elif all(isinstance(value, dict) for value in found.values()):
            found = [{"user_id": name} | value for name, value in found.items()]
    if not isinstance(found, list):
        raise BadInput(said.NO_LIST())
    return _directory(
        (said.AT_ENTRY, index, _named(entry)) for index, entry in enumerate(found)
    )


def _named(entry: Any) -> Mapping[str, Any] | BadRow:
    if not isinstance(entry, dict):
        return BadRow(0, said.NO_OBJECT())
    names = list(entry)
    places = _COLUMNS.find(names)
    return {ours: entry[names[place]] for ours, place in places.items()}


def _directory(
    entries: Iterable[tuple[Wording, int, Mapping[str, Any] | BadRow]],
) -> Directory:
    people: dict[str, Cardholder] = {}
    mistakes, first = 0, Reason("")
    for at, number, entry in entries:
        try:
            if isinstance(entry, BadRow):
                raise BadInput(entry.why)
            person = _person(entry)
            if len(people) >= MOST and person.user_id not in people:
                raise BadInput(said.TOO_MANY(most=MOST))
            people[person.user_id] = person
        except BadInput as exc:
            mistakes += 1
            first = first or at(number=number, why=exc.as_reason)
    return Directory(tuple(people.values()), mistakes, first)


def _person(entry: Mapping[str, Any]) -> Cardholder:
    def optional(name: str, most: int = MAX_TEXT) -> str:
        value = entry.get(name)
        return "" if value in (None, "") else parse_text(name, value, most)

    return Cardholder(
        parse_text("user_id", entry.get("user_id")),
        parse_text("name", entry.get("name")),
        optional("department"),
        optional("photo", MAX_PHOTO),
    )


# --- a web page of the directory


def frame_origin(template: str) -> str:
    """Return scheme and host of the template, for a Content-Security-Policy."""
    parts = urlsplit(template)
    return f"{parts.scheme}://{parts.netloc}"


def frame_address(template: str, user_id: str) -> str | None:
    """Return the person's page; None for an id that would lead elsewhere."""
    # Browsers resolve a segment of only dots as a parent, percent-encoded or not.
    if not user_id.strip("."):
        return None
    return template.replace("{user_id}", quote(user_id, safe=""))
