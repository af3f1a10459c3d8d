"""Names of troubles in messages: ours in the site's language, those of people as is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mvsnap import texts
from mvsnap.core.troubles import Trouble
from mvsnap.delivery.wording import trouble_name

AT = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("camera", "Camera Gate", "Kamera Gate"),
        ("channel", "Camera room", "Camera room"),
        ("channel", "Status", "Status"),
        ("channel", "Channel Camera room", "Kanal Camera room"),
    ],
)
def test_only_our_own_names_are_said_in_german(kind: str, name: str, said: str) -> None:
    texts.use("de")
    assert trouble_name(Trouble("t", name, kind, "", "", AT)) == said
