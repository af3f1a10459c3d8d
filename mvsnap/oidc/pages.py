"""Logging in with a provider, and hearing from it that somebody has logged out."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import NoReturn

from flask import Blueprint, Flask, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.core.users import log_in_change, log_out_change, no_role_change
from mvsnap.domain import User
from mvsnap.errors import (
    AccountsAway,
    BadInput,
    LoginRefused,
    TooManyRequests,
)
from mvsnap.oidc import pending, people
from mvsnap.oidc.calls import Calls
from mvsnap.oidc.claims import Identity, account_of, digest
from mvsnap.oidc.provider import LONGEST_TOKEN, Asked, Provider
from mvsnap.texts import N_
from mvsnap.texts.audit_wordings import PROVIDER
from mvsnap.web import auth, login
from mvsnap.web.auth.sessions import log_in
from mvsnap.web.context import Gateway, gateway
from mvsnap.web.limit import Limit, Limiter
from mvsnap.web.links import page_url
from mvsnap.web.proxies import party_of

bp = Blueprint("oidc", __name__)
log = logging.getLogger(__name__)

_EXTENSION = "mvsnap_oidc"
_LONGEST_CODE = 4096
# It becomes part of an address, and few servers take longer ones.
_LONGEST_HINT = 6000
_EXPIRED = N_("This login has expired, or cookies are disabled. Try again.")


class _Door(Struct, frozen=True):
    """What this process knows of the provider, and counts.

    failed: codes that the provider refused, and logged: lines of the log, by address.
    written: lines of the audit log, by account.
    """

    provider: Provider
    failed: Limit
    logged: Limit
    written: Limit

    def warn(self, what: str, error: LoginRefused) -> None:
        """Log a refusal; strangers must not fill the log."""
        if self.logged.hit(party_of(_address())):
            log.warning("%s from %s: %s", what, _address(), error.why or error.message)


def prepare(app: Flask, here: Gateway) -> None:
    """Let people in whom the provider of the settings knows."""
    limiter, what = Limiter(), "Too many failed logins"
    app.extensions[_EXTENSION] = _Door(
        # Most threads stay free while the provider is slow.
        Provider(
            here.settings.login.oidc,
            at_once=max(1, min(4, here.settings.server.threads // 3)),
        ),
        failed=Limit(limiter, 20, what),
        logged=Limit(limiter, 10, what),
        written=Limit(limiter, 20, what, minutes=60),
    )
    app.extensions[login.LOG_OUT_ELSEWHERE] = _log_out_elsewhere
    app.register_blueprint(bp)


@bp.get("/login/oidc")
@auth.public
def start() -> ResponseReturnValue:
    try:
        asked = pending.begin(login.next_page(), gateway().clock.now())
        return redirect(_door().provider.login_url(asked), 303)
    except AccountsAway as exc:
        return _away(exc)


@bp.get("/login/local")
@auth.public
def local() -> ResponseReturnValue:
    """Ask for the password of a local admin."""
    login.require_passwords()
    return login.password_page()


@bp.get("/login/oidc/callback")
@auth.public
def callback() -> ResponseReturnValue:
    try:
        return _finish()
    except LoginRefused as exc:
        _door().warn("failed login", exc)
        return login.provider_page(exc)
    except AccountsAway as exc:
        return _away(exc)
    except TooManyRequests as exc:
        return login.provider_page(exc)


@bp.post("/login/oidc/logout")
@auth.public  # the provider calls: its token is signed
def logged_out() -> ResponseReturnValue:
    """End the sessions that the provider has ended (back-channel log-out)."""
    token, door = request.form.get("logout_token", ""), _door()
    try:
        if not 0 < len(token) <= LONGEST_TOKEN:
            raise LoginRefused("logout_token: missing, or too long")
        notice = door.provider.logged_out(token)
    except AccountsAway as exc:
        _note(exc)
        raise
    except LoginRefused as exc:
        door.warn("refused log-out", exc)
        raise BadInput(exc.message, code="invalid_request") from None
    now, users = gateway().clock.now(), gateway().users
    if users.use_once(digest(notice.issuer, notice.id), now + timedelta(hours=1)):
        if notice.provider_session:
            here = digest(notice.issuer, notice.provider_session)
            change = log_out_change(PROVIDER(), _address(), now)
            users.sessions.end_with(here, change)
        else:
            account = account_of(notice.issuer, notice.subject)
            people.end_sessions(users, account, _address(), now)
    return "", 200


def _finish() -> ResponseReturnValue:
    """Let the person in whom the provider's answer is about."""
    now = gateway().clock.now()
    # Where too many wait, the answer is not used up: the page can be loaded again.
    with _door().provider.calls() as calls:
        begun = pending.take(request.args.get("state", "")[:200], now)
        if begun is None:
            raise LoginRefused(_EXPIRED)
        user, identity = _identified(calls, begun.asked, now)
    gateway().audit.add(log_in_change(user.name, _address(), now))
    log.info("%s logged in from %s", user.name, _address())
    sid = identity.provider_session
    session_id = log_in(user, ends_with=digest(identity.issuer, sid) if sid else "")
    token = identity.id_token if len(identity.id_token) <= _LONGEST_HINT else ""
    gateway().users.keep_token(session_id, now + _session_time(), token)
    return redirect(begun.next or url_for("overview.index"), 303)


