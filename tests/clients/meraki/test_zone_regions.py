"""Where Meraki says a zone is: texts, and not always a rectangle."""

from __future__ import annotations

import pytest

from mvsnap.clients.meraki.zones import region_of


def corners(*edges: object) -> dict[str, object]:
    return dict(zip(("x0", "y0", "x1", "y1"), edges, strict=False))


@pytest.mark.parametrize(
    ("said", "region"),
    [
        (corners("0.20", "0.30", "0.70", "0.90"), (0.2, 0.3, 0.7, 0.9)),
        (corners(0.7, 0.9, 0.2, 0.3), (0.2, 0.3, 0.7, 0.9)),
        (corners("0", "0", "0", "1"), None),
        (corners("0", "0", "nan", "1"), None),
        (corners("0", "0", "2", "1"), None),
        (corners("0", "x", "1", "1"), None),
        (corners("0", "0", "1"), None),
        (None, None),
        ("0,0,1,1", None),
    ],
)
def test_a_region_is_a_rectangle_or_nothing(
    said: object, region: tuple[float, ...] | None
) -> None:
    assert region_of(said) == region
