"""The page of one's own account: password, second factor, sessions."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue

from mvsnap.core.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD
from mvsnap.core.users import failed_change, own_change, put_change
from mvsnap.domain import Role, User
from mvsnap.errors import BadInput
from mvsnap.texts import _, first_upper
from mvsnap.texts.audit_wordings import FAILED_OWN, OUT_EVERYWHERE, SESSION_ENDED
from mvsnap.web import auth, login, passwords
from mvsnap.web.auth.sessions import forget_session, idle_limit, log_in
from mvsnap.web.context import gateway

bp = Blueprint("account", __name__, url_prefix="/account")

_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class PasswordMistakes:
    """What is wrong with each field; "" if nothing is."""

    old: str = ""
    new: str = ""
    again: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.old or self.new or self.again)


@bp.get("")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    return _index()


@bp.post("/password")
@auth.page(Role.VIEWER)
def change_password() -> ResponseReturnValue:
    mistakes = _new_password_mistakes()
    user = None if mistakes else confirm_password(request.form.get("old", ""))
    if user is None:
        return _index(mistakes or PasswordMistakes(old=_("Wrong password."))), 400
    here, now = gateway(), gateway().clock.now()
    fresh = User(user.name, user.role, passwords.hashed(request.form["new"]), now)
    here.users.put(fresh, put_change(fresh, user, user.name))
    log_in(fresh)
    flash(_("Your password is changed. All your other sessions have ended."), "success")
    return redirect(url_for(".index"), 303)


@bp.post("/sessions/end")
@auth.page(Role.VIEWER)
def end_session() -> ResponseReturnValue:
    name, now = auth.person().name, gateway().clock.now()
    session_id = request.form.get("id", "")[:_LONGEST_ID]
    log = own_change(name, now, SESSION_ENDED())
    if gateway().users.sessions.end(name, session_id, log):
        flash(_("The session has ended."), "success")
    else:
        flash(_("That session had ended already."), "info")
    return redirect(url_for(".index"), 303)


@bp.post("/sessions/end-all")
@auth.page(Role.VIEWER, before_enrolment=True)
def log_out_everywhere() -> ResponseReturnValue:
    name, now = auth.person().name, gateway().clock.now()
    log = own_change(name, now, OUT_EVERYWHERE())
    gateway().users.sessions.end_all(name, log)
    forget_session()
    flash(_("You have logged out everywhere."), "success")
    return redirect(url_for("login.login"), 303)


def confirm_password(password: str) -> User | None:
    """Return who is logged in if this is their password; it counts as at the login.

    Raises:
        TooManyRequests: too many were wrong.
    """
    attempts, name = login.attempts(current_app), auth.person().name
    user = attempts.check(name, password, login.address())
    if user is None and attempts.should_write(known := attempts.find(name)):
        now = gateway().clock.now()
        failed = failed_change(known, login.address(), now, how=FAILED_OWN)
        gateway().audit.add(failed)
    return user


def is_local() -> bool:
    """Return whether mvsnap itself keeps the passwords of people."""
    return gateway().settings.login.backend == "local"


def _new_password_mistakes() -> PasswordMistakes:
    new, again = request.form.get("new", ""), request.form.get("again", "")
    if not is_local():
        return PasswordMistakes(new=_("Your password is not kept here."))
    try:
        passwords.accepted(new, auth.person().name, gateway().settings.site.name)
    except BadInput as exc:
        reason = exc.message.partition(": ")[2]
        return PasswordMistakes(new=f"{first_upper(reason)}.")
    if new == request.form.get("old", ""):
        return PasswordMistakes(new=_("This is your old password."))
    return PasswordMistakes(again=_("Not the same.") if new != again else "")


def _index(mistakes: PasswordMistakes | None = None) -> str:
    here, someone = gateway(), auth.person()
    now, idle = here.clock.now(), idle_limit(here.settings.login)
    return render_template(
        "account/index.html",
        mistakes=mistakes or PasswordMistakes(),
        is_local=is_local(),
        factor=here.users.second_factors.find(someone.name) if is_local() else None,
        required=someone.role in here.settings.login.second_factor.required_of,
        sessions=here.users.sessions.of_user(someone.name, now, idle),
        longest_session=here.settings.login.session_hours * 3600,
        longest_idle=idle.total_seconds(),
        shortest=SHORTEST_PASSWORD,
        longest=LONGEST_PASSWORD,
    )
