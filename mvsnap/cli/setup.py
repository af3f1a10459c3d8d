"""`init`: asks, checks every answer immediately, and writes config/mvsnap.yaml."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

import click
from rich.markup import escape

from mvsnap.cli.console import continued
from mvsnap.cli.questions import ask_secret, ask_text, choose, ok, time_zone
from mvsnap.cli.setup_cameras import ask_cameras
from mvsnap.cli.setup_ixon import ask_ixon
from mvsnap.cli.setup_keys import new_api_key
from mvsnap.cli.setup_login import BACKENDS, ask_login
from mvsnap.cli.setup_meraki import ask_organization, ask_organizations, sign_in
from mvsnap.cli.terminal import (
    config_option,
    fail,
    foreign_owner,
    list_mistakes,
    load_for_repair,
    out,
    require_changeable,
)
from mvsnap.cli.usage import as_called
from mvsnap.clients.webex.client import Webex
from mvsnap.clients.webex.rooms import matches
from mvsnap.config.load import load
from mvsnap.config.model import Settings
from mvsnap.config.write import Values, write_settings
from mvsnap.domain import LoginBackend
from mvsnap.errors import BadConfig, UpstreamError

if TYPE_CHECKING:
    from pydantic import SecretStr


@config_option
@click.command("init")
@click.option(
    "--logins",
    type=click.Choice(BACKENDS),
    help="Choose how people log in; oidc: asks about the provider.",
)
@click.option(
    "--answers",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ask nothing: a file with the settings of many gateways.",
)
@click.option("--name", help="Gateway in the file of answers; default: the host name.")
@click.option(
    "--service-of",
    metavar="ACCOUNT",
    hidden=True,
    help="For `make install`: the account that later commands run as.",
)
@click.pass_context
def init(
    ctx: click.Context,
    logins: LoginBackend | None,
    answers: Path | None,
    name: str | None,
    service_of: str | None,
) -> None:
    """Ask for keys, check them, write config/mvsnap.yaml (mode 0600).

    Press Enter to skip a service, or to keep its settings. Each section is saved when
    it is complete, so you can stop with Ctrl-C and go on another day. An existing file
    keeps its comments and all other settings. What is wrong in it is shown, and asked
    again.
    """
    if answers is not None:
        from mvsnap.cli.setup_answers import write_answers

        write_answers(ctx.obj, answers, name)
        return
    path: Path = ctx.obj
    require_changeable(path)
    known, mistakes = load_for_repair(ctx)
    account = service_of or foreign_owner(known.data_dir)
    existed = path.exists()
    if existed:
        keeps = "Enter keeps what it has, an answer replaces it."
        out.print(f"{path} exists: {keeps}", markup=False)
    values: Values = {}
    asked = _sections(known, mistakes, values, logins)
    _ask_all(path, known, values, asked, replace=not existed)
    tokens = [_new_token()] if _needs_token(known, values) else []
    values["webhooks"] = {"tokens": tokens} if tokens else {}
    api_keys = [] if known.api_keys else [new_api_key()]
    write_settings(path, values, api_keys, replace=not existed)
    out.print(f"\n[green]Written:[/green] {escape(str(path))}")
    _refuse_what_is_left(path)
    _say_what_is_missing(known, values, account)
    if api_keys:
        # Shown only here: it is the person's own new key, and they need it now.
        out.print(f"Your API key:  {api_keys[0]['key']}")
    out.print("\nNext:")
    key = api_keys[0]["key"] if api_keys else "..."
    ran_before = existed and bool(known.api_keys) and _has_data(known)
    for step in _next_steps(known, values, key, ran_before=ran_before, account=account):
        out.print(f"  {step}", markup=False, whole=True)


def _sections(
    known: Settings,
    mistakes: Sequence[str],
    values: Values,
    logins: LoginBackend | None,
) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return what asks for each section, in order. values: the answers so far."""
    return {
        "site": lambda: _ask_site(known),
        "meraki": lambda: _ask_meraki(known, mistakes),
        "webex": lambda: _ask_webex(known, mistakes),
        "ixon": lambda: ask_ixon(known),
        "recorder": lambda: ask_cameras(known, values),
        "login": lambda: ask_login(known, logins),
    }


def _ask_all(
    path: Path,
    known: Settings,
    values: Values,
    sections: dict[str, Callable[[], dict[str, Any]]],
    *,
    replace: bool,
) -> None:
    """Ask for each section, and save it when it is complete."""
    for section, ask in sections.items():
        with _resumable(values):
            values[section] = ask()
        write_settings(path, values, [], replace=replace)
        if section != "meraki":
            continue
        with _resumable(values):
            for entries in ask_organizations(known, values, path):
                values["organizations"] = entries
                write_settings(path, values, [], replace=replace)


@contextmanager
def _resumable(values: Values) -> Iterator[None]:
    """Say that the sections so far are saved, if the next one does not come."""
    saved = f"Your answers are saved. To go on: {as_called('init')}" if values else ""
    try:
        yield
    except click.Abort:
        out.print(f"\n{saved}")
        raise
    except UpstreamError as exc:
        fail(" ".join(filter(None, (exc.message, saved))))


