"""A zone without a name is called the same on each page, in each language."""

from __future__ import annotations

import pytest

from mvsnap import texts
from mvsnap.core.crowd_rows import CrowdRow
from mvsnap.core.zone_words import zone_words
from mvsnap.delivery.wording import by_words
from mvsnap.domain import EventKind, Trigger, TriggerKind, ZoneId
from mvsnap.web.pages.clip_text import started_by
from tests.core.build import event


@pytest.mark.parametrize(
    ("name", "zone_id", "english", "german"),
    [
        ("Kasse 2", "6", "Kasse 2", "Kasse 2"),
        ("6", "6", "Zone 6", "Zone 6"),
        ("zone 6", "6", "Zone 6", "Zone 6"),
        ("", "6", "Zone 6", "Zone 6"),
        ("line 6", "6", "Line 6", "Linie 6"),
        ("line Door", "k1", "Line Door", "Linie Door"),
        ("Line up here", "3", "Line up here", "Line up here"),
        ("", "0", "Full Frame", "Ganzes Bild"),
        ("Full Frame", "0", "Full Frame", "Ganzes Bild"),
        ("", "", "", ""),
    ],
)
def test_a_zone_is_called(name: str, zone_id: str, english: str, german: str) -> None:
    assert zone_words(name, zone_id) == english
    texts.use("de")
    assert zone_words(name, zone_id) == german


def test_a_crowd_names_a_zone_without_a_name() -> None:
    for stored in ("6", "zone 6"):
        crowd = event(kind=EventKind.CROWD, zone_id=ZoneId("6"), zone_name=stored)
        assert CrowdRow(crowd).zone == "Zone 6"


def test_so_does_what_it_started() -> None:
    texts.use("de")
    assert by_words(Trigger(TriggerKind.SENSE, "line 2")) == "Linie 2"
    assert started_by(Trigger(TriggerKind.SENSE, "Full Frame")).endswith("Ganzes Bild")
    assert by_words(Trigger(TriggerKind.WEBHOOK, "line 2")) == "line 2"
