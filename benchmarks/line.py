"""One result: what was measured, beside what, and the number that came out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_GOAL = re.compile(r"(?:p\d+ )?(<=|<|>=|>)? ?(\d[\d.,]*)")
_HOLDS: dict[str | None, Callable[[float, float], bool]] = {
    "<=": lambda value, limit: value <= limit,
    "<": lambda value, limit: value < limit,
    ">=": lambda value, limit: value >= limit,
    ">": lambda value, limit: value > limit,
    None: lambda value, limit: value == limit,
}


@dataclass(frozen=True)
class Line:
    """A value and its goal.

    reference: what it is measured beside in the same run, or "-".
    goal: what the value must be, as in `<= 1.15`; further parts, after a comma, are of
        the detail. "-" is none.
    unit: of the value; "" is a ratio to the reference.
    detail: whatever else was seen.
    rest: whether the further parts of the goal are met.
    """

    what: str
    reference: str
    goal: str
    value: float
    unit: str = ""
    detail: str = ""
    rest: bool = True

    @property
    def shown(self) -> str:
        """Return the value with its unit."""
        if not self.unit:
            return f"{self.value:.2f}" if self.value < 10 else f"{self.value:.1f}"
        number = f"{self.value:,.0f}" if self.value >= 100 else f"{self.value:.3g}"
        return f"{number} {self.unit}"

    @property
    def measured(self) -> str:
        return f"{self.shown} ({self.detail})" if self.detail else self.shown

    @property
    def met(self) -> bool | None:
        """Return whether the goal is met; None is no goal."""
        if self.goal == "-":
            return None
        found = _GOAL.match(self.goal)
        if found is None:
            raise ValueError(f"a goal like `<= 1.15` was expected: {self.goal}")
        limit = float(found[2].replace(",", ""))
        # As shown: 1.151 is 1.15.
        value = round(self.value, 2)
        return _HOLDS[found[1]](value, limit) and self.rest
