"""Notes in messages: those of a clip are translated, those of a person are not."""

from __future__ import annotations

import pytest

from mvsnap import texts
from mvsnap.delivery.kinds import KINDS
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.templates import MessageTemplates
from mvsnap.domain import EventKind
from mvsnap.texts.wordings import NO_PRE_ROLL
from tests.core import build
from tests.core.build import GATE
from tests.delivery.test_kinds import DETAILS


@pytest.mark.parametrize(
    ("kind", "note", "shown"),
    [
        (EventKind.MISMATCH, "no pre-roll", "no pre-roll"),
        (EventKind.MISMATCH, "missing", "missing"),
        (EventKind.CLIP, NO_PRE_ROLL(), "Kein Vorlauf"),
        (EventKind.CLIP, "no pre-roll", "Kein Vorlauf"),
    ],
    ids=["a person", "a person, one word", "a clip", "a clip of the release before"],
)
def test_a_note_in_german(kind: EventKind, note: str, shown: str) -> None:
    texts.use("de")
    event = build.event(kind=kind, details={**DETAILS, "note": note})
    facts = Facts(build.job(GATE), event)
    message = Message(KINDS[kind.value], GATE, "Alarms", facts)
    made = MessageTemplates("UTC", "", "", None)
    assert shown in made.text(message, build.NOON, repeat=False)
