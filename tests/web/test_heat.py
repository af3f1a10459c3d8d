"""Heat maps: shades, cut nights, closed hours, text where nothing is known."""

from __future__ import annotations

from mvsnap.web.heat import heat_map, number


def values(**given: float) -> list[float | None]:
    found: list[float | None] = [0.0] * 168
    for name, value in given.items():
        found[int(name[1:])] = value
    return found


def test_nobody_at_all_is_no_map() -> None:
    assert heat_map("Title", "visits", [0.0, None] * 84) is None


def test_hours_without_anybody_at_night_are_left_out() -> None:
    found = heat_map("Title", "visits", values(h9=10, h11=0.2))
    assert found is not None
    assert [label for label, _ in found.rows] == ["09:00", "10:00", "11:00"]
    cells = [row[0] for _, row in found.rows]
    # Few are not nobody.
    assert [(c.text, c.level) for c in cells] == [("10", 5), ("0", 0), ("0.2", 1)]
    assert not found.has_closed


def test_open_hours_are_shown_and_others_are_marked() -> None:
    found = heat_map("Title", "visits", values(h9=10), frozenset({8, 9}))
    assert found is not None
    assert found.has_closed
    monday, tuesday = found.rows[0][1][:2]
    assert [label for label, _ in found.rows] == ["08:00", "09:00"]
    assert (monday.is_closed, tuesday.is_closed) == (False, True)


def test_numbers_are_short() -> None:
    assert [number(n) for n in (0, 0.25, 3, 9.9, 9.96, 41.5)] == [
        *("0", "0.2", "3", "9.9", "10", "42"),
    ]
