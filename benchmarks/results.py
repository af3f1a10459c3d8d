"""Results as data: benchmarks/results.json has the last one of each measurement."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from benchmarks.line import Line

PATH = Path(__file__).parent / "results.json"
_OF_LINE = [field.name for field in fields(Line)]


@dataclass(frozen=True)
class Result:
    """A line, and the run that it is from.

    part: as in `make bench ARGS=part`.
    on: the day, as 2026-11-29.
    load: the machine's load average when the part began; None was not noted.
    by_hand: not from `make bench`; it goes when its part is measured.
    """

    part: str
    line: Line
    on: str
    load: float | None
    by_hand: bool = False

    def as_json(self) -> dict[str, Any]:
        found = {"part": self.part} | asdict(self.line)
        found["value"] = _rounded(self.line.value)
        return found | {"on": self.on, "load": self.load, "by_hand": self.by_hand}

    @staticmethod
    def from_json(found: dict[str, Any]) -> Result:
        line = Line(**{name: found[name] for name in _OF_LINE})
        run = (found[name] for name in ("on", "load", "by_hand"))
        return Result(found["part"], line, *run)


def read(path: Path = PATH) -> dict[str, Result]:
    """Return the results by what was measured, in the order of the file."""
    return _parsed(path.read_text(encoding="utf-8"))


def committed() -> dict[str, Result]:
    """Return those of the last commit; none without git: the file may be newer."""
    command = ["git", "show", f"HEAD:./{PATH.name}"]
    try:
        done = subprocess.run(
            command, cwd=PATH.parent, capture_output=True, text=True, check=True
        )
        return _parsed(done.stdout)
    except (OSError, subprocess.CalledProcessError):
        return {}


def merged(known: dict[str, Result], new: Iterable[Result]) -> dict[str, Result]:
    """Return both; a new one takes the place of an old one, others join their part."""
    new = list(new)
    measured = {result.part for result in new}
    found = {
        what: result
        for what, result in known.items()
        if not (result.by_hand and result.part in measured)
    }
    found |= {result.line.what: result for result in new}
    parts = list(dict.fromkeys(result.part for result in found.values()))
    of_parts = sorted(found.values(), key=lambda result: parts.index(result.part))
    return {result.line.what: result for result in of_parts}


def write(results: dict[str, Result], path: Path = PATH) -> None:
    found = [result.as_json() for result in results.values()]
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _parsed(text: str) -> dict[str, Result]:
    results = map(Result.from_json, json.loads(text))
    return {result.line.what: result for result in results}


def _rounded(value: float) -> float:
    """Return it with four digits: more are noise, and each run would differ."""
    return float(f"{value:.4g}") if value < 1000 else round(value)
