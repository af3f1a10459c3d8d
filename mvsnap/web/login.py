"""Logging in and out."""

from __future__ import annotations

import re

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from mvsnap.domain import Role
from mvsnap.errors import TooManyRequests
from mvsnap.store.people import People
from mvsnap.web import auth
from mvsnap.web.auth.people import log_in, log_out
from mvsnap.web.auth.tries import Tries
from mvsnap.web.context import gateway

bp = Blueprint("login", __name__)

_TRIES = "mvsnap_tries"
# Browsers take //x and /\x for another host, and leave out tabs and line ends first.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    name = StringField("Name")
    password = PasswordField("Password")


def prepare(app: Flask, people: People) -> None:
    app.extensions[_TRIES] = Tries(people)


@bp.get("/login")
@auth.public
def login() -> ResponseReturnValue:
    return _form()


@bp.post("/login")
@auth.public  # LoginForm checks the CSRF token: an old one is told as a page
def try_to_log_in() -> ResponseReturnValue:
    form = LoginForm()
    if not form.validate():
        return _form("This page was too old, or cookies are off. Try again.", 400)
    name, password = form.name.data or "", form.password.data or ""
    tries: Tries = current_app.extensions[_TRIES]
    try:
        user = tries.check(name, password, request.remote_addr or "unknown")
    except TooManyRequests as exc:
        return *_form(exc.message, 429), {"Retry-After": str(exc.retry_after_s)}
    if user is None:
        return _form("Name or password is wrong.", 401)
    log_in(user)
    return redirect(_next(), 303)


@bp.post("/logout")
@auth.page(Role.VIEWER)
def logout() -> ResponseReturnValue:
    log_out()
    flash("You are logged out.", "success")
    return redirect(url_for("login.login"), 303)


def _form(mistake: str = "", status: int = 200) -> tuple[str, int]:
    page = render_template(
        "login/login.html",
        form=LoginForm(),
        mistake=mistake,
        next=_next(),
        anybody=gateway().people.anybody(),
    )
    return page, status


def _next() -> str:
    """Return where to go after the login: a page of this gateway, whatever is asked."""
    wanted = request.args.get("next", "")
    return wanted if _LOCAL_PATH.fullmatch(wanted) else url_for("overview.index")
