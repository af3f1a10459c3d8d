"""Guard: no sentence that Python shows people is left in English."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mvsnap import texts
from tests.texts.left_out_in_code import left_out

CODE = Path(__file__).parents[2] / "mvsnap"
FOLDERS = ("web/pages", "status", "answers", "delivery")
ROOMS = ("*/pages.py", "*/page_*.py", "web/login*.py")
# What is no text of a page or a message, and why.
ENGLISH = {
    # Of pydantic's words, to replace them.
    *("Value error, ", "Input should"),
}


def files() -> Iterator[Path]:
    for folder in FOLDERS:
        yield from sorted((CODE / folder).rglob("*.py"))
    for rooms in ROOMS:
        yield from sorted(CODE.glob(rooms))


def test_every_sentence_is_marked() -> None:
    texts.use("de")
    found = {str(path): left_out(path.read_text("utf-8")) for path in files()}
    assert {
        name: left
        for name, all_left in found.items()
        if (left := [one for one in all_left if one not in ENGLISH])
    } == {}
    assert set().union(*found.values()) >= ENGLISH, "one is there no longer"


@pytest.mark.parametrize(
    "source",
    [
        'flash(f"Removed {name} for good.", "success")',
        'raise NotFound("No such thing here")',
        'StatusRow(Group.SITE, name, Condition.OK, "All is well")',
        'text = "Not " + f"Nothing of {x} is there"',
    ],
)
def test_control_a_sentence_is_found(source: str) -> None:
    texts.use("de")
    assert left_out(source)


@pytest.mark.parametrize(
    "source",
    [
        'flash(_("Removed %(name)s for good.") % values)',
        'def f():\n    """Say Something about it."""',
        'log.info("Something went by: %s", x)',
        'raise NotFound(f"Clip {clip_id!r} not found")',
        'x = N_("One thing or another")',
    ],
)
def test_control_what_is_marked_is_not(source: str) -> None:
    texts.use("de")
    assert left_out(source) == []
