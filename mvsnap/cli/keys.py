"""`keys`: API keys and webhook tokens of the store, for those without a browser."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn
from zoneinfo import ZoneInfo

import click

from mvsnap.cli.camera_names import (
    camera_called,
    cameras_to_name,
    unknown_camera,
)
from mvsnap.cli.overlap import overlap_option
from mvsnap.cli.table import print_table
from mvsnap.cli.terminal import (
    config_option,
    err,
    fail,
    json_option,
    load_settings,
    open_parts,
    out,
    print_json,
    storage_errors,
)
from mvsnap.cli.usage import CommandGroup, as_called, did_you_mean
from mvsnap.clock import iso
from mvsnap.config.key_limits import (
    ACTIONS,
    SCOPES,
    USUAL_SCOPES,
    read_key_limits,
    read_token_limits,
)
from mvsnap.config.model import Settings
from mvsnap.core.days import day_span
from mvsnap.core.keys import KeyKind, StoredKey, parse_name, shown_start, summary
from mvsnap.core.site_time import stored_to_minute
from mvsnap.errors import BadInput
from mvsnap.spelling import folded
from mvsnap.texts.audit_wordings import COMMAND_LINE

if TYPE_CHECKING:
    from mvsnap.runtime import Parts
    from mvsnap.store.keys.changes import KeyChanges

_WHO = COMMAND_LINE()
_OF_FILE = "from the settings file"


@click.group(cls=CommandGroup)
def keys() -> None:
    """API keys and webhook tokens, beside those of the settings file."""


@config_option
@keys.command()
@click.argument("name")
@click.option("--webhook", is_flag=True, help="A webhook token instead of an API key.")
@click.option(
    "--camera",
    "cameras",
    multiple=True,
    help="An API key may use only this camera (name or serial); a token's alarms "
    "that name none are of it. May be repeated.",
)
@click.option(
    "--room",
    "rooms",
    multiple=True,
    help="An API key may post only to this room or channel; a token's alarms go "
    "there. May be repeated.",
)
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="What an API key may do; may be repeated. Default: "
    f"{', '.join(USUAL_SCOPES)}.",
)
@click.option(
    "--action",
    "actions",
    multiple=True,
    type=click.Choice(ACTIONS),
    help="What alarms of a webhook token lead to; may be repeated. Default: "
    "webhooks.actions.",
)
@click.option("--expires", metavar="DATE", help="Last day it works, like 2027-01-31.")
@click.pass_context
def add(ctx: click.Context, /, name: str, webhook: bool, **given: Any) -> None:
    """Make a key and print it, this once."""
    settings = load_settings(ctx)
    kind = KeyKind.TOKEN if webhook else KeyKind.KEY
    parts = open_parts(settings)
    with storage_errors(settings):
        given["cameras"] = _called(parts, given["cameras"])
    limits = _limits(parts.settings, kind, given)
    name = parse_name(name)
    expires_at = _expiry(given["expires"], settings, parts.clock.now())
    with storage_errors(settings):
        made = _changes(parts).make(kind, name, limits, expires_at)
    _print_secret(made.text, f"{kind.noun} {name}")


@config_option
@keys.command()
@click.argument("name")
@overlap_option("How long the old one works on.")
@click.pass_context
def rotate(ctx: click.Context, name: str, overlap: timedelta) -> None:
    """Replace a key by a new one and print that, this once."""
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings):
        made = _changes(parts).rotate(_found(parts, settings, name), overlap)
    _print_secret(made.text, f"{made.key.kind.noun} {made.key.name}")
    if overlap and made.old_ends_at is not None:
        ends = stored_to_minute(made.old_ends_at, settings.site.zone)
        err.print(f"The old one works until {ends}.", markup=False)


@config_option
@keys.command()
@click.argument("name")
@click.pass_context
def remove(ctx: click.Context, name: str) -> None:
    """Remove a key; it is refused from the next request on."""
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings):
        found = _found(parts, settings, name)
        _changes(parts).remove(found)
    out.print(f"Removed the {found.kind.noun} {found.name}.", markup=False)


@config_option
@keys.command("list")
@json_option
@click.pass_context
def list_keys(ctx: click.Context, as_json: bool) -> None:
    """List all keys and tokens, without their secrets."""
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings):
        stored = parts.keys.all()
    zone, now = settings.site.zone, parts.clock.now()
    in_file = [(kind, name) for kind, names in _in_file(settings) for name in names]
    if as_json:
        of_file = [{"name": n, "kind": k.noun, "state": _OF_FILE} for k, n in in_file]
        print_json([*(_plain(key, now) for key in stored), *of_file])
        return
    rows = [_row(key, zone, now) for key in stored]
    rows += [(name, kind.noun, _OF_FILE, "", "", "") for kind, name in in_file]
    if not rows:
        add = as_called("keys add NAME")
        out.print(f"No keys yet. Make one: {add}", markup=False)
        return
    headings = ("name", "kind", "state", "starts with", "last used", "limits")
    print_table(headings, rows, time="last used", zone=zone)


def _row(key: StoredKey, zone: ZoneInfo, now: datetime) -> tuple[str, ...]:
    at, address = _last_use(key)
    used = f"{at.astimezone(zone):%Y-%m-%d %H:%M}\n{address}" if at else "never"
    start = shown_start(key.secrets[0].lookup)
    limits = summary(key.limits, key.expires_at, zone)
    return key.name, key.kind.noun, key.state(now), start, used, limits


def _last_use(key: StoredKey) -> tuple[datetime | None, str]:
    uses = [(s.used_at, s.used_from) for s in key.secrets if s.used_at]
    return max(uses, default=(None, ""))


def _plain(key: StoredKey, now: datetime) -> dict[str, Any]:
    at, address = _last_use(key)
    return {
        "name": key.name,
        "kind": key.kind.noun,
        "state": key.state(now),
        "starts_with": shown_start(key.secrets[0].lookup),
        "last_used_at": iso(at) if at else None,
        "last_used_from": address or None,
        "expires_at": iso(key.expires_at) if key.expires_at else None,
        "limits": dict(key.limits),
    }


def _changes(parts: Parts) -> KeyChanges:
    from mvsnap.store.keys.changes import KeyChanges

    return KeyChanges(parts.keys, parts.settings, parts.clock, _WHO)


def _found(parts: Parts, settings: Settings, name: str) -> StoredKey:
    wanted = folded(name)
    for key in parts.keys.all():
        if folded(key.name) == wanted:
            return key
    if any(wanted in map(folded, names) for _, names in _in_file(settings)):
        fail(f"{name} is in the settings file; change it there")
    of_file = [name for _, names in _in_file(settings) for name in names]
    hint = did_you_mean(name, [*(key.name for key in parts.keys.all()), *of_file])
    fail(f"No key {name}.{hint} List keys: {as_called('keys list')}")


def _in_file(settings: Settings) -> list[tuple[KeyKind, list[str]]]:
    return [
        (KeyKind.KEY, [key.name for key in settings.api_keys]),
        (KeyKind.TOKEN, [token.name for token in settings.webhooks.tokens]),
    ]


def _called(parts: Parts, typed: Sequence[str]) -> list[str]:
    """Return serials, and names of recorder cameras, for names that people know."""
    others = list(parts.settings.recorder.cameras)
    dashboard = cameras_to_name(parts, typed, others)
    found, wrong = [], []
    for each in typed:
        name = camera_called(each, dashboard, others)
        if name is None and did_you_mean(
            each, [*others, *(camera.name for camera in dashboard)]
        ):
            wrong.append(unknown_camera(each, dashboard, others))
        found.append(name or each)
    if wrong:
        raise click.UsageError("\n".join(wrong))
    return found


def _limits(settings: Settings, kind: KeyKind, given: dict[str, Any]) -> dict[str, Any]:
    cameras, rooms = list(given["cameras"]), list(given["rooms"])
    scopes, actions = list(given["scopes"]), list(given["actions"])
    known = settings.recorder.cameras
    if kind is KeyKind.KEY:
        if actions:
            raise click.UsageError("--action is for webhook tokens: add --webhook")
        wanted = {"cameras": cameras or ["*"], "rooms": rooms or ["*"]}
        wanted["scopes"] = scopes or list(USUAL_SCOPES)
        limits, mistakes = read_key_limits(wanted, known)
    else:
        if scopes:
            raise click.UsageError("--webhook has no --scope")
        room = rooms[0] if len(rooms) == 1 else rooms
        token = {"cameras": cameras, "actions": actions, "room": room or None}
        limits, mistakes = read_token_limits(token, known)
    if mistakes:
        _fail_with_all(mistakes)
    return limits


def _fail_with_all(mistakes: dict[str, str]) -> NoReturn:
    fail("\n".join(f"{name}: {text}" for name, text in mistakes.items()))


def _expiry(text: str | None, settings: Settings, now: datetime) -> datetime | None:
    if text is None:
        return None
    try:
        end = day_span(text, settings.site.zone)[1]
    except BadInput as exc:
        raise BadInput(f"--expires: {exc.message.removeprefix('day: ')}") from exc
    if end <= now:
        raise BadInput(f"--expires: {text} is over (expected a day to come)")
    return end


def _print_secret(text: str, whose: str) -> None:
    """Print the secret alone to stdout, so that a program can read it."""
    err.print(f"The {whose}, shown only this once:", markup=False)
    out.print(text, markup=False)
