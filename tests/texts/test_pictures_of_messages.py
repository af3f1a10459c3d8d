"""What the pictures of docs/languages.md show is there, in each language."""

from __future__ import annotations

from pathlib import Path

from mvsnap import texts
from tests.servers.mail import text_of
from tests.texts.pictures_of_messages import DOCS, TITLES, pages
from tests.texts.seen_in_german import english_words, left_in_english
from tests.texts.shown_messages import SAID, Shown, shown
from tests.texts.test_catalogue import catalogue

# Names, and codes of a webhook's fields.
DATA = (*SAID["de"].values(), "Harbour", "door 5", "line 2", "North 2", "snapshot.jpg")


def test_every_kind_is_in_the_page_of_each_language(tmp_path: Path) -> None:
    found = pages(tmp_path)
    assert set(found) == set(texts.LOCALES)
    for title in TITLES["de"]:
        assert f"{title[:1].upper()}{title[1:]}" in found["en"]
        assert TITLES["de"][title] in found["de"]
    assert all((DOCS / f"messages-{locale}.png").is_file() for locale in found)


def read(one: Shown) -> str:
    """Return what people read of it, in Webex and as a mail, as HTML."""
    said = [str(one.mail["Subject"]), text_of(one.mail), one.markdown, *titles(one)]
    return "".join(f"<p>{text}</p>" for text in said)


def titles(one: Shown) -> list[str]:
    """Return the words and buttons of its card."""
    parts = [*one.buttons["body"], one.buttons] if one.buttons else []
    return [
        *(str(part["text"]) for part in parts if "text" in part),
        *(str(each["title"]) for part in parts for each in part.get("actions", ())),
    ]


def test_no_message_has_an_english_word_in_german(tmp_path: Path) -> None:
    english = english_words(catalogue("de"))
    texts.use("de")
    found = {
        one.name: left_in_english(read(one), english, DATA) for one in shown(tmp_path)
    }
    assert len(found) > 10
    assert {name: left for name, left in found.items() if left} == {}
