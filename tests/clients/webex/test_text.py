from __future__ import annotations

import re

import pytest

from mvsnap.clients.webex.client import fit, neutralise


@pytest.mark.parametrize(
    "text",
    [
        "Gate North",
        "cam_gate_3 (2) - Büro & Lager, 50%: #1!",
        "Kamera 3 / Halle 1 ~ 5 m",
        "john@example.com",
        "👩‍🔧 東京",
    ],
)
def test_plain_text_comes_back_as_it_is(text: str) -> None:
    assert neutralise(text) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("<@all>", id="mention of all"),
        pytest.param("<@personEmail:a@b.c|Bob>", id="mention by e-mail"),
        pytest.param("&lt;@all&gt; &#60;@all&#62;", id="mention as entities"),
        pytest.param("**bold** *it* __bold__ _it_ ~~no~~", id="emphasis"),
        pytest.param("[bank](https://evil.example)", id="link"),
        pytest.param("![x](https://evil.example/x.png)", id="image"),
        pytest.param("`code` ```block```", id="code"),
        pytest.param("<b>bold</b><img src=x>", id="HTML"),
        pytest.param("# heading", id="heading"),
        pytest.param("- item", id="list"),
        pytest.param("1. item", id="numbered list"),
        pytest.param("> quote", id="quote"),
        pytest.param("a\n\n# b\r\n- c\u2028d", id="several lines"),
        pytest.param("\u202eevil\u2066", id="turned writing direction"),
        pytest.param("\ud800 \x00\x1b[31m", id="no characters at all"),
        pytest.param("end\\", id="an escape of what follows"),
        pytest.param("    code", id="indented"),
    ],
)
def test_nothing_in_foreign_text_works(text: str) -> None:
    shown = neutralise(text)
    assert not re.search(
        r"[<>`*\[\]\\\n\r\t\x00-\x1f\u202a-\u202e\u2066-\u2069]", shown
    )
    assert not re.search(r"(^|\W)_|_(\W|$)|~~|&#?\w+;", shown)
    assert not re.match(r"\s|[#+=|-]|\d+[.)]", shown)
    assert neutralise(shown) == shown
    shown.encode()


def test_foreign_text_stays_readable() -> None:
    assert neutralise("<@all> *Gate*\n[3]") == "‹@all› ∗Gate∗ (3)"


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("short", 5, "short", id="just fits"),
        pytest.param("longer", 5, "lo…", id="cut"),
        pytest.param("ä" * 10, 8, "ää…", id="two bytes each, not halved"),
        pytest.param("😀😀", 7, "😀…", id="four bytes each"),
        pytest.param("\ud800", 10, "?", id="half a surrogate pair"),
    ],
)
def test_a_message_is_cut_between_characters(
    text: str, limit: int, expected: str
) -> None:
    assert fit(text, limit) == expected
    assert len(fit(text, limit).encode()) <= limit


def test_the_longest_message_is_what_webex_takes() -> None:
    assert len(fit("ü" * 9000).encode()) in (7438, 7439)
