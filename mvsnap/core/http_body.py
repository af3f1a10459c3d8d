"""Body of a webhook as JSON objects, however its sender packed them. Pure.

Accepted are a JSON object, a list of them, a JSON text that contains JSON (as in IXON's
own example), a form and plain words. Only BadInput is raised, whatever the bytes; it
names the field and shows no value, as a value may be a secret.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Never
from urllib.parse import parse_qsl

from mvsnap.core.strict_json import RepeatedKey, unique_keys
from mvsnap.errors import BadInput
from mvsnap.spelling import fold

MAX_BYTES = 262_144
MAX_DEPTH = 32
MAX_VALUES = 10_000
MAX_MESSAGES = 100
# Each value but the first of its list or object follows one; texts have some, too.
_MAX_COMMAS = 4 * MAX_VALUES
_MAX_FIELDS = 200
_MAX_DIGITS = 20  # of 64 bits
_WRAPPED = 3  # a JSON text in a JSON text in a JSON text

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]{1,40})", re.I | re.ASCII)
# No others: some that Python supports are slow, or not encodings of text.
_CHARSETS = {
    "ascii": "ascii",
    "us-ascii": "ascii",
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "iso-8859-15": "iso8859-15",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
}
_BEGINS_JSON = (b"{", b"[", b'"')
_NEITHER = (
    "body: neither a JSON object nor a form (words need the Content-Type text/plain)"
)
_SECRETS = {"sharedsecret", "apikey", "routingkey"}


def read(body: bytes, content_type: str = "") -> dict[str, Any]:
    """Return the only message of a body, see `read_all`.

    Raises:
        BadInput: also if there are several.
    """
    found = read_all(body, content_type)
    if len(found) > 1:
        refuse("body", found, "a JSON object")
    return found[0]


def read_all(body: bytes, content_type: str = "") -> list[dict[str, Any]]:
    """Return one message or more.

    None has a duplicate key or a number beyond 64 bits. Plain words are a message with
    the field `text`.

    Raises:
        BadInput
    """
    if len(body) > MAX_BYTES:
        raise BadInput(f"body: {len(body)} bytes (expected at most {MAX_BYTES})")
    # Programs in C may send the end of their texts, too.
    text = _decoded(body, content_type).strip().rstrip("\0").rstrip()
    if not text:
        raise BadInput("body: empty (expected a JSON object)")
    if text[0] in '{["' or "json" in content_type.lower():
        found = _unwrapped(parse_json("body", text, _JSON))
    else:
        found = _form(text, may_be_words=_is_plain_text(content_type))
    _check(found)
    return found


def read_inner(path: str, text: str) -> Any:
    """Return the JSON that a text of the message holds."""
    found = parse_json(path, text, _JSON)
    _check(found, path)
    return found


def parse_json(
    path: str,
    text: str,
    decoder: json.JSONDecoder,
    expected: str = "a JSON object",
    *,
    max_commas: int = _MAX_COMMAS,
) -> Any:
    """Return the parsed JSON.

    decoder: has `unique_keys` as its object_pairs_hook.

    Raises:
        BadInput: it is invalid, an object has a duplicate key, or it holds so much that
            parsing it would take long.
    """
    if text.count(",") > max_commas:
        raise BadInput(f"{shown(path)}: too many values (expected {expected})")
    try:
        return decoder.decode(text.strip())
    except RepeatedKey as exc:
        raise _given_twice(exc.key) from exc
    except (ValueError, RecursionError) as exc:
        raise BadInput(f"{shown(path)}: not JSON (expected {expected})") from exc


def form_pairs(text: str, most: int, mistake: str) -> list[tuple[str, str]]:
    """Return names and values of a form; BadInput with `mistake` if it is not one."""
    try:
        return parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, max_num_fields=most
        )
    except ValueError as exc:
        raise BadInput(mistake) from exc


def given_once(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the fields of a form by name; BadInput for a duplicate."""
    try:
        return unique_keys(pairs)
    except RepeatedKey as exc:
        raise _given_twice(exc.key) from exc


def shared_secret(message: dict[str, Any]) -> str:
    """Return Meraki's secret, "" if the message has none.

    Templates may put it below another field, or call it `routing_key`.
    """
    inner = (value for value in message.values() if isinstance(value, dict))
    for where in (message, *inner):
        found = _secret(where, "sharedsecret") or _secret(where, "routingkey")
        if found:
            return found
    return ""


def api_key(message: dict[str, Any]) -> str:
    return _secret(message, "apikey")


