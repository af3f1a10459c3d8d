"""Limits of keys and tokens that are made on the pages, by the rules of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import SecretStr, ValidationError

from mvsnap.config.model import ApiKey, Scope, Settings
from mvsnap.config.values import LEAST_KEY, KnownCameras
from mvsnap.config.webhooks import Action, WebhookToken
from mvsnap.spelling import folded

SCOPES: tuple[Scope, ...] = get_args(Scope)
ACTIONS: tuple[Action, ...] = get_args(Action)
USUAL_SCOPES: tuple[Scope, ...] = ApiKey.model_fields["scopes"].default
# Only the limits are kept; the models ask for a secret, too.
_NO_SECRET = "-" * LEAST_KEY


def read_key_limits(
    given: Mapping[str, Any], recorder_cameras: Iterable[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return cameras, rooms and scopes of an API key, and the mistakes by field."""
    return _read(ApiKey, {"key": _NO_SECRET} | dict(given), recorder_cameras)


def read_token_limits(
    given: Mapping[str, Any], recorder_cameras: Iterable[str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return cameras, actions and room of a token, and the mistakes by field."""
    return _read(WebhookToken, {"token": _NO_SECRET} | dict(given), recorder_cameras)


def stored_token(name: str, limits: Mapping[str, Any]) -> WebhookToken:
    """Return a token of the store as one of the file, without its secret."""
    room = limits.get("room")
    return WebhookToken.model_construct(
        name=name,
        token=SecretStr(""),
        cameras=tuple(limits.get("cameras", ())),
        actions=tuple(limits.get("actions", ())),
        room=tuple(room) if isinstance(room, list) else room,
    )


def names_in_file(settings: Settings) -> set[str]:
    """Return the names of all keys and tokens of the file, in one spelling."""
    names = [key.name for key in settings.api_keys]
    names += [token.name for token in settings.webhooks.tokens]
    return set(map(folded, names))


def _read(
    model: type[ApiKey | WebhookToken],
    given: Mapping[str, Any],
    recorder_cameras: Iterable[str],
) -> tuple[dict[str, Any], dict[str, str]]:
    known = KnownCameras(tuple(recorder_cameras))
    try:
        found = model.model_validate({"name": "-"} | dict(given), context=known)
    except ValidationError as exc:
        return {}, _mistakes(exc, given)
    # Hours are for those of the file: pages and commands do not ask for any.
    left_out = {"name", "key", "token", "when", "outside"}
    return found.model_dump(mode="json", exclude=left_out), {}


def _mistakes(exc: ValidationError, given: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for error in exc.errors(include_url=False, include_input=False):
        name = str(error["loc"][0])
        index = error["loc"][1] if len(error["loc"]) > 1 else None
        entry = given[name][index] if isinstance(index, int) else None
        said = error["msg"].removeprefix("Value error, ")
        if error["type"] == "too_short":
            said = "Choose at least one."
        if entry is not None:
            said = f"{str(entry)[:60]!r}: {said}"
        # The first says it best: a tuple with one bad entry counts as empty, too.
        found.setdefault(name, said)
    return found
