"""Charts are drawn within what a page may carry: no style, no script, no address."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from mvsnap.resources import STATIC
from mvsnap.web.charts import MOST_SERIES, BarChart, Series, ticks


def chart(*values: float | None, **given: object) -> BarChart:
    labels = [f"{hour:02d}:00" for hour in range(len(values))]
    return BarChart("Entrances per hour", labels, [Series("Gate", values)], "entrances")


def titles(svg: str) -> list[str]:
    return re.findall(r"<title>([^<]*)</title>", svg)


def labels(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg)
    space = "{http://www.w3.org/2000/svg}"
    return [
        text.text or ""
        for axis in root.iter(f"{space}g")
        if axis.get("class") == "axis x"
        for text in axis.iter(f"{space}text")
    ]


@pytest.mark.parametrize("width", ["wide", "narrow"])
def test_a_chart_carries_nothing_that_a_page_may_not(width: str) -> None:
    svg = str(getattr(chart(1, 2, None, 0), width))
    assert not re.search(r"<style|<script|style=|\son[a-z]+=|<!--|href", svg)
    spaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\"]*", svg)) <= spaces  # names, not addresses
    assert 'role="img"' in svg
    assert 'aria-label="Entrances per hour"' in svg
    ElementTree.fromstring(svg)


def test_a_bar_says_what_it_is_and_what_is_unknown_has_none() -> None:
    assert titles(chart(1, 2.5, None, 0).wide) == [
        "00:00: 1 entrances",
        "01:00: 2.5 entrances",
        "03:00: 0 entrances",
    ]


def test_of_several_series_a_bar_says_which() -> None:
    both = BarChart(
        "People", ["Mon"], [Series("Gate", [1]), Series("Door", [2])], "people"
    )
    assert titles(both.wide) == ["Gate, Mon: 1 people", "Door, Mon: 2 people"]
    heights = re.findall(r'class="series serie-\d (color-\d)"', str(both.wide))
    assert heights == ["color-0", "color-1"]


def test_a_name_cannot_leave_its_place() -> None:
    evil = '<script>"&'
    both = BarChart(evil, [evil], [Series(evil, [1]), Series("b", [1])], evil)
    svg = str(both.wide)
    assert "<script" not in svg
    ElementTree.fromstring(svg)


def test_a_phone_has_fewer_labels_below_the_same_bars() -> None:
    day = chart(*range(24))
    wide, narrow = (
        [label for label in labels(str(svg)) if label] for svg in (day.wide, day.narrow)
    )
    assert len(wide) > len(narrow) >= 4
    assert narrow[0] == wide[0] == "00:00"
    assert len(titles(day.narrow)) == len(titles(day.wide)) == 24


@pytest.mark.parametrize(
    ("highest", "expected"),
    [
        (0, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (23, [0, 5, 10, 15, 20, 25]),
        (240, [0, 50, 100, 150, 200, 250]),
        (1234, [0, 500, 1000, 1500]),
        (99_000, [0, 20_000, 40_000, 60_000, 80_000, 100_000]),
    ],
)
def test_the_axis_has_few_round_whole_numbers(
    highest: float, expected: list[int]
) -> None:
    assert ticks(highest) == expected


@pytest.mark.parametrize(
    ("values", "is_empty"),
    [((), True), ((None, None), True), ((0, None), True), ((0, 1), False)],
)
def test_a_chart_of_nothing_is_known_as_empty(
    values: tuple[float | None, ...], is_empty: bool
) -> None:
    assert chart(*values).is_empty is is_empty


def test_every_series_has_a_colour() -> None:
    css = (STATIC / "charts.css").read_text("utf-8")
    for number in range(MOST_SERIES):
        assert f".color-{number} " in css
        assert f".chart-key-{number} " in css
    assert f".color-{MOST_SERIES} " not in css


def test_the_numbers_of_a_chart_are_a_table_too() -> None:
    both = BarChart(
        "People", ["Mon", "Tue"], [Series("A", [1, None]), Series("B", [2, 3])], "n"
    )
    assert both.table == [("Mon", [1, 2]), ("Tue", [None, 3])]


def test_bars_with_names_lie_side_by_side_in_percent_of_the_longest() -> None:
    both = BarChart(
        "Zones",
        ["A very long name of an entrance", "B"],
        [Series("with", [3, None]), Series("without", [1, 2])],
        "presences",
        "Zone",
    )
    first, second = both.lying
    assert (first.label, first.total) == ("A very long name of an entrance", 4)
    assert [(p.series, p.begin, p.width) for p in first.parts] == [
        (0, 0.0, 75.0),
        (1, 75.0, 25.0),
    ]
    assert [(p.series, p.begin, p.width) for p in second.parts] == [(1, 0.0, 50.0)]


def test_bars_with_names_of_which_none_is_known_have_no_parts() -> None:
    none = BarChart("Zones", ["A"], [Series("n", [None])], "presences", "Zone")
    assert [(bar.total, list(bar.parts)) for bar in none.lying] == [(0, [])]


def test_a_large_number_is_written_out() -> None:
    assert titles(chart(1_234_567, 20 / 7).wide) == [
        "00:00: 1,234,567 entrances",
        "01:00: 2.9 entrances",
    ]
    assert "1,000,000" in chart(1_234_567).wide
