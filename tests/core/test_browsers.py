from __future__ import annotations

import time

import pytest

from mvsnap.core.browsers import browser_of

GECKO = "Mozilla/5.0 ({}) Gecko/20100101 Firefox/140.0"
WEBKIT = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) {}"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (GECKO.format("Windows NT 10.0; Win64; x64; rv:140.0"), "Firefox on Windows"),
        (GECKO.format("X11; Linux x86_64; rv:140.0"), "Firefox on Linux"),
        (
            WEBKIT.format(
                "Linux; Android 16; Pixel 9", "Chrome/142.0.0.0 Mobile Safari/537.36"
            ),
            "Chrome on Android",
        ),
        (
            WEBKIT.format(
                "Windows NT 10.0; Win64; x64",
                "Chrome/142.0.0.0 Safari/537.36 Edg/142.0",
            ),
            "Edge on Windows",
        ),
        (
            WEBKIT.format(
                "iPhone; CPU iPhone OS 18_5 like Mac OS X",
                "Version/18.5 Mobile/15E148 Safari/604.1",
            ),
            "Safari on iPhone",
        ),
        (
            WEBKIT.format(
                "Macintosh; Intel Mac OS X 10_15_7", "Version/18.5 Safari/605.1.15"
            ),
            "Safari on Mac",
        ),
        (
            WEBKIT.format("X11; Linux x86_64", "HeadlessChrome/142.0 Safari/537.36"),
            "Chrome on Linux",
        ),
        ("curl/8.14.1", "Unknown browser"),
        ("<script>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_has_a_name_in_words(user_agent: str, name: str) -> None:
    assert browser_of(user_agent) == name


def test_a_long_one_takes_no_time() -> None:
    began = time.process_time()
    assert browser_of("M" * 1_000_000 + "Firefox/") == "Unknown browser"
    assert time.process_time() - began < 0.05
