"""Who may call: API keys, people who are logged in, or anyone.

Every view declares its access with one of the decorators here; a view without one is
refused, so nothing becomes public by accident.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote

from flask import Flask, current_app, g, redirect, request, url_for
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect
from msgspec import Struct

from mvsnap.config.model import ApiKey, Scope
from mvsnap.domain import Role
from mvsnap.errors import Forbidden, Unauthorized
from mvsnap.texts import refusal_wordings
from mvsnap.texts.audit_wordings import role_words
from mvsnap.web.auth import sessions
from mvsnap.web.auth.keys import (
    Authenticator,
    Caller,
    Counters,
    FindCaller,
    key_of,
)
from mvsnap.web.auth.sessions import SessionUser
from mvsnap.web.known import note_known

View = TypeVar("View", bound=Callable[..., Any])

_AUTHENTICATOR = "mvsnap_guard"
# Addresses for programs: their errors are always JSON.
_PROGRAMS = (
    "/api/", "/webhook", "/webex", "/scanning", "/healthz", "/readyz", "/metrics",
)  # fmt: skip


class Access(Struct, frozen=True):
    """Who may call a view: a key with the scope, a person with the role; or either.

    before_enrolment: also people who still have to set up their second factor.
    """

    scope: Scope | None = None
    role: Role | None = None
    before_enrolment: bool = False


PUBLIC = Access()


def prepare(
    app: Flask,
    keys: tuple[ApiKey, ...],
    *,
    stored: FindCaller,
    rate_per_minute: int,
    session_hours: float,
) -> None:
    """Make the app check the access of every view."""
    counters = Counters.new(rate_per_minute)
    app.extensions[_AUTHENTICATOR] = Authenticator(keys, counters, stored)
    app.config.update(
        # Checked below, for the views that use a session.
        WTF_CSRF_CHECK_DEFAULT=False,
        # The token is valid as long as the session it is bound to; that is enough, and
        # Referer has another host behind a proxy that changes Host.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    CSRFProtect(app)
    sessions.prepare(app, session_hours)
    app.before_request(check_access)


def api_key(scope: Scope) -> Callable[[View], View]:
    """The view needs an API key with this scope, available as `caller()`."""
    return _mark(Access(scope=scope))


def page(role: Role, *, before_enrolment: bool = False) -> Callable[[View], View]:
    """The view needs a person with this role or a higher one, available as `person()`.

    Requests that change something also need the CSRF token of the session.
    """
    return _mark(Access(role=role, before_enrolment=before_enrolment))


def key_or_login(scope: Scope) -> Callable[[View], View]:
    """The view needs an API key with this scope, or any person; both as `caller()`."""
    return _mark(Access(scope=scope, role=Role.VIEWER))


def public(view: View) -> View:
    """Anyone may call the view."""
    return _mark(PUBLIC)(view)


def _mark(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]  # read by access_of
        return view

    return mark


def access_of(view: Any) -> Access | None:
    """Return what the view declared, None if nothing."""
    return getattr(view, "access", None)


def check_access() -> ResponseReturnValue | None:
    """Runs before every request; returns a redirect to the login where that helps."""
    if request.endpoint is None:  # 404 and 405 need no key
        if for_a_person():
            g.person = sessions.find_session_user()  # the error page has a menu, too
        return None
    access = access_of(current_app.view_functions[request.endpoint])
    if access is None:
        raise Forbidden(refusal_wordings.NO_ACCESS())
    if access == PUBLIC:
        return None
    if access.role is not None and (access.scope is None or not key_of(request)):
        g.person = sessions.find_session_user()
        if g.person is not None:
            return _admit_user(g.person, access)
    if access.scope is None:
        return _to_login()
    admit().require_scope(access.scope)
    return None


def _admit_user(someone: SessionUser, access: Access) -> ResponseReturnValue | None:
    note_known()
    if someone.must_enrol and not access.before_enrolment:
        return _to_enrolment(someone)
    if access.role is not None and not someone.may(access.role):
        raise Forbidden(refusal_wordings.PAGE_FOR[access.role]())
    if request.method not in {"GET", "HEAD", "OPTIONS"}:
        csrf: CSRFProtect = current_app.extensions["csrf"]
        csrf.protect()
    if access.scope is not None:
        # Every role sees the pages of badges.
        g.caller = Caller(someone.name, [access.scope, "review"])
    # Pages that update themselves fetch what is no page: nobody may be there.
    if for_a_person() or request.method == "POST":
        sessions.note_use(someone)
    return None


def _to_enrolment(someone: SessionUser) -> ResponseReturnValue:
    if request.method not in {"GET", "HEAD"} or not for_a_person():
        role = role_words(someone.role)
        raise Forbidden(refusal_wordings.NEEDS_FACTOR(role=role))
    return redirect(url_for("second_factor.index"), 303)


def _to_login() -> ResponseReturnValue:
    if request.method not in {"GET", "HEAD"} or not for_a_person():
        raise Unauthorized("You are not logged in, or your session has ended")
    return redirect(login_address(), 303)


def login_address() -> str:
    """Return where somebody logs in, and comes back from to this page."""
    query = request.full_path.removeprefix(request.path).rstrip("?")
    # Quoted again: the name of a camera may have spaces.
    here = quote(request.script_root + request.path) + query
    return url_for("login.login", next=here)


def admit() -> Caller:
    """Return the caller of the request, or raise; `caller()` works from then on."""
    g.caller = key_authenticator(current_app).admit(request)
    note_known()
    return caller()


def key_authenticator(app: App) -> Authenticator:
    """Return the authenticator of the API keys; call `prepare` before."""
    found: Authenticator = app.extensions[_AUTHENTICATOR]
    return found


def caller() -> Caller:
    """Return the caller of the API; people may use all cameras."""
    found: Caller = g.caller
    return found


def person() -> SessionUser:
    """Return who is logged in; for views with `page`."""
    found: SessionUser = g.person
    return found


def session_user_or_none() -> SessionUser | None:
    """Return who is logged in, if the current request has looked it up."""
    found: SessionUser | None = g.get("person")
    return found


def for_a_program() -> bool:
    """Return whether the address is no page's: scripts of pages ask for JSON, too."""
    return request.path.startswith(_PROGRAMS)


def for_a_person() -> bool:
    """Return whether a browser asks for a page, not a program for data."""
    if request.headers.get("Accept", "*/*") == "*/*":
        return False  # neither is liked better; scripts of pages ask so, often
    accepts = request.accept_mimetypes
    return not for_a_program() and accepts["text/html"] > accepts["application/json"]
