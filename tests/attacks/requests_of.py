"""Requests that are expensive to read, by size; for each route and caller."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

HEAD, BODY = 15_000, 990_000
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data; boundary=x"
_END = "\r\n--x--\r\n"
_FIELDS = (
    *("timestamp", "user_id", "reader", "mvSerial", "webexRoom", "at", "prefix"),
    *("serial", "zone", "minutes", "title", "wait_s", "systemLabel", "shortContent"),
    *("createdOn", "alertTypeId", "occurredAt", "deviceSerial", "sharedSecret"),
)
_NAMES = (
    *("mvSerial", "webexRoom", "at", "prefix", "wait_s", "apikey", "kind", "since"),
    *("until", "serial", "after", "limit", "day", "from", "to", "hour_from", "hour_to"),
    *("zone", "minutes", "camera", "user", "reader", "verdict", "next", "text", "ssid"),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of request; `made` returns query, headers and body for a size."""

    name: str
    made: Callable[[int], tuple[str, dict[str, str], bytes]]


def repeated(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size]


def numbered(form: str, between: str, size: int) -> str:
    """Return `form` with 0, 1, 2 ... for %d, as many as there is room for."""
    return between.join(form % n for n in range(size // (len(form) + len(between) + 3)))


def queries() -> Iterator[Shape]:
    def query(name: str, made: Callable[[int], str]) -> Shape:
        return Shape(f"query: {name}", lambda size: (made(size), {}, b""))

    yield query("names", lambda size: numbered("a%d=1", "&", size))
    yield query("one name", lambda size: repeated("mvSerial=a&", size))
    yield query("percents", lambda size: "a=" + "%" * size)
    for piece in ("+", "%CC%81%CC%A7"):
        yield query(
            f"values of {piece}",
            lambda size, piece=piece: "&".join(  # type: ignore[misc]
                f"{name}={repeated(piece, size // len(_NAMES) - 12)}" for name in _NAMES
            ),
        )


def headers() -> Iterator[Shape]:
    def header(name: str, made: Callable[[int], str]) -> Shape:
        return Shape(f"{name}: {made(12)}", lambda size: ("", {name: made(size)}, b""))

    for name in (
        *("Accept", "Accept-Language", "Accept-Encoding", "Accept-Charset", "Range"),
        *("Cookie", "If-None-Match", "If-Modified-Since", "If-Range", "If-Match"),
        *("Authorization", "X-API-Key", "Content-Type", "Content-Encoding", "Host"),
        *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Forwarded"),
        *("Content-Length", "Content-Disposition", "Cache-Control", "User-Agent"),
        *("Idempotency-Key", "Referer", "Origin", "Transfer-Encoding", "Expect"),
    ):
        for piece in (" ", ",", 'a="', "a;q=1,", '"a", ', "0-1,", ";a*0*=b"):
            yield header(name, lambda size, piece=piece: repeated(piece, size))  # type: ignore[misc]
    yield header("Range", lambda size: f"bytes={numbered('%d-', ',', size)}")
    yield header("Cookie", lambda size: numbered("a%d=1", "; ", size))
    yield header("Cookie", lambda size: f"session={'.' * size}")
    yield header("Cookie", lambda size: f"session=.{'eJ' * (size // 2)}.a.b")
    yield header("Authorization", lambda size: f"Basic {'QUFB' * (size // 4)}")
    yield header("Authorization", lambda size: f"Bearer {' ' * size}x")
    yield header("Authorization", lambda size: f"Digest {repeated('a=b, ', size)}")
    yield header("Content-Type", lambda size: f"{JSON}{repeated(';a=b', size)}")


def bodies() -> Iterator[Shape]:
    yield from _json_bodies()
    yield from _forms()
    yield from _multiparts()

    def packed(n: int) -> tuple[str, dict[str, str], bytes]:
        text = gzip.compress(b'{"a": "' + b" " * (n * 30))
        return "", {"Content-Type": JSON, "Content-Encoding": "gzip"}, text[:BODY]

    yield Shape("body: gzip of blanks", packed)


def _body(name: str, kind: str, made: Callable[[int], str]) -> Shape:
    def whole(size: int) -> tuple[str, dict[str, str], bytes]:
        return "", {"Content-Type": kind}, made(size).encode()[:BODY]

    return Shape(f"body: {name}", whole)


def _json_bodies() -> Iterator[Shape]:
    for piece in ("[", '{"a":', '["', '"', "{'", "{'a': ", " ", "1", "[1,", '\\"', "é"):
        yield _body(f"{piece} * n", JSON, partial(repeated, piece))
    for name, inner in (
        ("flat", partial(numbered, '"a%d":1', ",")),
        ("same keys", lambda n: '"a":1,' * (n // 6) + '"a":1'),
        ("digits", lambda n: '"a":' + "9" * n),
        ("numbers", lambda n: '"a":[' + ("9" * 4000 + ",") * (n // 4001) + "1]"),
        ("a string", lambda n: '"title":"' + " " * n + 'x"'),
    ):
        yield _body(name, JSON, lambda n, inner=inner: "{" + inner(n) + "}")  # type: ignore[misc]
    for one in ("[]", "{}", '""'):
        many = f"{one},"
        yield _body(
            f"a list of {one}",
            JSON,
            lambda n, many=many: f"[{repeated(many, n)[:-3]}0]",  # type: ignore[misc]
        )
    for piece in (" ", "0", "-", "é", "e\u0301", "\u0301\u0327", "%", ".", "a "):
        yield _body(f"texts of {piece!r}", JSON, partial(_texts, piece))
    yield _body("events", JSON, _events)


def _texts(piece: str, size: int) -> str:
    text = f"2026-03-04{repeated(piece, size // len(_FIELDS) // 2)}\nx"
    return json.dumps(dict.fromkeys(_FIELDS, text), ensure_ascii=False)


def _events(size: int) -> str:
    event = {"timestamp": "2026-03-04T12:00:00Z", "user_id": "1", "reader": "a"}
    most = min(size // 80, 1000)
    return json.dumps([event | {"number": number} for number in range(most)])


def _forms() -> Iterator[Shape]:
    yield _body("fields", FORM, partial(numbered, "a%d=1", "&"))
    yield _body("one field", FORM, lambda n: "title=" + "%20" * (n // 3) + "x")
    yield _body("ands", FORM, partial(repeated, "&"))
    yield _body("words", "text/plain", partial(repeated, "a "))
    yield _body(
        "marks", "text/plain", lambda n: "\u0301" * (n // 4) + "\u0327" * (n // 4)
    )


def _multiparts() -> Iterator[Shape]:
    is_a = "--x\r\nContent-Disposition: form-data;"
    shapes: tuple[tuple[str, Callable[[int], str]], ...] = (
        ("parts", partial(numbered, f'{is_a} name="a%d"\r\n\r\n1', "\r\n")),
        (
            "files",
            partial(numbered, f'{is_a} name="a"; filename="%d"\r\n\r\n1', "\r\n"),
        ),
        ("small parts", partial(repeated, f"{is_a}name=a\r\n\r\n\r\n")),
        ("lines", partial(repeated, "\r\n")),
        ("dashes", lambda n: "--x\r\n\r\n" + repeated("\r\n-", n)),
        ("boundaries", lambda n: "--x\r\n\r\n" + repeated("\r\n--x ", n)),
        ("headers", lambda n: "--x\r\n" + numbered("a%d: b", "\r\n", n)),
        ("names", lambda n: f"{is_a}{repeated('a=b; ', n)}\r\n\r\n"),
        ("quotes", lambda n: f'{is_a} name="' + repeated('\\"', n) + "\r\n\r\n"),
        ("blanks", lambda n: f"{is_a}{' ' * n}\r\n\r\n"),
        ("folds", lambda n: is_a + repeated("\r\n ", n) + "\r\n\r\n"),
        (
            "encoded",
            lambda n: f"{is_a} name*=UTF-8''" + repeated("%41", n) + "\r\n\r\n",
        ),
    )
    for name, made in shapes:
        yield _body(f"multipart {name}", _MULTIPART, partial(_ended, made))


def _ended(made: Callable[[int], str], size: int) -> str:
    return made(size) + _END
