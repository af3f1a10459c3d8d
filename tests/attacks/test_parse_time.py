"""Guard: no parser takes more than linear time, whatever text it gets."""

from __future__ import annotations

import re

import pytest

from tests.attacks.found_parsers import Parser, functions, patterns
from tests.attacks.pathological import LIMIT_S, too_slow


def slow(parsers: list[Parser]) -> list[str]:
    found = ((parser.name, too_slow(parser)) for parser in parsers)
    return [f"{name}: {why}" for name, why in found if why]


@pytest.mark.slow
def test_every_pattern_takes_linear_time() -> None:
    found = list(patterns())
    assert len(found) > 90
    assert slow(found) == []


@pytest.mark.slow
def test_every_function_of_a_pure_module_takes_linear_time() -> None:
    found = list(functions())
    assert len(found) > 200
    assert slow(found) == []


def test_control_a_quadratic_pattern_is_found() -> None:
    blanks = re.compile(r"\s*x$")
    assert too_slow(Parser("blanks", blanks.search))


def test_control_a_fixed_cost_beyond_the_limit_is_found() -> None:
    def work(text: str) -> None:
        for _ in range(round(12 * LIMIT_S * len(text) / 1000)):
            sorted(text)

    assert too_slow(Parser("sorting", work))
