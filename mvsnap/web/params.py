"""Parameters of a request, wherever an old or simple client puts them.

Query, form and JSON are equal; names are case-insensitive. Known quirks are tolerated:
no Content-Type, a stray `?` before a name or after the key
(`?apikey=abc?&mvSerial=...`), names that start with `_` (cache busters).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from difflib import get_close_matches
from typing import TypeVar

import flask
from flask import Request
from msgspec import Struct

from mvsnap.core.http_body import form_pairs
from mvsnap.core.params import SEVERAL, parse_limit, parse_moment
from mvsnap.errors import BadInput, UnknownParameter
from mvsnap.web.bodies import MOST_LISTED, names

Value = TypeVar("Value")

_MAX_PARAMETERS = 100
_MAX_BODY = 65_536
# Parameters that may be given several times.
_JOINED_BY = {"mvserial": ",", "webexroom": SEVERAL}
_LONGEST = 40  # of a name that is compared or shown
_PAGE = "50"


class Parameters:
    """Texts by lower-case name; `mvSerial=A&mvSerial=B` becomes `A,B`.

    Several rooms are joined by `params.SEVERAL`.
    """

    def __init__(self, values: dict[str, str]) -> None:
        self._values = values

    def get(self, name: str) -> str | None:
        """Return the value, None if it is missing or empty."""
        return self._values.get(name.lower()) or None

    def parsed(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        text = self.get(name)
        return parse(text) if text else None

    def moment(self, name: str) -> datetime | None:
        return self.parsed(name, lambda text: parse_moment(name, text))

    def limit(self) -> int:
        """Return how many rows a page of a list may have."""
        return parse_limit(self.get("limit") or _PAGE, MOST_LISTED)

    def allow_only(self, *names: str) -> None:
        """Raise UnknownParameter for any other name, suggesting the nearest one."""
        known = {name.lower(): name for name in names}
        for name in self._values:
            if name in known:
                continue
            near = get_close_matches(name[:_LONGEST], known, n=1, cutoff=0.4)
            hint = f"; did you mean {known[near[0]]}?" if near else ""
            expected = ", ".join(names)
            raise UnknownParameter(
                f"Unknown parameter {name[:_LONGEST]!r}{hint} (known: {expected})"
            )


def api_parameters(shape: type[Struct]) -> Parameters:
    """Return what a program asks for: the parameters of the shape, beside its key.

    Raises:
        BadInput: as of `read_parameters`. UnknownParameter: any other parameter.
    """
    parameters = read_parameters(flask.request)
    parameters.allow_only("apikey", *names(shape))
    return parameters


def allow_no_parameters() -> None:
    """Raise UnknownParameter for any but the key."""
    read_parameters(flask.request).allow_only("apikey")


def read_parameters(request: Request) -> Parameters:
    """Return all parameters of the request.

    Raises:
        BadInput: a body that is neither JSON object nor form, or a name given twice
            with different values.
    """
    return _parameters(_query_pairs(request) + _body_pairs(request))


def read_query(request: Request) -> Parameters:
    """Return the address's parameters alone; those with several values are omitted."""
    pairs = _query_pairs(request)
    times = Counter(_name(raw) for raw, _ in pairs)
    once = [pair for pair in pairs if times[_name(pair[0])] == 1]
    return _parameters(once[:_MAX_PARAMETERS])


def _query_pairs(request: Request) -> list[tuple[str, str]]:
    return list(request.args.items(multi=True))


def _parameters(pairs: list[tuple[str, str]]) -> Parameters:
    if len(pairs) > _MAX_PARAMETERS:
        raise BadInput(f"{len(pairs)} parameters (expected at most {_MAX_PARAMETERS})")
    values: dict[str, str] = {}
    for raw, value in pairs:
        name = _name(raw)
        if name.startswith("_"):
            continue
        text = value.strip()
        if name == "apikey":
            text = text.rstrip("?")
        if name in values and values[name] != text:
            if name not in _JOINED_BY:
                raise BadInput(f"{raw.strip()[:40]!r} has two different values")
            text = f"{values[name]}{_JOINED_BY[name]}{text}"
        values[name] = text
    return Parameters(values)


def _name(raw: str) -> str:
    return raw.strip().lstrip("?").lower()


def _body_pairs(request: Request) -> list[tuple[str, str]]:
    if request.mimetype == "multipart/form-data":
        return list(request.form.items(multi=True))
    body = request.get_data(cache=True, parse_form_data=False)
    if len(body) > _MAX_BODY:
        raise BadInput(f"body: {len(body)} bytes (expected at most {_MAX_BODY})")
    if not body.strip():
        return []
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadInput(
            "The body is not UTF-8 (expected a JSON object or a form)"
        ) from exc
    # Simple clients send JSON without saying so, and forms as text/plain.
    if request.is_json or text.lstrip()[:1] in "[{":
        return _json_pairs(text)
    mistake = "The body is neither a JSON object nor a form like mvSerial=Q2XX-..."
    return form_pairs(text.strip(), _MAX_PARAMETERS, mistake)


def _json_pairs(text: str) -> list[tuple[str, str]]:
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise BadInput("The body is not JSON (expected a JSON object)") from exc
    if not isinstance(plain, dict):
        kind = "a list" if isinstance(plain, list) else "a single value"
        raise BadInput(f"The body is {kind} (expected a JSON object)")
    return [(name, _json_text(name, value)) for name, value in plain.items()]


def _json_text(name: str, value: object) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return _JOINED_BY.get(_name(name), ",").join(value)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadInput(f"{name[:40]!r}: expected text or a number")
    return str(value)
