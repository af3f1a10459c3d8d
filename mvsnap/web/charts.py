"""Charts: bars as SVG inside the page, without any script.

pygal draws them. Its own stylesheet and script are removed, as pages may not contain
any: charts.css colours the bars, light and dark. Each chart is drawn twice, for wide
and narrow windows, since a shrunk one would be unreadable. Its numbers follow as a
table, and charts.js shows those of a bar that is touched.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from markupsafe import Markup
from msgspec import Struct

from mvsnap.texts import _, formats

if TYPE_CHECKING:
    from pygal.graph.graph import Graph

# charts.css has this many colours.
MOST_SERIES = 7
_WIDE, _NARROW = (1040, 300), (380, 270)
_MOST_TICKS = 5
# In units of the drawing: font size, usual width of text, space around the plot.
_FONT, _LETTER, _AXIS = 13, 7.4, 64


class Series(Struct, frozen=True):
    """Bars of one colour; a value is None where nothing is known."""

    name: str
    values: Sequence[float | None]


class BarPart(Struct, frozen=True):
    """Where one series lies in a bar, in percent of the longest; its number."""

    series: int
    begin: float
    width: float


class LyingBar(Struct, frozen=True):
    """total: of all its parts."""

    label: str
    total: float
    parts: Sequence[BarPart]


class BarChart(Struct, frozen=True):
    """title: for screen readers; labels: one below each bar or group of bars.

    unit: what is counted, such as "entrances"; one: a single one, where it has a word.
    Several series are stacked.
    by: what the labels are, the heading of their column; "": times. Those that are no
    times are long: `lying` shows them whole.
    unfinished: the number of the label whose time is not over yet.
    """

    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str
    by: str = ""
    unfinished: int | None = None
    one: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(value for s in self.series for value in s.values)

    @property
    def table(self) -> list[tuple[str, list[float | None]]]:
        """The label and the values of each bar, in the order of the series."""
        columns = zip(*(series.values for series in self.series), strict=True)
        return [
            (_so_far(label) if n == self.unfinished else label, list(values))
            for n, (label, values) in enumerate(zip(self.labels, columns, strict=True))
        ]

    @property
    def lying(self) -> list[LyingBar]:
        """The bars from left to right, for labels that are names: each has its line."""
        highest = _highest(self) or 1
        return [
            LyingBar(
                label, sum(value or 0 for value in values), _parts(values, highest)
            )
            for label, values in self.table
        ]

    @property
    def wide(self) -> Markup:
        """The chart for a desktop, and for paper."""
        return _drawn(self, _WIDE, "chart-wide")

    @property
    def narrow(self) -> Markup:
        """The chart for a phone: fewer labels."""
        return _drawn(self, _NARROW, "chart-narrow")


def ticks(highest: float) -> list[int]:
    """Return round whole numbers for the axis, from 0 to `highest` or above."""
    step = 1
    while highest > step * _MOST_TICKS:
        # 1, 2, 5, 10, 20, 50, ...
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return [n * step for n in range(max(1, math.ceil(highest / step)) + 1)]


def number_words(value: float) -> str:
    """Return it as the table of the chart does, at any size: 1,234,567 or 0.7."""
    return formats.number(value, 0 if value == int(value) else 1)


def _so_far(text: str) -> str:
    return f"{text} {_('so far')}"


def _parts(values: Sequence[float | None], highest: float) -> list[BarPart]:
    found, begin = [], 0.0
    for number, value in enumerate(values):
        width = 100 * (value or 0) / highest
        if width:
            found.append(BarPart(number, round(begin, 2), round(width, 2)))
        begin += width
    return found


def _drawn(chart: BarChart, size: tuple[int, int], css_class: str) -> Markup:
    pygal = _pygal()
    graph: Graph = pygal.StackedBar(
        width=size[0],
        height=size[1],
        style=pygal.style.Style(label_font_size=_FONT, major_label_font_size=_FONT),
        js=[],
        disable_xml_declaration=True,
        show_legend=False,
        margin=8,
        spacing=8,
        y_labels=ticks(_highest(chart)),
        value_formatter=number_words,  # of the axis
        truncate_label=-1,
    )
    graph.x_labels = _fitting(chart.labels, size[0] - _AXIS)
    for series in chart.series:
        values = range(len(series.values))
        graph.add(series.name, [_bar(chart, series, number) for number in values])
    graph.add_xml_filter(lambda root: _bare(root, chart.title, css_class))
    # Every text in it was escaped by an XML writer.
    return Markup(graph.render(is_unicode=True))  # noqa: S704


def _pygal() -> Any:
    # Imported here: most pages have no chart, and it takes 5 MB.
    import pygal

    # Its plug-in for maps, which are not used, makes Python 3.11 warn at every later
    # import.
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if type(finder).__name__ != "PluginImportFixer"
    ]
    return pygal


def _fitting(labels: Sequence[str], width: float) -> list[str]:
    """Drop every second label, or more, where all of them would overlap."""
    longest = max(map(len, labels), default=0) * _LETTER + _FONT / 2
    every = math.ceil(len(labels) * longest / width) or 1
    return [label if n % every == 0 else "" for n, label in enumerate(labels)]


def _highest(chart: BarChart) -> float:
    columns = zip(*(series.values for series in chart.series), strict=True)
    return max((sum(value or 0 for value in column) for column in columns), default=0)


def _bar(chart: BarChart, series: Series, number: int) -> dict[str, Any] | None:
    label, value = chart.labels[number], series.values[number]
    if value is None:
        return None
    where = f"{series.name}, {label}" if len(chart.series) > 1 else label
    unit = chart.one if value == 1 and chart.one else chart.unit
    said = f"{where}: {number_words(value)} {unit}"
    return {
        "value": value,
        "label": _so_far(said) if number == chart.unfinished else said,
    }


def _bare(root: Any, title: str, css_class: str) -> Any:
    """Keep only the drawing: no style, no script, no comment, no id."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in ("defs", "title"):
                parent.remove(child)
            elif child.get("class", "").startswith(("titles", "plot ")):
                parent.remove(child)  # for the removed script
    for bars in list(root.iter("g")):
        for bar in list(bars):
            if bar.get("class") == "bar" and not _describe(bar):
                bars.remove(bar)  # where nothing is known
    for part in root.iter():
        part.attrib.pop("style", None)
    root.attrib.pop("id", None)
    root.set("class", f"chart {css_class}")
    root.set("role", "img")
    root.set("aria-label", title)
    return root


def _describe(bar: Any) -> bool:
    """Add the tooltip of a bar; False: the element is not a bar."""
    said = ""
    for part in list(bar):
        if part.tag == "desc":
            said = part.text if part.get("class") == "label" else said
            bar.remove(part)
    if said.endswith(_so_far("")):
        bar.set("class", "bar bar-unfinished")
    title = bar.makeelement("title", {})
    title.text = said
    bar.insert(0, title)
    return bool(said)
