"""People who are logged in: their sessions, and what ends them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, Request, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_login import LoginManager, current_user, login_user
from flask_wtf.csrf import generate_csrf

from mvsnap.clock import iso
from mvsnap.domain import Change, Role, User
from mvsnap.web.auth.login_attempts import may_come
from mvsnap.web.context import gateway

_ROLES = tuple(Role)


@dataclass(frozen=True, slots=True)
class SessionUser:
    """Who is logged in. Flask-Login's interface is below."""

    name: str
    role: Role

    def may(self, role: Role) -> bool:
        """Return whether the person's role includes this one."""
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

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def is_null_session(self, obj: object) -> bool:
        # None: the database with the secret was unavailable when the session was
        # opened.
        return obj is None or super().is_null_session(obj)

    def get_cookie_secure(self, app: Flask) -> bool:
        public_url = gateway().settings.site.public_url or ""
        return request.is_secure or public_url.startswith("https:")


def prepare(app: Flask, session_hours: float) -> None:
    """Register sessions and the current user with the app."""
    app.session_interface = Sessions()
    app.config.update(
        PERMANENT_SESSION_LIFETIME=timedelta(hours=session_hours),
        SESSION_COOKIE_NAME="mvsnap",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
    )
    manager = LoginManager()
    manager.session_protection = None  # phones change their address all the time
    manager.user_loader(_still_logged_in)
    manager.init_app(app, add_context_processor=False)


def log_in(user: User, *, ends_with: str = "") -> None:
    """Start a new session; nothing of the previous one remains.

    ends_with: id of a session elsewhere; when that is ended, so is this one.
    """
    end = gateway().clock.now() + timedelta(
        hours=gateway().settings.login.session_hours
    )
    _forget_session()
    session.permanent = True
    session["id"] = secrets.token_hex(16)
    session["until"] = end.timestamp()
    session["mark"] = _fingerprint(user)
    if ends_with:
        session["ends_with"] = ends_with
    login_user(SessionUser(user.name, user.role))
    generate_csrf()


def log_out(change: Change) -> None:
    """End the session: a copy of its cookie is worthless from now on."""
    until = datetime.fromtimestamp(session["until"], UTC)
    gateway().users.end_session(str(session["id"]), until, change)
    _forget_session()


def _forget_session() -> None:
    session.clear()
    g.pop("csrf_token", None)  # Flask-WTF caches it for the rest of the request


def find_session_user() -> SessionUser | None:
    """Return who is logged in, according to the request's session."""
    found: Any = current_user._get_current_object()
    return found if isinstance(found, SessionUser) else None


def _still_logged_in(name: str) -> SessionUser | None:
    """Return the person, unless the session has ended or the user has changed."""
    until, session_id = session.get("until"), session.get("id")
    now = gateway().clock.now().timestamp()
    if not isinstance(until, float) or now >= until or not session_id:
        return None
    ids = [str(found) for found in (session_id, session.get("ends_with")) if found]
    user = gateway().users.user_of_session(name, *ids)
    if user is None or not hmac.compare_digest(
        str(session.get("mark")), _fingerprint(user)
    ):
        return None
    if not may_come(user, gateway().settings.login):
        return None
    return SessionUser(user.name, user.role)


def _fingerprint(user: User) -> str:
    """Return a fingerprint that changes with the user's password or role."""
    text = "\n".join((user.password_hash, user.role, iso(user.changed_at)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
