"""The benchmarks' results: kept as data, and the page that shows them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from benchmarks import node_red, results, tables
from benchmarks.__main__ import every_part
from benchmarks.line import Line
from benchmarks.results import Result
from mvsnap.core.crowd import CrowdRule, CrowdWatch, Raised


def line(what: str = "a ring", value: float = 1.31, goal: str = "<= 1.15") -> Line:
    return Line(what, "bare ffmpeg", goal, value)


def test_the_page_shows_the_results_that_are_kept() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert page == tables.filled(page, results.read()), "make bench ARGS=--docs"


def test_every_result_is_on_the_page() -> None:
    parts = {result.part for result in results.read().values()}
    shown = set(tables.names(tables.PAGE.read_text(encoding="utf-8")))
    assert shown == parts | {"in short", "missed"}
    assert parts == set(every_part())


def test_what_is_said_in_short_has_a_result() -> None:
    kept = results.read()
    del kept[tables.IN_SHORT[0]]
    with pytest.raises(KeyError, match="one snapshot"):
        tables.filled(tables.PAGE.read_text(encoding="utf-8"), kept)


def test_without_git_a_result_is_not_compared_with_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    assert results.committed() == {}


@pytest.mark.parametrize(
    ("goal", "value", "met"),
    [
        ("<= 1.15", 1.154, True),
        ("<= 1.15", 1.16, False),
        (">= 0.5, none lost", 0.46, False),
        ("p99 < 50 ms", 50, False),
        ("0 lost, each counted once", 0, True),
        ("50", 49, False),
        ("-", 1, None),
    ],
)
def test_a_goal_is_judged_by_its_first_part(
    goal: str, value: float, met: bool | None
) -> None:
    assert line(value=value, goal=goal).met is met


def test_a_goal_whose_other_parts_are_not_met_is_not_met() -> None:
    assert Line("a page", "-", "<= 3, <= 0.1 s", 1, rest=False).met is False


def test_a_goal_that_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="as little as possible"):
        _ = line(goal="as little as possible").met


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.3, "", "0.30"),
        (10.7, "", "10.7"),
        (0.64, "MB", "0.64 MB"),
        (88, "MiB", "88 MiB"),
    ]
    + [(5669.3, "us", "5,669 us")],
)
def test_a_value_is_shown_with_its_unit(value: float, unit: str, shown: str) -> None:
    assert Line("x", "-", "-", value, unit).shown == shown


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    kept = {"a ring": Result("recorder", line(), "2026-11-29", 3.2)}
    results.write(kept, path)
    assert results.read(path) == kept


def test_a_part_that_is_measured_replaces_its_own_results() -> None:
    by_hand = Result("recorder", line("a guess"), "2026-11-21", None, by_hand=True)
    old = [
        Result("recorder", line(), "2026-11-21", None),
        by_hand,
        Result("wifi", line("a post"), "2026-11-21", None),
    ]
    known = {result.line.what: result for result in old}
    new = [
        Result("recorder", line(value=1.1), "2026-11-29", 3.2),
        Result("recorder", line("another"), "2026-11-29", 3.2),
    ]
    found = results.merged(known, new)
    assert list(found.values()) == [*new, old[-1]]


@pytest.mark.parametrize(
    "counts",
    [
        [(s, 3) for s in range(10)],
        [(0, 3), (2, 3), (4, 0), (7, 0), (8, 4), (9, 3)],
        [(0, 3), (2, 3), (3, 0), (9, 0), (10, 3), (12, 3), (13, 3)],
        [
            *((s, 3) for s in range(5)),
            (6, 0),
            (12, 0),
            *((s, 5) for s in range(13, 40)),
        ],
    ],
)
def test_node_red_has_the_same_rule_as_mvsnap(counts: list[tuple[int, int]]) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node: .ci/install test")
    watch = CrowdWatch(CrowdRule(limit=3, dwell_ms=3_000))
    ours = [
        found.raised_ms
        for s, people in counts
        for found in watch.see(s * 1000, people)
        if isinstance(found, Raised)
    ]
    messages = [
        {"topic": "a", "payload": {"ts": s * 1000, "counts": {"person": people}}}
        for s, people in counts
    ]
    rule = json.dumps(node_red.rule(3, 3))
    script = f"""const context = {{}}, flow = {{ set() {{}} }}, found = [];
    const rule = new Function("msg", "context", "flow", {rule});
    for (const msg of {json.dumps(messages)}) {{
        const out = rule(msg, context, flow);
        if (out) found.push(out.payload.at);
    }}
    console.log(JSON.stringify(found));"""
    args = [node, "-e", script]
    done = subprocess.run(args, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == ours
