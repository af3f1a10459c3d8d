"""Names that a person would call the same."""

from __future__ import annotations

import pytest

from mvsnap.spelling import fold, folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Tür", "Tu\u0308r"),
        ("STRASSE", "straße"),
        ("Gate  1", " gate\u00a01\t"),
        ("Gate\u20071", "Gate\u202f1"),
        ("Gate\u200b 1", "Gate 1\ufeff"),
        ("Ein\u00adgang", "Eingang"),
        ("Alarm \u2757\ufe0f", "Alarm \u2757"),
        ("\uff27\uff41\uff54\uff45", "Gate"),
        ("\uff76\uff9e", "\u30ac"),
        ("\u0130", "i\u0307"),
        ("\u1e9b\u0323", "\u1e69"),
        ("Ga\u3164te\u1160 1\uffa0", "Gate 1"),
        ("Tu\u034f\u0308r", "Tür"),
        ("Gate\u2800\u28001\u2800", "Gate 1"),
        ("Gate\U000e0041\u2065\x07", "Gate"),
        ("Gate\u2028\u00851", "Gate 1"),
    ],
)
def test_they_are_one_name(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert folded(folded(one)) == folded(one)


@pytest.mark.parametrize(
    ("one", "other"), [("Tür", "Tur"), ("Gate 1", "Gate1"), ("Вход", "Bxод")]
)
def test_they_are_two_names(one: str, other: str) -> None:
    assert folded(one) != folded(other)


def test_letters_and_digits_of_any_script_stay_in_the_spelling_of_a_field() -> None:
    signs = [chr(number) for number in range(0x3000)]
    assert [fold(f"a{sign}_1") for sign in signs] == [
        f"a{''.join(filter(str.isalnum, sign.casefold()))}1" for sign in signs
    ]
    assert {fold(name) for name in ("userId", "user_id", "User ID")} == {"userid"}
