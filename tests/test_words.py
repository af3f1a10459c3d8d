"""Guard: words of a private language, and texts that read as translated, stay away.

Each entry is a word that was replaced by the field's own; the second is what to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

NAMES = {
    "Wish": "JobRequest, ClipRequest",
    "wishes": "requests",
    "ClipDesk": "ClipWorker",
    "desk": "clip worker",
    "seat": "instance lock, wait slot",
    "take_seat": "acquire",
    "Letter": "Message",
    "Courier": "MessageSender",
    "Mailing": "threads",
    "FollowUps": "ThreadedReplies",
    "happenings": "events",
    "Harvest": "EventBuffer, ParsedBatch",
    "untold": "unnotified",
    "teller": "notifier",
    "Patience": "RetryPolicy",
    "Granted": "AccessToken",
    "parked": "deferred",
    "footage": "clip_model",
    "filming": "camera_sources",
    "must_reach": "require_cameras",
    "must_have": "require_scope",
    "must_fit": "require_valid",
}
PHRASES = {
    "So many": "Number of",
    "It said": "Message",
    "is told": "is notified, is posted",
    "are told": "are notified",
    "This did not work": "Something went wrong",
    "Nobody may": "what is not set up yet",
}


def python_files() -> Iterator[Path]:
    for path in sorted((ROOT / "mvsnap").rglob("*.py")):
        if "versions" not in path.parts:  # migrations keep the old names
            yield path


def found_in(text: str, words: dict[str, str]) -> list[str]:
    """Return a sentence for each of the words in the text, with what to say."""
    return [
        f"{word!r} is back (say: {better})"
        for word, better in words.items()
        if re.search(rf"(?<![\w]){re.escape(word)}(?![\w])", text)
    ]


def test_no_word_of_the_private_language_comes_back() -> None:
    found = {
        str(path.relative_to(ROOT)): words
        for path in python_files()
        if (words := found_in(path.read_text("utf-8"), NAMES))
    }
    assert found == {}


def texts() -> Iterator[Path]:
    yield from python_files()
    yield from (ROOT / "templates").rglob("*.html")
    yield from (ROOT / "templates").rglob("*.md")
    yield from [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]


def test_no_text_reads_as_translated() -> None:
    found = {
        str(path.relative_to(ROOT)): phrases
        for path in texts()
        if (phrases := found_in(path.read_text("utf-8"), PHRASES))
    }
    assert found == {}


@pytest.mark.parametrize("text", ["class Wish:", "# the desk looks", "take_seat(x)"])
def test_control_a_word_is_found(text: str) -> None:
    assert found_in(text, NAMES)


@pytest.mark.parametrize(
    "text", ["wished", "desktop", "seats", "deferred", "a letterbox"]
)
def test_control_a_longer_word_is_another_one(text: str) -> None:
    assert found_in(text, NAMES) == []
