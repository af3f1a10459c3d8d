"""The tables of docs/benchmarks.md, from the results: no figure in them is typed.

Between `<!-- results: NAME -->` and `<!-- end -->` is a table. NAME is a part, or
`in short`, or `missed`: all goals that are not met.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

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
_HEAD = "| what | beside, in the same run | goal | measured | met | on |\n" + (
    "|---|---|---|---|---|---|\n"
)
_MET = {True: "yes", False: "**no**", None: "-"}


def filled(page: str, results: Mapping[str, Result]) -> str:
    """Return the page with its tables made anew.

    Raises:
        ValueError: there is no result for one of them.
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
    rows = "".join(map(_row, _chosen(name, results)))
    if not rows and name != "missed":
        raise ValueError(f"no results for the table {name}")
    return f"\n{_HEAD}{rows}\n"


def _chosen(name: str, results: Mapping[str, Result]) -> Iterable[Result]:
    if name == "in short":
        return [results[what] for what in IN_SHORT if what in results]
    if name == "missed":
        return [result for result in results.values() if result.line.met is False]
    return [result for result in results.values() if result.part == name]


def _row(result: Result) -> str:
    line = result.line
    on = result.on if result.load is None else f"{result.on}, load {result.load}"
    cells = (line.what, line.reference, line.goal, line.measured, _MET[line.met], on)
    return f"| {' | '.join(cells)} |\n"
