"""The tables of docs/benchmarks.md, from the results: no figure in them is typed.

Between `<!-- results: NAME -->` and `<!-- end -->` is a table. NAME is a part, or
`in short`, or `missed`: all goals that are not met.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.line import Line
from benchmarks.results import Result

PAGE = Path(__file__).parent.parent / "docs/benchmarks.md"
IN_SHORT = (
    "one snapshot, trigger to posted",
    "durable trigger, p99 at 50/s",
    "idle service, processor",
    "idle service, memory (PSS)",
    "written to the disk, an idle hour",
    "50 open live pages, events",
    "counts at QoS 0, mvsnap, processor",
    "a crowd's last message to its durable event, p99",
    "ring of a camera, processor",
    "50 cameras on this machine, recorded",
    "end of the window to the finished file",
    "Wi-Fi POST of 10,000 observations, answered",
    "Wi-Fi page at 1,000,000: overview of a week",
    "events, the list, 1,000,000 events",
)
_TABLE = re.compile(r"(<!-- results: ([a-z_ ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str, results: Mapping[str, Result]) -> str:
    """Return the page with its tables made anew.

    Raises:
        ValueError: there is no result for one of them.
        KeyError: there is none for one of IN_SHORT.
    """
    return _TABLE.sub(
        lambda found: found[1] + _table(found[2], results) + found[3], page
    )


def names(page: str) -> list[str]:
    return [found[2] for found in _TABLE.finditer(page)]


def write(results: Mapping[str, Result]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(page, results), encoding="utf-8")


def _table(name: str, results: Mapping[str, Result]) -> str:
    chosen = _chosen(name, results)
    if not chosen and name != "missed":
        raise ValueError(f"no results for the table {name}")
    if name == "in short":
        columns = _in_short([result.line for result in chosen])
    else:
        columns = _whole([result.line for result in chosen], marked=name != "missed")
    # Narrow enough to be read: no column that says nothing.
    kept = {head: cells for head, cells in columns.items() if set(cells) != {"-"}}
    rows = [list(kept), ["---"] * len(kept), *zip(*kept.values(), strict=True)]
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    day = "" if name in ("in short", "missed") else f"Measured {_when(chosen)}.\n\n"
    return f"\n{text}\n{day}"


def _in_short(lines: Sequence[Line]) -> dict[str, list[str]]:
    return {
        "what": [
            line.what if line.unit else f"{line.what}, beside {line.reference}"
            for line in lines
        ],
        "goal": [line.goal for line in lines],
        "measured": [_marked(line, line.shown) for line in lines],
    }


def _whole(lines: Sequence[Line], *, marked: bool) -> dict[str, list[str]]:
    measured = [line.measured for line in lines]
    if marked:
        measured = [_marked(line, line.measured) for line in lines]
    return {
        "what": [line.what for line in lines],
        "beside, in the same run": [line.reference for line in lines],
        "goal": [line.goal for line in lines],
        "measured": measured,
    }


def _chosen(name: str, results: Mapping[str, Result]) -> list[Result]:
    if name == "in short":
        return [results[what] for what in IN_SHORT]
    if name == "missed":
        return [result for result in results.values() if result.line.met is False]
    return [result for result in results.values() if result.part == name]


def _marked(line: Line, text: str) -> str:
    return f"**not met**: {text}" if line.met is False else text


def _when(chosen: Iterable[Result]) -> str:
    found = {
        r.on if r.load is None else f"{r.on} (load {r.load})": None for r in chosen
    }
    return " and ".join(sorted(found))