def without_secrets(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message without them, at whatever depth they are.

    Raises:
        BadInput: it is nested deeper than MAX_DEPTH.
    """
    found: dict[str, Any] = _without_secrets(message, 1)
    return found


def _without_secrets(value: Any, depth: int) -> Any:
    if not isinstance(value, dict | list):
        return value
    if depth > MAX_DEPTH:
        raise BadInput(f"body: nested deeper than {MAX_DEPTH}")
    if isinstance(value, list):
        return [_without_secrets(item, depth + 1) for item in value]
    return {
        key: _without_secrets(item, depth + 1)
        for key, item in value.items()
        if fold(key) not in _SECRETS
    }


def kind_of(value: object) -> str:
    """Return the type of a JSON value, in words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "an object"


def refuse(path: str, value: object, expected: str) -> Never:
    raise BadInput(f"{shown(path)}: {kind_of(value)} (expected {expected})")


def shown(path: str) -> str:
    """Return a path for an error message: its end is the informative part."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in path[-100:])
    return plain or "(no name)"


def _secret(message: dict[str, Any], name: str) -> str:
    found = [value for key, value in message.items() if fold(key) == name]
    # Twice, in two spellings: ambiguous.
    if len(found) != 1 or not isinstance(found[0], str):
        return ""
    return found[0]


def _decoded(body: bytes, content_type: str) -> str:
    named = _CHARSET.search(content_type)
    if named and named[1].lower() not in _CHARSETS:
        raise BadInput("Content-Type: unsupported charset (expected utf-8)")
    charset = _CHARSETS[named[1].lower()] if named else json.detect_encoding(body)
    try:
        return body.decode(charset)
    except ValueError as exc:
        # Old controllers send Latin-1 without saying so: better read than lost.
        is_text = body.lstrip()[:1] in _BEGINS_JSON or _is_plain_text(content_type)
        if not named and charset == "utf-8" and is_text:
            return body.decode("latin-1")
        raise BadInput(f"body: not {charset} text (expected a JSON object)") from exc


def _unwrapped(found: Any) -> list[dict[str, Any]]:
    for _ in range(_WRAPPED):
        if isinstance(found, str) and found.strip():
            found = parse_json("body", found, _JSON)
        elif isinstance(found, list) and len(found) == 1:
            found = found[0]
    messages = found if isinstance(found, list) and found else [found]
    if len(messages) > MAX_MESSAGES:
        raise BadInput(
            f"body: a list of {len(messages)} (expected at most {MAX_MESSAGES})"
        )
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            path = "body" if len(messages) == 1 else f"body.{index}"
            refuse(path, message, "a JSON object")
    return messages


def _is_plain_text(content_type: str) -> bool:
    return content_type.partition(";")[0].strip().lower() == "text/plain"


def _form(text: str, *, may_be_words: bool) -> list[dict[str, Any]]:
    try:
        pairs = form_pairs(text, _MAX_FIELDS, _NEITHER)
    except BadInput:
        if may_be_words:
            return [{"text": text}]
        raise
    if len(pairs) == 1 and pairs[0][1].lstrip()[:1] in ("{", "[", '"'):
        return _unwrapped(parse_json(pairs[0][0], pairs[0][1], _JSON))  # payload={...}
    return [given_once(pairs)]


def _check(found: Any, path: str = "") -> None:
    """Refuse what databases and later code cannot handle.

    found: a value at `path`, or messages; a single message has no path of its own.
    """
    if isinstance(found, list) and len(found) == 1 and not path:
        found = found[0]
    values = 0
    left: list[tuple[str, Any, int]] = [(path, found, 1)]
    while left:
        here, value, depth = left.pop()
        values += 1
        if depth > MAX_DEPTH:
            raise BadInput(f"{shown(here)}: nested deeper than {MAX_DEPTH}")
        if values > MAX_VALUES:
            raise BadInput(f"body: more than {MAX_VALUES} values")
        if isinstance(value, float) and not math.isfinite(value):
            raise BadInput(f"{shown(here)}: not a 64-bit number")
        if isinstance(value, dict):
            inner = [(name[:40], item) for name, item in value.items()]
        elif isinstance(value, list):
            inner = [(str(index), item) for index, item in enumerate(value)]
        else:
            continue
        start = f"{here[-80:]}." if here else ""
        left += [(start + name, item, depth + 1) for name, item in inner]


def _given_twice(name: str) -> BadInput:
    return BadInput(f"{shown(name[:40])}: given twice")


def _whole(digits: str) -> int | float:
    number = int(digits) if len(digits) <= _MAX_DIGITS else math.inf
    return number if -(2**63) <= number < 2**64 else math.inf  # refused by _check


# As small devices write it: a line break within a text, NaN for a value they lack.
_JSON = json.JSONDecoder(
    object_pairs_hook=unique_keys,
    parse_int=_whole,
    parse_constant=lambda _name: None,
    strict=False,
)
