"""Logging in and out."""

from __future__ import annotations

import logging
import re

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from mvsnap.core.users import failed_change, log_in_change, log_out_change
from mvsnap.domain import Role, User
from mvsnap.errors import AccountsAway, MvsnapError, NotFound, TooManyRequests
from mvsnap.texts import N_, _
from mvsnap.web import auth
from mvsnap.web.auth.login_attempts import LoginAttempts
from mvsnap.web.auth.sessions import await_code, log_in, log_out
from mvsnap.web.context import Gateway, gateway

log = logging.getLogger(__name__)

bp = Blueprint("login", __name__)

_LOGIN_ATTEMPTS = "mvsnap_tries"
_EXPIRED = N_("The page has expired, or cookies are disabled. Try again.")
# A function that takes the id of a session that has ended, and returns an address at
# which the person logs out as well, or None.
LOG_OUT_ELSEWHERE = "mvsnap_log_out_elsewhere"
# Browsers treat //x and /\x as another host, and ignore tabs and line ends first.
_LOCAL_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    name = StringField(N_("Name"))
    password = PasswordField(N_("Password"))


def prepare(app: Flask, here: Gateway) -> None:
    app.extensions[_LOGIN_ATTEMPTS] = LoginAttempts(here.users, here.settings.login)


def attempts(app: App) -> LoginAttempts:
    """Return what checks and counts passwords; call `prepare` before."""
    found: LoginAttempts = app.extensions[_LOGIN_ATTEMPTS]
    return found


@bp.get("/login")
@auth.public
def login() -> ResponseReturnValue:
    if gateway().settings.login.backend == "oidc":
        return provider_page()
    return password_page()


@bp.post("/login")
@auth.public  # LoginForm checks the CSRF token: an expired one is shown on the page
def try_to_log_in() -> ResponseReturnValue:
    require_passwords()
    form = LoginForm()
    if not form.validate():
        return password_page(_EXPIRED, 400)
    name, password = form.name.data or "", form.password.data or ""
    tries = attempts(current_app)
    try:
        user = tries.check(name, password, address())
    except (TooManyRequests, AccountsAway) as exc:
        page, status = password_page(exc.message, exc.status)
        return page, status, {"Retry-After": str(exc.retry_after_s)}
    if user is None:
        _write_failure(tries, name)
        return password_page(_("Wrong name or password."), 401)
    if _has_second_factor(user):
        await_code(user)
        return redirect(url_for("login_code.ask", next=next_page()), 303)
    enter(user)
    return redirect(next_page(), 303)


@bp.post("/logout")
@auth.page(Role.VIEWER, before_enrolment=True)
def logout() -> ResponseReturnValue:
    now, someone = gateway().clock.now(), auth.person()
    elsewhere = current_app.extensions.get(LOG_OUT_ELSEWHERE)
    url = elsewhere(someone.session_id) if elsewhere else None
    log_out(log_out_change(someone.name, address(), now))
    g.pop("person")
    answer = make_response(redirect(url_for("login.login"), 303))
    if url is not None:
        # No redirect: after a form, browsers follow one only to this site.
        answer = make_response(render_template("login/leaving.html", url=url))
    flash(_("You have logged out."), "success")  # on the next page
    # What an earlier version let the browser keep, and pages it could go back to.
    answer.headers["Clear-Site-Data"] = '"cache"'
    return answer


def enter(user: User, *, recovery_codes_left: int | None = None) -> None:
    """Start the session of a user who has shown everything that is needed."""
    log.info("%s logged in from %s", user.name, address())
    now = gateway().clock.now()
    gateway().audit.add(
        log_in_change(
            user.name, address(), now, recovery_codes_left=recovery_codes_left
        )
    )
    log_in(user)


def provider_page(mistake: MvsnapError | None = None) -> ResponseReturnValue:
    """Return the page from which people go to their provider, with what went wrong."""
    ours = gateway().settings.login.oidc
    page = render_template(
        "login/provider.html",
        provider=ours.shown_name,
        local_admins=ours.local_admins,
        mistake=mistake.message if mistake else "",
        next=next_page(),
    )
    retry_after_s = getattr(mistake, "retry_after_s", None)
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return page, mistake.status if mistake else 200, headers


def require_passwords() -> None:
    """Hide what asks for a password where nobody can log in with one."""
    if not gateway().settings.login.takes_passwords:
        raise NotFound(N_("There is nothing at this address"))


def _has_second_factor(user: User) -> bool:
    is_ours = user.backend == "local"
    return is_ours and gateway().users.second_factors.find(user.name) is not None


def _write_failure(tries: LoginAttempts, name: str) -> None:
    user = tries.find(name)
    if tries.should_write(user):
        now = gateway().clock.now()
        gateway().audit.add(failed_change(user, address(), now))


def address() -> str:
    """Return where the request comes from."""
    return request.remote_addr or "unknown"


def password_page(mistake: str = "", status: int = 200) -> tuple[str, int]:
    backend = gateway().settings.login.backend
    page = render_template(
        "login/login.html",
        form=LoginForm(),
        mistake=mistake,
        next=next_page(),
        anybody=gateway().users.anybody("pam" if backend == "pam" else "local"),
    )
    return page, status


def next_page() -> str:
    """Return where to go after the login: always a page of this gateway."""
    wanted = request.args.get("next", "")
    is_ours = _LOCAL_PATH.fullmatch(wanted) and _is_below(wanted, request.script_root)
    return wanted if is_ours else url_for("overview.index")


def _is_below(path: str, root: str) -> bool:
    """Return whether a path stays there, as browsers resolve it."""
    plain = re.split(r"[?#]", path, maxsplit=1)[0].lower().replace("%2e", ".")
    return plain.startswith(f"{root.lower()}/") and ".." not in plain.split("/")