def _ask_site(known: Settings) -> dict[str, Any]:
    out.print("\n[bold]Site[/bold]")
    name = known.site.name or ask_text("Name of the site", "to skip")
    if known.site.name:
        name = click.prompt("Name of the site", default=name)
    zone = click.prompt("Time zone", default=_default_zone(known), value_proc=time_zone)
    return {"name": name, "timezone": zone}


def _ask_meraki(known: Settings, mistakes: Sequence[str]) -> dict[str, Any]:
    out.print("\n[bold]Meraki[/bold]  Dashboard > My Profile > API access")
    key, dashboard = ask_secret(
        "Dashboard API key",
        partial(sign_in, known),
        known=known.meraki.configured,
        again=_to_repair("meraki", known.meraki.api_key, mistakes),
    )
    if dashboard is None:
        return {}
    _, places = ask_organization(dashboard)
    return {"api_key": key} | places


def _ask_webex(known: Settings, mistakes: Sequence[str]) -> dict[str, Any]:
    out.print("\n[bold]Webex[/bold]  developer.webex.com > My Webex Apps > Bot")

    def try_token(token: str) -> Webex:
        webex = Webex(known.webex.base_url, token)
        ok(f"signed in as {webex.me()}")
        return webex

    token, webex = ask_secret(
        "Bot access token",
        try_token,
        known=known.webex.configured,
        again=_to_repair("webex", known.webex.bot_token, mistakes),
    )
    if webex is None:
        return {}
    rooms = webex.rooms()
    if not rooms:
        out.print("The bot is not in any room yet: add it to one, then set webex.room.")
        return {"bot_token": token}
    room = choose("room", rooms, lambda r: r.title)
    if room is None:
        return {"bot_token": token}
    is_unique = matches(room.title, rooms) == [room]
    return {"bot_token": token, "room": room.title if is_unique else room.id}


def _to_repair(section: str, secret: SecretStr | None, mistakes: Sequence[str]) -> str:
    """Return the secret of a section in which something else is wrong, else ""."""
    if secret is None or not any(each.startswith(f"{section}.") for each in mistakes):
        return ""
    return secret.get_secret_value()


def _default_zone(known: Settings) -> str:
    """Return the machine's own time zone, unless the settings have one."""
    if known.site.timezone != "UTC":
        return known.site.timezone
    try:
        own = Path("/etc/timezone").read_text(encoding="utf-8").strip()
    except OSError:
        return "UTC"
    return own if own in available_timezones() else "UTC"


def _has_data(known: Settings) -> bool:
    """Return whether a service has run with these settings."""
    return known.database_url is not None or (known.data_dir / "mvsnap.db").exists()


def _needs_token(known: Settings, values: Values) -> bool:
    """Return whether cameras now record, but nobody can send an alarm yet."""
    return bool(values["recorder"]) and not known.webhooks.tokens


def _new_token() -> dict[str, Any]:
    return {"name": "alarms", "token": secrets.token_urlsafe(24)}


def _refuse_what_is_left(path: Path) -> None:
    """Exit with code 1 if the file has mistakes in what was not asked or skipped."""
    try:
        load(path)
    except BadConfig as exc:
        list_mistakes(path, exc.mistakes)
        fail("Your answers are saved. Correct the rest in the file.")


def _say_what_is_missing(known: Settings, values: Values, account: str | None) -> None:
    again = as_called("init", by="root" if account else None)
    for name, is_known, lost in (
        ("meraki", known.meraki.configured, "no snapshots"),
        ("webex", known.webex.configured, "no messages"),
    ):
        if not values[name] and not is_known:
            out.print(f"[yellow]{name} was skipped: {lost} until you run {again}")


def _next_steps(
    known: Settings,
    values: Values,
    key: str,
    *,
    ran_before: bool,
    account: str | None,
) -> Iterator[str]:
    """Yield what can be done with what was given, now or before.

    account: that of a service which `make install` starts; the commands run as it.
    """
    has_key = bool(values["meraki"]) or known.meraki.configured
    pictures = has_key and values["meraki"].get("cameras", known.meraki.cameras)
    url, login = known.server.own_url, values["login"].get("backend", "local")
    curl = "curl -k" if known.server.tls.pair else "curl"
    steps = [("check", "check every service")]
    if pictures:
        steps.append(("snapshot", "take a first snapshot"))
    if not ran_before and login != "oidc":
        steps.append(("users add YOUR-NAME", "to log in to the pages"))
    rows = [(as_called(words, by=account), text) for words, text in steps]
    if ran_before:
        restart = "sudo service mvsnap restart" if account else "restart the service"
        rows.append((restart, "to apply the settings"))
    else:
        if not account:
            rows.append(("make run", "start the service"))
        rows.append((f"{url}/", "open the pages in a browser"))
    width = max(len(row) for row, _ in rows)
    yield from (f"{row:{width}}  {text}" for row, text in rows)
    if pictures:
        yield continued(f"{curl} -H 'X-API-Key: {key}'", f"{url}/api/v1.0/getSnapshot")
    if values["recorder"] or known.recorder.cameras:
        tokens = values["webhooks"].get("tokens")
        token = tokens[0]["token"] if tokens else "..."
        yield continued(f"{curl} -d text='Just a test'", f"{url}/webhook/{token}")