def _identified(calls: Calls, asked: Asked, now: datetime) -> tuple[User, Identity]:
    """Return whom the provider names; failures are counted for the address."""
    door, party = _door(), party_of(_address())
    code = request.args.get("code", "")
    if "error" in request.args or not 0 < len(code) <= _LONGEST_CODE:
        _refuse_without_code()
    if door.failed.reached_by(party):
        raise door.failed.too_many(party)
    # A copy of the cookie holds the same state: it counts once, in all processes.
    if not gateway().users.use_once(digest(asked.state), now + pending.LIMIT):
        raise LoginRefused(_EXPIRED)
    try:
        identity = door.provider.identity(calls, code, asked, request.args.get("iss"))
    except LoginRefused:
        door.failed.hit(party)
        raise
    return _admit(identity), identity


def _admit(identity: Identity) -> User:
    here, now = gateway(), gateway().clock.now()
    role = here.settings.login.oidc.roles.role_of(identity.values)
    if role is not None:
        return people.admit(here.users, identity, role, now)
    people.dismiss(here.users, identity, now)
    if _door().written.hit(identity.account):
        here.audit.add(no_role_change(identity.name, _address(), now))
    raise LoginRefused(
        f"{_door().provider.name} knows you as {identity.name}, "
        "but you have no role here. Ask an admin of this gateway to give you one."
    )


def _refuse_without_code() -> NoReturn:
    error = request.args.get("error", "no code")[:60]
    name = _door().provider.name
    if error == "access_denied":
        raise LoginRefused(f"{name} did not let you in, or you cancelled.")
    words = f"{name} refused the login; see the log."
    raise LoginRefused(words, why=f"{name} answered {error!r}")


def _log_out_elsewhere(session_id: str) -> str | None:
    """Return where the session at the provider ends, too; None: nowhere."""
    token = gateway().users.take_token(session_id)
    if token is None:  # of a local admin
        return None
    try:
        return _door().provider.logout_url(token, page_url("login.login"))
    except AccountsAway as exc:
        _note(exc)
        return None


def _away(error: AccountsAway) -> ResponseReturnValue:
    _note(error)
    return login.provider_page(error)


def _note(error: AccountsAway) -> None:
    name = _door().provider.name
    log.error("log-ins at %s: %s", name, error.why or error.message)


def _door() -> _Door:
    found: _Door = current_app.extensions[_EXTENSION]
    return found


def _address() -> str:
    return request.remote_addr or "unknown"


def _session_time() -> timedelta:
    return timedelta(hours=gateway().settings.login.session_hours)
