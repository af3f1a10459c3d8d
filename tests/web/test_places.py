"""Names of places on pages: people's names stay, whatever words the pages have."""

from __future__ import annotations

from mvsnap import texts
from mvsnap.domain import FULL_FRAME, Serial, Zone
from mvsnap.web.places import PlaceCamera, Places

GATE = Serial("Q2AB-CDEF-GHJK")


def test_a_zone_called_like_a_word_of_the_pages_keeps_its_name() -> None:
    zone = Zone("6", "Events")
    places = Places([PlaceCamera(GATE, "Gate", (zone,))])
    texts.use("de")
    assert texts.gettext("Events") != "Events"
    assert places.zone(GATE, "6") == "Events"
    assert places.zone(GATE, None) == "alle Zonen"
    assert places.zone(GATE, FULL_FRAME) != str(places.zone_reason(GATE, FULL_FRAME))
