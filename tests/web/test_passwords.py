from __future__ import annotations

import time

import pytest

from mvsnap.core.passwords import LONGEST_PASSWORD, parse_password
from mvsnap.errors import BadInput
from mvsnap.web.passwords import accepted


def reason(password: str) -> str:
    """Return why a password of anna.meier at Packaging Hall 1 is refused, or ""."""
    try:
        accepted(password, "anna.meier@site.example", "Packaging Hall 1")
    except BadInput as exc:
        return exc.message
    return ""


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "a password of a person",
        "kX9!qv2#Lm",
        "änderung im wald",
        "日本語のパスワードです",
        "tab\tand NUL\0 inside",
        "anna likes horses",
        "x" * 30 + " and more of it, 64 or longer " + "?",
        "".join(chr(33 + number * 7 % 90) for number in range(LONGEST_PASSWORD)),
    ],
)
def test_these_are_accepted(password: str) -> None:
    assert reason(password) == ""


@pytest.mark.parametrize(
    ("password", "because"),
    [
        ("kX9!qv2#L", "too short"),
        ("", "too short"),
        ("kX9!qv2#Lm" * 26, "too long"),
        ("password12", "common"),
        ("Password123!", "common"),
        ("P@ssw0rd!!!", "common"),
        ("!!!...iloveyou2026", "common"),
        ("qwertzuiop", "common"),
        ("1q2w3e4r5t", "common"),
        ("passwordpassword", "common"),
        ("12345678901234567890", "common"),
        ("hunter2hunter2", "repeats"),
        ("aaaaaaaaaaaa", "repeats"),
        ("ABCDEFGHIJKL", "counts"),
        ("9876543210", "counts"),
        ("Anna.Meier1990", "name"),
        ("meier-anna-12", "name"),
        ("anna12345678", "name"),
        ("packaging hall 2026", "name"),
        ("mvsnap2026!", "name"),
        ("administrator", "name"),
    ],
)
def test_these_are_refused_with_the_reason(password: str, because: str) -> None:
    said = reason(password)
    assert said.startswith("password: ")
    assert because in said
    assert not password or password not in said


@pytest.mark.parametrize("of", ["a", "ab1", "4@8({[<369&#!1/|0$5+7%2", "1!", "ä"])
def test_none_takes_long_to_refuse(of: str) -> None:
    reason("warm up, the list is read")
    began = time.process_time()
    reason((of * LONGEST_PASSWORD)[:LONGEST_PASSWORD])
    reason(of * 250_000)
    assert time.process_time() - began < 0.1


def test_the_length_alone_can_be_asked_for() -> None:
    assert parse_password("0123456789") == "0123456789"
