"""Hooks of schemathesis: what it makes up gets past the tokens and secrets.

Made-up values replace parts of messages as the clouds send them; most others would only
ever meet "wrong secret".
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import schemathesis

from tests.runtime.secret_settings import ANSWERS, SECRET, SHARED, TOKEN
from tests.webhooks.build import ixon, meraki, sensor
from tests.wifi.scanning_build import location, seen2, seen3, version2, version3

_SCANNED = (
    version2(seen2()),
    version3(seen3(locations=[location(0, ("0c:8d:db:00:00:01", -65))])),
)
_ALARMS = (meraki(), sensor("door", 1), ixon())


@schemathesis.hook
def before_call(
    _context: schemathesis.HookContext,
    case: schemathesis.Case[Any],
    _kwargs: dict[str, Any],
) -> None:
    path, choose = case.operation.path, random.Random(repr(case.body))
    if "token" in (case.path_parameters or {}):
        case.path_parameters["token"] = TOKEN
    if not isinstance(case.body, dict) or case.method != "POST":
        return
    if path.startswith("/scanning"):
        case.body = _filled(_SCANNED, case.body, choose) | {"secret": SECRET}
    elif path.startswith("/webhook") and choose.random() < 0.7:
        case.body = _filled(_ALARMS, case.body, choose) | {"sharedSecret": SHARED}


@schemathesis.hook
def after_call(
    _context: schemathesis.HookContext,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> None:
    with ANSWERS.open("a") as file:
        file.write(f"{case.method} {case.operation.path} {response.status_code}\n")


def _filled(
    samples: tuple[dict[str, Any], ...], made_up: dict[str, Any], choose: random.Random
) -> dict[str, Any]:
    """Return one of the messages, with what was made up in places of it."""
    message = deepcopy(choose.choice(samples))
    for name, value in made_up.items():
        places = list(_places(message))
        place, key = choose.choice(places)
        place[key] = value
        message.setdefault(name, value)
    return message


def _places(part: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container in it with each of its keys."""
    inner = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in list(inner):
        yield part, key
        if isinstance(value, dict | list):
            yield from _places(value)
