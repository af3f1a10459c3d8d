"""Guard: no script has a text of its own; each gets those that it asks for."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from mvsnap import texts
from mvsnap.resources import STATIC
from mvsnap.web.script_texts import SCRIPT_TEXTS, script

SCRIPTS = sorted(STATIC.glob("*.js"))
# Comments first: they may have an apostrophe.
_TOKEN = re.compile(
    r"//[^\n]*|/\*.*?\*/|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)",
    re.DOTALL,
)
_VALUE = re.compile(r"\$\{[^}]*\}|%\(\w+\)s")
# Words in a row, or one that begins in upper case: what people would read.
_SAID = re.compile(
    r"(?:[^\W\d_]{2,}|12) [^\W\d_]{2,}|[^\W\d_]{2,} 12|^[A-Z][a-z]+(?![\w-])"
)
# Of browsers and HTTP, and classes of the stylesheet.
_NAMES = {
    *("use strict", "Accept", "Content-Disposition", "Escape", "Enter"),
    *("mvsnap-note 12", "status 12"),  # a name of storage, and what only a script reads
    *("btn btn-outline-secondary", "alert 12", "12 min"),
}
_ASKED = re.compile(r"\btexts\.(\w+)")


def said(source: str) -> list[str]:
    """Return the texts of a script that a person would read."""
    found = [one[1:-1] for one in _TOKEN.findall(source) if one]
    bare = [(one, _VALUE.sub("12", one)) for one in found]
    return [one for one, rest in bare if _SAID.search(rest) and rest not in _NAMES]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_no_script_has_a_text_of_its_own(path: Path) -> None:
    assert said(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_gets_the_texts_that_it_asks_for(path: Path) -> None:
    asked = set(_ASKED.findall(path.read_text("utf-8")))
    assert asked == set(SCRIPT_TEXTS.get(path.name, ()))


def test_every_text_is_of_a_script() -> None:
    assert set(SCRIPT_TEXTS) <= {path.name for path in SCRIPTS}


@pytest.mark.parametrize(
    "source",
    [
        'say("Live");',
        "say('Connection lost');",
        "say(`${n} of them`);",
        'x = a ? "Pause" : b;',
        '// It\'s one\nsay("Try again");',
        "say(texts.live + `, and ${more} more`);",
    ],
)
def test_control_a_text_is_found(source: str) -> None:
    assert said(source)


@pytest.mark.parametrize(
    "source",
    [
        '"use strict";',
        "// Copies what is there, isn't it",
        'document.querySelector("[data-live]");',
        "say(texts.live);",
        'event.key === "ArrowLeft"',
        'row.querySelector(`[data-key="${name}"]`)',
    ],
)
def test_control_what_is_none_is_not(source: str) -> None:
    assert said(source) == []


def test_the_texts_come_with_the_script_in_the_language() -> None:
    app = Flask("test", static_folder="x", static_url_path="/static")
    with app.test_request_context():
        texts.use("de")
        element = script("copy.js")
        assert script("menu.js") == '<script src="/static/menu.js" defer></script>'
    given = re.search(r'data-texts="([^"]*)"', element)
    assert given is not None
    assert json.loads(unescape(given[1])) == {"copied": "Kopiert"}
