"""Catalogues: every text is translated, with its placeholders, and compiled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from enum import StrEnum
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from mvsnap import texts
from mvsnap.badges.model import Verdict
from mvsnap.clip_model import ClipState
from mvsnap.config.entries import SECTIONS
from mvsnap.domain import Role
from mvsnap.status.model import Condition, Group
from mvsnap.store.job_states import JobStage
from mvsnap.texts import CATALOGUES, LOCALES, formats
from mvsnap.web.pages.entry_form import EntryForm

ROOT = Path(__file__).parents[2]
OTHERS = [locale for locale in LOCALES if locale != "en"]
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "N_": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
# What a text has that its translation must have, too: values, and elements of HTML.
PARTS = re.compile(r"%\(\w+\)s|%%|</?\w[^>]*>")


def path(locale: str) -> Path:
    return CATALOGUES / locale / "LC_MESSAGES" / "mvsnap.po"


def catalogue(locale: str) -> Catalog:
    with path(locale).open("rb") as file:
        return read_po(file, locale, abort_invalid=True)


def compiled(made: Catalog) -> dict[tuple[str | None, object], object]:
    return {key(one): one.string for one in made if one.id}


def key(one: Message) -> tuple[str | None, str | tuple[str, ...]]:
    return one.context, one.id if isinstance(one.id, str) else tuple(one.id)


def used() -> Iterator[tuple[str | None, object]]:
    """Yield what is marked as a text anywhere: its context, and it or both numbers."""
    with (ROOT / ".ci/texts.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    for folder in ("mvsnap", "templates"):
        here = [(p.removeprefix(f"{folder}/"), kind) for p, kind in mapping]
        found = extract_from_dir(
            ROOT / folder,
            method_map=here,
            options_map=options,
            keywords=KEYWORDS,
        )
        for _, _, text, _, context in found:
            yield context, text if isinstance(text, str) else tuple(text)


def mistakes(one: Message) -> list[str]:
    """Return what is wrong with a translation."""
    source = (one.id,) if isinstance(one.id, str) else one.id
    there = (one.string,) if isinstance(one.string, str) else one.string or ("",)
    wanted = sorted(set(PARTS.findall(source[-1])))
    if not all(there):
        return [f"{source[0]!r} is not translated"]
    if one.context == "format":
        return []
    return [
        f"{text!r} has other parts than {source[-1]!r}"
        for text in there[-1:]
        if sorted(set(PARTS.findall(text))) != wanted
    ]


@pytest.mark.parametrize("locale", OTHERS)
def test_every_text_is_in_the_catalogue(locale: str) -> None:
    known = {key(one) for one in catalogue(locale) if one.id}
    assert set(used()) - known == set(), "run `make texts`, then translate"


@pytest.mark.parametrize("locale", OTHERS)
def test_every_text_is_translated_with_its_placeholders(locale: str) -> None:
    found = [m for one in catalogue(locale) if one.id for m in mistakes(one)]
    assert found == []
    assert not any(one.fuzzy for one in catalogue(locale) if one.id)


@pytest.mark.parametrize("locale", OTHERS)
def test_the_compiled_catalogue_is_that_of_the_texts(locale: str) -> None:
    made = BytesIO()
    write_mo(made, catalogue(locale))
    made.seek(0)
    with path(locale).with_suffix(".mo").open("rb") as file:
        assert compiled(read_mo(file)) == compiled(read_mo(made)), "run `make texts`"


def test_control_a_lost_placeholder_is_found() -> None:
    assert mistakes(Message("%(n)s of %(all)s", "%(n)s von allen"))
    assert mistakes(Message("<b>x</b>", "x"))
    assert mistakes(Message("x", ""))
    assert mistakes(Message("%(n)s of %(all)s", "von %(all)s sind es %(n)s")) == []


def test_dates_and_numbers_are_those_of_the_language() -> None:
    at = datetime(2026, 11, 29, 14, 3, 7, tzinfo=UTC)

    def written() -> list[str]:
        return [
            *(formats.day(at), formats.to_minute(at), formats.to_second(at)),
            *(formats.near_day(at), formats.far_day(date(2025, 3, 1))),
            *(formats.weekday(at), formats.number(12345), formats.number(1234.56, 1)),
            *(formats.decimal(1234.56), formats.number(-0.5, 1)),
        ]

    assert written() == [
        *("2026-11-29", "2026-11-29 14:03", "2026-11-29 14:03:07"),
        *("Sun 29 Nov", "Sat 01 Mar 2025", "Sunday", "12,345", "1,234.6"),
        *("1234.6", "-0.5"),
    ]
    texts.use("de")
    assert written() == [
        *("29.11.2026", "29.11.2026 14:03", "29.11.2026 14:03:07"),
        *("So 29.11.", "Sa 01.03.2025", "Sonntag", "12.345", "1.234,6"),
        *("1234,6", "-0,5"),
    ]


@pytest.mark.parametrize("kind", [Role, Verdict, Condition, Group, JobStage, ClipState])
def test_every_word_of_a_state_is_translated(kind: type[StrEnum]) -> None:
    known = {one.id for one in catalogue("de")}
    assert [word for word in kind if str(word) not in known] == []


def test_every_field_of_an_entry_is_translated() -> None:
    known = {one.id for one in catalogue("de")}
    forms = [EntryForm.of(s, k) for s in SECTIONS.values() for k in s.kinds() or ("",)]
    fields = [field for form in forms for field in form.fields]
    said = {text for f in fields for text in (f.label, f.about, f.unit) if text}
    assert said - known == set(), "mvsnap/texts/entry_words.py lacks it"


def test_an_empty_text_stays_empty() -> None:
    texts.use("de")
    assert texts.gettext("") == ""
