"""Badge numbers that have been through a spreadsheet."""

from __future__ import annotations

import pytest

from mvsnap.core.spreadsheet import may_be_cut, number_of, text_of
from mvsnap.errors import BadInput


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ('="000815"', "000815"),
        ("'000815", "000815"),
        ("’000815", "000815"),
        ("'000815'", "000815"),
        ('"000815"', "000815"),
        ("\u200e815\u200b", "815"),
        ('="4 711"', "4 711"),
        ("815.0", "815"),
        ("815,00", "815"),
        ("000815", "000815"),
        ("12E5", "12E5"),
        ("1E10", "1E10"),
        ("12.34567", "12.34567"),
        ("#815", "#815"),
        ("'s-Gravenhage", "'s-Gravenhage"),
        ("=1+1", "=1+1"),
        ("maria-26", "maria-26"),
        ("8000000000000001", "8000000000000001"),
    ],
)
def test_what_is_whole_is_unwrapped_or_left(cell: str, number: str) -> None:
    assert number_of("user_id", cell) == number


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        *[(cell, "Excel has cut this number") for cell in ("7.25E+15", "7,25e+15")],
        *[(cell, "Excel has cut this number") for cell in ("7E+15", '="7.2E+15"')],
        ("7.25E15", "Excel has cut this number"),
        *[(cell, "Excel has cut this cell") for cell in ("Err:502", "-2146826246")],
        ("7250000000000123.0", "Excel has cut this number"),
        *[(cell, "Excel has cut this cell") for cell in ("##", "#######", "#N/A")],
        *[(cell, "Excel has cut this cell") for cell in ("#NV", "#WERT!", "#REF!")],
        *[(cell, "Excel has cut this cell") for cell in ("#NAME?", "#DIV/0!", "#Н/Д")],
        *[(cell, "Excel has cut this cell") for cell in ("#¿NOMBRE?", '="#VALUE!"')],
        *[(cell, "separators of thousands") for cell in ("4.711", "4,711", "4 711")],
        *[(cell, "separators of thousands") for cell in ("4\u00a0711", "1,234,567.00")],
        *[(cell, "was another value before Excel") for cell in ("TRUE", "Falsch")],
        *[(cell, "was another value before Excel") for cell in ("03-Nov", "Nov-26")],
        *[(cell, "was another value") for cell in ("03. Mrz", "2026-11-03 00:00")],
        *[(cell, "stands for nothing") for cell in ("nan", "NULL", "n/a")],
        ("T\ufffdr", "a character that cannot be read"),
    ],
)
def test_what_has_lost_something_is_refused(cell: str, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        number_of("user_id", cell)
    assert caught.value.message.startswith(f"user_id: {cell!r}")
    assert said in caught.value.message


def test_a_name_is_no_number_and_stays() -> None:
    assert text_of("reader", "4.711") == "4.711"
    assert text_of("reader", '="Gate ""A"""') == 'Gate "A"'
    with pytest.raises(BadInput):
        text_of("reader", "#BEZUG!")


@pytest.mark.parametrize(
    ("number", "cut"),
    [
        *[("8965290000000120", True), ("89652900000001200", True)],
        *[("8965290000000123", False), ("896529000000000", False)],
    ],
)
def test_a_long_number_that_ends_in_zeros_may_be_cut(number: str, cut: bool) -> None:
    assert may_be_cut(number) is cut
