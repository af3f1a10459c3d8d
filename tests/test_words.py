"""Guard: words of a private language, and texts that read as translated, stay away.

Each entry is a word that was replaced by the field's own; the second is what to say.
A word that also has a plain English use, such as "letters and digits", is not listed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).parent.parent

# In the code: names, also as a part of them (`take_seat`), comments and docstrings.
WORDS = {
    "Wish": "JobRequest, ClipRequest",
    "wish": "request",
    "wishes": "requests",
    "ClipDesk": "ClipWorker",
    "desk": "clip worker",
    "seat": "lock, wait slot",
    "seated": "has the lock",
    "Letter": "Message",
    "letter": "message, delivery",
    "Courier": "MessageSender",
    "Mailing": "threads",
    "FollowUps": "ThreadedReplies",
    "happenings": "events",
    "Harvest": "EventBuffer, ParsedBatch",
    "untold": "unnotified",
    "teller": "notifier",
    "tells": "says, shows, posts",
    "Patience": "RetryPolicy",
    "patience": "retry policy, retry limit",
    "Granted": "AccessToken",
    "parked": "deferred",
    "footage": "clip_model",
    "filming": "camera_sources",
    "Filing": "ClipResults",
    "must_reach": "require_cameras",
    "must_have": "require_scope",
    "must_fit": "require_valid",
    "made anew": "created again, rebuilt",
    "comes again": "is retried, is repeated",
    "Say whether": "Return whether",
    "so long": "this long, how long",
    "for good": "permanently",
}
# In every text, also of the pages, the messages and the documentation.
PHRASES = {
    "So many": "Number of",
    "It said": "Message",
    "is told": "is notified, is posted",
    "are told": "are notified",
    "This did not work": "Something went wrong",
    "Nobody may": "what is not set up yet",
}
# Of rules and settings, "hold" is not what people say.
HOLDS = re.compile(
    r"\b(?:[Cc]hanges hold|[Ll]anguage holds|both hold|settings that hold"
    r"|holds? (?:from the|from now|now|again|wherever|for (?:it|them)))\b"
)
# In names of tests, which are sentences about behaviour.
TEST_WORDS = {
    "told": "posted, reported, shown",
    "heard": "seen, received",
    **{word: WORDS[word] for word in ("wish", "desk", "seat", "letter", "parked")},
}


def found_in(text: str, words: dict[str, str]) -> list[str]:
    """Return a sentence for each of the words in the text, with what to say."""
    return [
        f"{word!r} is back (say: {better})"
        for word, better in words.items()
        if re.search(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", text)
    ]


def found_by_file(paths: Iterator[Path], words: dict[str, str]) -> dict[str, list[str]]:
    return {
        str(path.relative_to(ROOT)): found
        for path in paths
        if (found := found_in(path.read_text("utf-8"), words))
    }


def python_files() -> Iterator[Path]:
    for path in sorted((ROOT / "mvsnap").rglob("*.py")):
        if "versions" not in path.parts:  # migrations keep the old names
            yield path


def texts() -> Iterator[Path]:
    yield from python_files()
    yield from (ROOT / "templates").rglob("*.html")
    yield from (ROOT / "templates").rglob("*.md")
    yield from [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]


def names_of_tests(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name


def test_no_word_of_the_private_language_comes_back() -> None:
    assert found_by_file(python_files(), WORDS) == {}


def test_no_text_reads_as_translated() -> None:
    assert found_by_file(texts(), PHRASES) == {}


def read_by_users() -> Iterator[tuple[str, str]]:
    """Yield the pages of the documentation, and each text of the catalogue."""
    for path in (ROOT / "README.md", ROOT / "CHANGELOG.md", *ROOT.glob("docs/*.md")):
        yield path.name, path.read_text("utf-8")
    with (ROOT / "mvsnap/texts/de/LC_MESSAGES/mvsnap.po").open("rb") as file:
        for one in read_po(file):
            yield "a text", str(one.id)


def test_what_applies_does_not_hold() -> None:
    found = {
        f"{name}: {match[0]} (say: applies, takes effect)"
        for name, text in read_by_users()
        for match in HOLDS.finditer(" ".join(text.split()))
    }
    assert found == set()


@pytest.mark.parametrize("text", ["Changes hold from now on", "settings that hold now"])
def test_control_what_holds_is_found(text: str) -> None:
    assert HOLDS.search(text)


@pytest.mark.parametrize(
    "text", ["a badge held to a reader", "a chain that holds keys"]
)
def test_control_what_is_held_is_not(text: str) -> None:
    assert HOLDS.search(text) is None


def test_names_of_tests_use_the_field_s_words() -> None:
    found = {
        name: words
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in names_of_tests(path)
        if (words := found_in(name, TEST_WORDS))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "class Wish:",
        "# the desk starts",
        "take_seat(x)",
        "self._is_seated",
        "    letter = 1",
        '"""Say whether it works."""',
    ],
)
def test_control_a_word_is_found(text: str) -> None:
    assert found_in(text, WORDS)


@pytest.mark.parametrize(
    "text", ["wished", "desktop", "seats", "deferred", "a letterbox", "letters"]
)
def test_control_a_longer_word_is_another_one(text: str) -> None:
    assert found_in(text, WORDS) == []


def test_one_name_is_one_class() -> None:
    places: dict[str, list[str]] = {}
    for path in python_files():
        for name in re.findall(r"^\s*class (\w+)", path.read_text("utf-8"), re.M):
            places.setdefault(name, []).append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
