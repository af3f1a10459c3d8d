from __future__ import annotations

import json
import time

import pytest

from mvsnap.clients import answers
from tests.clients.fakes import NOON


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("7", 7.0, id="whole seconds"),
        pytest.param(" 1.5 ", 1.5, id="a fraction"),
        pytest.param("0", 0.0, id="zero"),
        pytest.param("-3", 0.0, id="negative"),
        pytest.param("86400", 3600.0, id="a day is cut to an hour"),
        pytest.param("inf", 3600.0, id="infinite"),
        pytest.param("Wed, 04 Mar 2026 12:00:30 GMT", 30.0, id="HTTP date"),
        pytest.param("Wed, 04 Mar 2026 11:00:00 GMT", 0.0, id="date gone by"),
        pytest.param("rand(30),add(30)", None, id="garbage seen from Webex"),
        pytest.param("nan", None, id="not a number"),
        pytest.param("", None, id="empty"),
        pytest.param(None, None, id="missing"),
    ],
)
def test_retry_after_is_read_with_tolerance(
    header: str | None, seconds: float | None
) -> None:
    assert answers.retry_after_s(header, NOON) == seconds


def test_words_of_a_service_lose_links_secrets_and_length() -> None:
    said = answers.clean("see https://x.example/a\nfor key-1 " + "x" * 999, "key-1")
    assert said.startswith("see [link] for [secret] xxx")
    assert len(said) == 300


def test_words_of_a_service_are_one_printable_line() -> None:
    assert answers.clean("a\x1b[31m\0b\r\nc") == "a [31m b c"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errors": ["Bad x", "Bad y"]}, "Bad x; Bad y"),
        ({"errors": "Bad x"}, "Bad x"),
        ({"error": "Bad x"}, "Bad x"),
        ({"Error": {"code": 17, "message": "Bad x"}}, "Bad x"),
        ({"errors": [{"message": "Bad x"}, {"detail": "y"}]}, "Bad x; y"),
        ({"errors": {"timestamp": ["is invalid"]}}, "timestamp: is invalid"),
        ({"errors": [], "message": "Bad x"}, "Bad x"),
        ({"errors": None, "error_message": "Bad x"}, "Bad x"),
        ({"message": "Bad x", "code": 3}, "Bad x"),
        ({"detail": "Bad x"}, "Bad x"),
        (["Bad x"], "Bad x"),
        ([{"error": "Bad x"}], "Bad x"),
        ("Bad x", "Bad x"),
        ({"errors": [17, None, True]}, "17"),
        ({"errorMessages": ["Bad x"]}, "Bad x"),
        ({"fault": {"faultstring": "Bad x"}}, "Bad x"),
        ({"result": "failure", "info": "Bad x"}, "Bad x"),
        ({"status": "error", "data": {"errors": ["Bad x"]}}, "Bad x"),
        ({"errors": ["<html><h1>Camera is busy</h1>"]}, "Camera is busy"),
        ({"errors": ["<html><h1>503 Service Unavailable</h1>"]}, ""),
        ({"url": "https://x.example/secret"}, ""),
        ({}, ""),
        (None, ""),
        (7, ""),
    ],
    ids=str,
)
def test_a_reason_is_found_in_every_shape(body: object, said: str) -> None:
    assert answers.reason(json.dumps(body).encode()) == said


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b" Bad x\n", "Bad x", id="plain text"),
        pytest.param(
            b"<html><head><title>Error 400: no access</title><style>h1 {}</style>"
            b"</head><body><h1>400 Bad Request.</h1><script>x</script>"
            b"<p>Bad x &amp; y<p>Error 400: no access</html>",
            "Error 400: no access; Bad x & y",
            id="HTML",
        ),
        pytest.param(
            b"<html>\r\n<head><title>400 Bad Request</title></head>\r\n<body>\r\n"
            b"<center><h1>400 Bad Request</h1></center>\r\n<hr><center>nginx</center>",
            "",
            id="HTML of a web server",
        ),
        pytest.param(b"\n <!doctype html>", "", id="HTML without words"),
        pytest.param(b"<p" * 30_000, "", id="HTML that is broken"),
        pytest.param(b"<!--" * 15_000, "", id="comments without end"),
        pytest.param(
            "Kamera gestört".encode("latin-1"), "Kamera gestört", id="Latin-1"
        ),
        pytest.param(
            '{"errors": ["Kamera gestört"]}'.encode("latin-1"),
            "Kamera gestört",
            id="JSON in Latin-1",
        ),
        pytest.param(
            "<h1>Kamera gestört</h1>".encode("latin-1"),
            "Kamera gestört",
            id="HTML in Latin-1",
        ),
        pytest.param(b"\xef\xbb\xbfBad x", "Bad x", id="a byte order mark"),
        pytest.param(b'{"errors": ["Bad', "", id="cut JSON"),
        pytest.param(b"\xff\xd8\xff", "", id="bytes"),
        pytest.param(b"", "", id="empty"),
        pytest.param(b"x" * 100_000, "", id="too long"),
        pytest.param(b"<h1>Denied</h1><![ if IE]>", "Denied", id="odd HTML"),
        pytest.param(b'{"a":' * 5000 + b"1" + b"}" * 5000, "", id="deep"),
        pytest.param(
            b'{"errors": ["key-1 is bad, see https://x.example/key-1"]}',
            "[secret] is bad, see [link]",
            id="a secret",
        ),
    ],
)
def test_a_reason_is_short_and_harmless(body: bytes, said: str) -> None:
    assert answers.reason(body, "key-1") == said


def test_a_long_reason_is_cut_in_little_time() -> None:
    body = json.dumps({"errors": ["a" * 15_000] * 4}).encode()
    began = time.process_time()
    assert answers.reason(body) == "a" * 300
    assert time.process_time() - began < 1
