"""The second step of a login: the code of an authenticator app, or a recovery code."""

from __future__ import annotations

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
from wtforms import StringField

from mvsnap.core.users import failed_change
from mvsnap.domain import User
from mvsnap.errors import TooManyRequests
from mvsnap.texts import N_, _, formats
from mvsnap.texts.audit_wordings import FAILED_CODE
from mvsnap.web import auth, login
from mvsnap.web.auth.second_factor import CodeAttempts, CodeCheck
from mvsnap.web.auth.sessions import user_awaiting_code
from mvsnap.web.context import Gateway, gateway

bp = Blueprint("login_code", __name__)

_CODE_ATTEMPTS = "mvsnap_codes"
_FEW_CODES = 3


class CodeForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    code = StringField(N_("Code"))


def prepare(app: Flask, here: Gateway) -> None:
    """Call `login.prepare` before."""
    app.extensions[_CODE_ATTEMPTS] = CodeAttempts(
        login.attempts(app), here.users.second_factors
    )


def check_code(name: str, typed: str) -> CodeCheck:
    """Return what a code of this user is; it is used up now.

    Raises:
        TooManyRequests
    """
    attempts: CodeAttempts = current_app.extensions[_CODE_ATTEMPTS]
    return attempts.check(name, typed, login.address(), gateway().clock.now())


def mistake_of(found: CodeCheck) -> str:
    """Return why a code was refused, in words; clocks are the usual reason."""
    if found is CodeCheck.USED:
        return _("This code was used already. Wait for the next one.")
    return _("Wrong code. ") + clock_hint()


def clock_hint() -> str:
    now = gateway().clock.now().astimezone(gateway().zone)
    said = _(
        "It is %(time)s here, %(day)s (%(zone)s). If your phone says something else, "
        "its codes do not fit: set the clock that is wrong."
    )
    values = {"day": formats.far_day(now), "zone": formats.zone(now)}
    return said % {"time": f"{now:%H:%M:%S}", **values}


@bp.get("/login/code")
@auth.public  # the password is known to be right, or the browser goes back to it
def ask() -> ResponseReturnValue:
    return _to_password() if user_awaiting_code() is None else _form()


@bp.post("/login/code")
@auth.public  # CodeForm checks the CSRF token
def try_code() -> ResponseReturnValue:
    user = user_awaiting_code()
    if user is None:
        return _to_password()
    form = CodeForm()
    if not form.validate():
        return _form(_("The page has expired. Try again."), 400)
    try:
        found = check_code(user.name, form.code.data or "")
    except TooManyRequests as exc:
        page, status = _form(exc.message, exc.status)
        return page, status, {"Retry-After": str(exc.retry_after_s)}
    if not found.is_in:
        _write_failure(user)
        return _form(mistake_of(found), 401)
    _enter(user, found)
    return redirect(login.next_page(), 303)


def _enter(user: User, found: CodeCheck) -> None:
    if found is CodeCheck.RIGHT:
        login.enter(user)
        return
    factor = gateway().users.second_factors.find(user.name)
    left = factor.recovery_codes_left if factor else 0
    login.enter(user, recovery_codes_left=left)
    said = _("You used a recovery code; %(left)s are left.") % {"left": left}
    if left <= _FEW_CODES:
        said += " " + _("Create new ones on the page of your account.")
    flash(said, "warning")


def _write_failure(user: User) -> None:
    if login.attempts(current_app).should_write(user):
        now = gateway().clock.now()
        failed = failed_change(user, login.address(), now, how=FAILED_CODE)
        gateway().audit.add(failed)


def _to_password() -> ResponseReturnValue:
    return redirect(url_for("login.login", next=request.args.get("next")), 303)


def _form(mistake: str = "", status: int = 200) -> tuple[str, int]:
    page = render_template(
        "login/code.html", form=CodeForm(), mistake=mistake, next=login.next_page()
    )
    return page, status
