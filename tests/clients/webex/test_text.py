from __future__ import annotations

import re
import time

import pytest

from mvsnap.clients.webex.client import fit, neutralise

LINKS = (
    "http://evil.example/a?b=c#d",
    "see HTTPS://EVIL now",
    "ftp://evil, webexteams://im?space=1",
    "http://user:pw@evil.example:80/x",
    "www.evil.example",
    "Go to WWW.Evil.Example.",
    "evil.com/path",
    "evil.co.uk:8080",
    "(evil.com)",
    "//evil.com/x",
    "evil\uff0ecom",
    "\u00e9vil.\u0440\u0444 and xn--a.xn--p1ai",
    "ev\u200bil\u2060.c\u00adom",
    "evil\u0301.com",
    "10.0.0.7:80/x 10.0.0.7/x",
    "http:////evil.com",
    "mailto:bob@evil.com?subject=x",
    "MailTo:bob",
    "tel:+4930123 sip:bob@evil.com javascript:alert(1)",
    "www.evil.com@evil.com user@evil.com/x",
    "<http://evil.com> [x](http://evil.com) <spark-mention data-object-type='x'>",
)
# More eager than any client: what none of these finds is plain text.
CLICKABLE = re.compile(
    r"[a-z][a-z0-9+.-]*://|(?<!\w)//\w|\bwww[.\uff0e]|(mailto|tel|sip|javascript):\S"
    r"|(?<!@)\b[^\W_][\w-]*[.\uff0e]([^\W\d_]{2,}|xn--\w+)\b|\d+(\.\d+){3}[:/]",
    re.I,
)


@pytest.mark.parametrize("text", LINKS)
def test_no_address_in_foreign_text_is_a_link(text: str) -> None:
    assert CLICKABLE.search(text) or not text.isascii()
    shown = neutralise(text)
    assert not CLICKABLE.search(shown), shown
    # As people read it: the same letters, in the same order.
    letters = re.compile(r"[\W_]+")
    assert letters.sub("", shown) == letters.sub("", text)


def test_links_are_found_in_linear_time() -> None:
    parts = (".a", "www.", "://", "a@", "a.", "1.", "(", "mailto:", "a.bb", "/", "xn--")
    began = time.process_time()
    for part in parts:
        neutralise(part * (64_000 // len(part)))
    assert time.process_time() - began < 10


@pytest.mark.parametrize(
    "text",
    [
        "Gate North",
        "cam_gate_3 (2) - Büro & Lager, 50%: #1!",
        "Kamera 3 / Halle 1 ~ 5 m",
        "john@example.com",
        "Anna (anna.b@example.com), Tel. 030 1234567",
        "Error:42 at 14:03, v1.2.3, 3.5kg, 10.0.0.7 of 24/7 // meraki.api_key",
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
        *(pytest.param(link, id=link[:30]) for link in LINKS),
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
