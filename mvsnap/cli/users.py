"""`users`: who may log in to the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click
from rich.markup import escape

from mvsnap.cli.table import print_table
from mvsnap.cli.terminal import (
    config_option,
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
from mvsnap.core.users import (
    parse_name,
    put_change,
    remove_change,
    reset_change,
    role_of_next,
)
from mvsnap.domain import SYSTEM_ACCOUNT, LoginBackend, Role, User
from mvsnap.errors import BadInput
from mvsnap.texts.audit_wordings import COMMAND_LINE

if TYPE_CHECKING:
    from mvsnap.config.login import LoginSection
    from mvsnap.config.model import Settings
    from mvsnap.runtime import Parts

_WHO = COMMAND_LINE()
# Where the password is.
_KEPT: dict[LoginBackend, str] = {
    "local": "here",
    "pam": "system account",
    "oidc": "provider",
}


def _checked(_ctx: click.Context, _argument: click.Parameter, text: str) -> str:
    try:
        return parse_name(text)
    except BadInput as exc:
        raise click.BadParameter(exc.message) from exc


@click.group(cls=CommandGroup)
def users() -> None:
    """Users who can log in to the pages."""


@config_option
@users.command()
@click.argument("name", callback=_checked)
@click.option(
    "--role",
    type=click.Choice([str(role) for role in Role]),
    help="Default: admin for the first user, viewer for others.",
)
@click.option(
    "--password-file",
    type=click.File("r", encoding="utf-8"),
    help="File whose first line is the password; -: standard input.",
)
@click.option("--yes", is_flag=True, help="Replace an existing user without asking.")
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    role: str | None,
    password_file: TextIO | None,
    yes: bool,
) -> None:
    """Add a user, or set a new password (with login.backend pam, a new role)."""
    settings = load_settings(ctx)
    parts = open_parts(settings)
    backend = _backend_of_new(settings.login)
    if backend == "pam":
        _require_account(name, password_file)
    with storage_errors(settings):
        known, first = parts.users.user(name), not parts.users.anybody(backend)
    if known is not None and not yes:
        click.confirm(_question(known, backend), abort=True)
    given = None if role is None else Role(role)
    user = User(
        name=name,
        role=role_of_next(given, known, first=first),
        password_hash=_stored_password(settings, name, password_file),
        changed_at=parts.clock.now(),
    )
    with storage_errors(settings):
        parts.users.put(user, put_change(user, known, _WHO))
    by = " with the system account" if backend == "pam" else ""
    out.print(f"{name} can log in as {user.role}{by}.", markup=False)


@config_option
@users.command()
@click.argument("name", callback=_checked)
@click.option("--yes", is_flag=True, help="Remove the last admin without asking.")
@click.pass_context
def remove(ctx: click.Context, name: str, yes: bool) -> None:
    """Remove a user, which also ends their sessions."""
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings):
        admins = [user.name for user in _admins(parts, settings.login)]
    if admins == [name] and settings.login.backend != "oidc" and not yes:
        out.print(
            f"{name} is the last admin: nobody could change settings on the pages.",
            markup=False,
        )
        click.confirm("Remove?", abort=True)
    with storage_errors(settings):
        change = remove_change(name, parts.users.user(name), _WHO, parts.clock.now())
        found = parts.users.remove(name, change)
        left = _admins(parts, settings.login)
    if not found:
        _fail_unknown(parts, name)
    out.print(f"Removed {name}.", markup=False)
    # A provider makes admins anew.
    if not left and settings.login.backend != "oidc":
        out.print(
            "[yellow]No admin is left:[/yellow] "
            + escape(as_called("users add NAME --role admin"))
        )


@config_option
@users.command("list")
@json_option
@click.pass_context
def list_users(ctx: click.Context, as_json: bool) -> None:
    """List the users."""
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings):
        found = parts.users.users()
        with_app = parts.users.second_factors.names()
    if as_json:
        print_json([_plain(user, user.name in with_app) for user in found])
        return
    if not found:
        add = as_called("users add NAME")
        out.print(f"No users yet. Add yourself: {add}", markup=False)
        return
    zone = settings.site.zone
    rows = [
        (
            user.name,
            user.role,
            _KEPT[user.backend],
            "app" if _has_factor(user, user.name in with_app) else "",
            f"{user.changed_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        )
        for user in found
    ]
    headings = ("name", "role", "password", "second factor", "changed")
    print_table(headings, rows, whole=("role",), time="changed", zone=zone)
    backend = settings.login.backend
    if not all(settings.login.knows(user) for user in found):
        out.print(f"With login.backend {backend}, the others cannot log in.")


def _has_factor(user: User, with_app: bool) -> bool:
    return with_app and user.backend == "local"


def _plain(user: User, with_app: bool) -> dict[str, Any]:
    return {
        "name": user.name,
        "role": user.role,
        "password": _KEPT[user.backend],
        "second_factor": _has_factor(user, with_app),
        "changed_at": iso(user.changed_at),
    }


@config_option
@users.command("reset-second-factor")
@click.argument("name", callback=_checked)
@click.pass_context
def reset_second_factor(ctx: click.Context, name: str) -> None:
    """Remove the authenticator app of a user whose phone is lost."""
    settings = load_settings(ctx)
    parts = open_parts(settings)
    with storage_errors(settings):
        user = parts.users.user(name)
        if user is None:
            _fail_unknown(parts, name)
        if parts.users.second_factors.find(name) is None:
            fail(f"{name} has no second factor.")
        change = reset_change(name, _WHO, parts.clock.now())
        parts.users.second_factors.remove(name, change)
        parts.users.sessions.end_others(name, "")
    needed = user.role in settings.login.second_factor.required_of
    then = "must set up a new app then" if needed else "can set up a new app then"
    out.print(
        f"{name} can log in with the password alone, and {then}. "
        "All sessions have ended.",
        markup=False,
    )


def _backend_of_new(login: LoginSection) -> LoginBackend:
    if login.backend == "oidc" and not login.oidc.local_admins:
        fail(
            "With login.backend oidc, the provider adds people: give them a group of "
            "login.oidc.roles. For local admins: login.oidc.local_admins."
        )
    return "local" if login.backend == "oidc" else login.backend


def _fail_unknown(parts: Parts, name: str) -> NoReturn:
    hint = did_you_mean(name, [user.name for user in parts.users.users()])
    fail(f"No user {name}.{hint} List users: {as_called('users list')}")


def _admins(parts: Parts, login: LoginSection) -> list[User]:
    found = [user for user in parts.users.users() if login.knows(user)]
    return [user for user in found if user.role is Role.ADMIN]


def _require_account(name: str, password_file: TextIO | None) -> None:
    from mvsnap.web import accounts

    if password_file is not None:
        fail("With login.backend pam, the password is that of the system account.")
    if not accounts.exists(name):
        fail(f"No system account {name} that can log in (root never can).")


def _question(known: User, backend: LoginBackend) -> str:
    if known.backend == "oidc":
        return f"{known.name} logs in with the provider. With a password from now on?"
    if backend == "local":
        return f"{known.name} exists. Set a new password?"
    if known.backend == "local":
        return f"{known.name} exists. Log in with the system account from now on?"
    return f"{known.name} exists. Set the role again?"


def _stored_password(settings: Settings, name: str, file: TextIO | None) -> str:
    if settings.login.backend == "pam":
        return SYSTEM_ACCOUNT
    from mvsnap.web.passwords import accepted, hashed

    site = settings.site.name
    return hashed(_password(file, lambda text: accepted(text, name, site)))


def _password(file: TextIO | None, accepted: Callable[[str], str]) -> str:
    if file is None:
        asked: str = click.prompt(
            "Password",
            hide_input=True,
            confirmation_prompt=True,
            value_proc=lambda text: _asked_again(text, accepted),
        )
        return asked
    try:
        return accepted(file.readline().rstrip("\r\n"))
    except BadInput as exc:
        fail(exc.message)
    except UnicodeDecodeError:
        fail("The password file is not UTF-8")


def _asked_again(text: str, accepted: Callable[[str], str]) -> str:
    """Raise click's own error for a password that cannot be used: it asks again."""
    try:
        return accepted(text)
    except BadInput as exc:
        raise click.UsageError(exc.message) from exc
