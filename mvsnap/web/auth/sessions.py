"""People who are logged in: their sessions, and what ends them."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, g, request, session
from flask.sessions import (
    SecureCookieSession,
    SecureCookieSessionInterface,
    SessionMixin,
)
from flask_login import LoginManager, current_user, login_user
from flask_wtf.csrf import generate_csrf
from msgspec import Struct

from mvsnap.config.login import LoginSection
from mvsnap.core.browsers import browser_of
from mvsnap.core.users import LoginSession
from mvsnap.domain import Change, Role, User
from mvsnap.web import https
from mvsnap.web.auth.login_attempts import may_come
from mvsnap.web.auth.opened_cookies import OpenedCookies
from mvsnap.web.context import gateway

_ROLES = tuple(Role)
# Between the password and the code.
_CODE_WAIT = timedelta(minutes=5)
_AWAITING = "awaiting_code"
# The store is on an SD card: the last use is written this seldom, or, where sessions
# end soon, ten times until then.
_WRITTEN_EVERY = timedelta(minutes=5)


class SessionUser(Struct, frozen=True):
    """Who is logged in. Flask-Login's interface is below.

    session_id: as in the store. must_enrol: may only set up a second factor.
    """

    name: str
    role: Role
    session_id: str
    must_enrol: bool = False

    def may(self, role: Role) -> bool:
        """Return whether the person's role includes this one."""
        if self.role not in _ROLES:  # that of a newer release, which may be any
            return False
        return _ROLES.index(self.role) >= _ROLES.index(role)

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def is_authenticated(self) -> bool:
        return True

    @property
    def is_active(self) -> bool:
        return True

    @property
    def is_anonymous(self) -> bool:
        return False

    def get_id(self) -> str:
        return self.name


class Sessions(SecureCookieSessionInterface):
    """Sessions in a signed cookie. Devices have none: no secret is read for them."""

    def __init__(self) -> None:
        self._opened = OpenedCookies()

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie:
            return self.session_class()
        # The key first: with a fresh one come those that it has replaced.
        keys = (str(app.secret_key), *app.config["SECRET_KEY_FALLBACKS"])
        checked = super().open_session
        return self.session_class(
            self._opened.content(cookie, keys, lambda: checked(app, request) or {})
        )

    def save_session(
        self, app: Flask, session: SessionMixin, response: Response
    ) -> None:
        if not session or self.should_set_cookie(app, session):
            super().save_session(app, session, response)
        elif session.accessed:
            response.vary.add("Cookie")

    def is_null_session(self, obj: object) -> bool:
        # None: the database with the secret was unavailable when the session was
        # opened.
        return obj is None or super().is_null_session(obj)

    def get_cookie_name(self, app: Flask) -> str:
        return https.cookie_name()

    def get_cookie_path(self, app: Flask) -> str:
        return https.cookie_path()

    def get_cookie_secure(self, app: Flask) -> bool:
        return https.is_https()


def prepare(app: Flask, session_hours: float) -> None:
    """Register sessions and the current user with the app."""
    app.session_interface = Sessions()
    app.config.update(
        PERMANENT_SESSION_LIFETIME=timedelta(hours=session_hours),
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    manager = LoginManager()
    manager.session_protection = None  # phones change their address all the time
    manager.user_loader(_still_logged_in)
    manager.init_app(app, add_context_processor=False)


def log_in(user: User, *, ends_with: str = "") -> str:
    """Start a new session; nothing of the previous one remains.

    ends_with: id of a session elsewhere; when that is ended, so is this one.
    Returns its id, as it is stored.
    """
    _end_previous()
    hours = gateway().settings.login.session_hours
    session.permanent = True
    session["id"] = secrets.token_hex(16)
    length = timedelta(hours=hours)
    started = _start(user, session["id"], length, ends_with=ends_with)
    login_user(SessionUser(user.name, user.role, started.id))
    generate_csrf()
    return started.id


def await_code(user: User) -> None:
    """Note that the password was right; `log_in` follows when the code is, too."""
    _end_previous()
    session[_AWAITING] = [user.name, secrets.token_hex(16)]
    _start(user, session[_AWAITING][1], _CODE_WAIT, awaits_code=True)


def user_awaiting_code() -> User | None:
    """Return whose password was right a short time ago, if the user is unchanged."""
    _, session_id = session.get(_AWAITING, ("", ""))
    now = gateway().clock.now()
    return gateway().users.sessions.user_awaiting_code(_stored(session_id), now)


def _start(
    user: User,
    session_id: str,
    length: timedelta,
    *,
    awaits_code: bool = False,
    ends_with: str = "",
) -> LoginSession:
    now = gateway().clock.now()
    started = LoginSession(
        id=_stored(session_id),
        user_name=user.name,
        started_at=now,
        used_at=now,
        ends_at=now + length,
        address=request.remote_addr or "unknown",
        browser=browser_of(request.headers.get("User-Agent", "")),
        awaits_code=awaits_code,
        ends_with=ends_with,
    )
    gateway().users.sessions.start(started, user)
    return started


def _end_previous() -> None:
    name, session_id = session.get(_AWAITING) or (
        session.get("_user_id"),
        session.get("id"),
    )
    if name and session_id:
        gateway().users.sessions.end(name, _stored(session_id))
    forget_session()


def log_out(change: Change) -> None:
    """End the session: a copy of its cookie is worthless from now on."""
    gateway().users.sessions.end(change.who, _stored(session["id"]), change)
    forget_session()


def forget_session() -> None:
    """Let the browser forget it; in the store, it goes on."""
    session.clear()
    g.pop("csrf_token", None)  # Flask-WTF caches it for the rest of the request


def find_session_user() -> SessionUser | None:
    """Return who is logged in, according to the request's session."""
    found: Any = current_user._get_current_object()
    return found if isinstance(found, SessionUser) else None


def note_use(someone: SessionUser) -> None:
    """Write that the session of the request is in use, if that was long ago."""
    login, now = gateway().settings.login, gateway().clock.now()
    every = min(_WRITTEN_EVERY, idle_limit(login) / 10)
    used_at: datetime = g.session_used_at
    if now - used_at >= every:
        gateway().users.sessions.touch(someone.session_id, now, every)


def idle_limit(login: LoginSection) -> timedelta:
    return timedelta(minutes=login.idle_minutes)


def _still_logged_in(name: str) -> SessionUser | None:
    """Return the person, unless the session has ended or the user has changed."""
    session_id, here = session.get("id"), gateway()
    login = here.settings.login
    if not session_id:
        return None
    now, idle = here.clock.now(), idle_limit(login)
    found = here.users.sessions.find(_stored(session_id), now, idle)
    if found is None:
        return None
    stored, user, has_factor = found
    if user.name != name or not may_come(user, login):
        return None
    g.session_used_at = stored.used_at
    must_enrol = not has_factor and user.role in login.second_factor.required_of
    return SessionUser(user.name, user.role, stored.id, must_enrol)


def _stored(session_id: str) -> str:
    """Return the id as it is stored: who reads the database cannot use it."""
    return hashlib.sha256(session_id.encode()).hexdigest()
