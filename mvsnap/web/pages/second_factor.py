"""Setting up an authenticator app on one's own account, and its recovery codes."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from mvsnap.core.users import own_change
from mvsnap.domain import Role
from mvsnap.errors import Forbidden
from mvsnap.texts import _, audit_wordings, refusal_wordings
from mvsnap.web import auth
from mvsnap.web.auth import second_factor
from mvsnap.web.context import gateway
from mvsnap.web.login_code import check_code, clock_hint, mistake_of
from mvsnap.web.pages.account import confirm_password, is_local

bp = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")

_TIME = timedelta(minutes=10)
_ENROLLING = "enrolling_until"


@bp.get("")
@auth.page(Role.VIEWER, before_enrolment=True)
def index() -> ResponseReturnValue:
    return _index()


@bp.post("")
@auth.page(Role.VIEWER, before_enrolment=True)
def change() -> ResponseReturnValue:
    """Begin with an app, or create new recovery codes, or do without from now on."""
    if not is_local():
        raise Forbidden(refusal_wordings.ACCOUNT_ELSEWHERE())
    if mistake := _not_confirmed():
        return _index(mistake), 400
    match request.form.get("action"):
        case "codes" if _is_enrolled():
            return _new_codes()
        case "remove" if _is_required():
            role = audit_wordings.role_words(auth.person().role)
            raise Forbidden(refusal_wordings.KEEPS_FACTOR(role=role))
        case "remove":
            return _remove()
    return _begin()


@bp.post("/confirm")
@auth.page(Role.VIEWER, before_enrolment=True)
def confirm() -> ResponseReturnValue:
    """Use the app from now on, if it gives the right code."""
    here, name, now = gateway(), auth.person().name, gateway().clock.now()
    secret = here.users.second_factors.new_secret(name)
    # Only the session that has just given the password sees the secret.
    if secret is None or now.timestamp() >= session.get(_ENROLLING, 0):
        return _too_late()
    step = second_factor.step_of(secret, request.form.get("code", ""), now)
    if step is None:
        return _enrolment(secret, _("Wrong code. ") + clock_hint()), 400
    session.pop(_ENROLLING)
    codes = second_factor.new_recovery_codes()
    hashes = [second_factor.recovery_hash(code) for code in codes]
    log = own_change(name, now, audit_wordings.APP_SET_UP())
    if not here.users.second_factors.enrol(name, step, hashes, log):
        return _too_late()
    here.users.sessions.end_others(name, auth.person().session_id)
    return render_template("account/recovery_codes.html", codes=codes, is_new_app=True)


def _too_late() -> ResponseReturnValue:
    flash(_("That took too long, or is done already. Start again."), "warning")
    return redirect(url_for(".index"), 303)


def _begin() -> str:
    secret, now = second_factor.new_secret(), gateway().clock.now()
    gateway().users.second_factors.begin(auth.person().name, secret)
    session[_ENROLLING] = (now + _TIME).timestamp()
    return _enrolment(secret)


def _new_codes() -> str:
    name, now = auth.person().name, gateway().clock.now()
    codes = second_factor.new_recovery_codes()
    hashes = [second_factor.recovery_hash(code) for code in codes]
    log = own_change(name, now, audit_wordings.RECOVERY_CODES())
    gateway().users.second_factors.replace_codes(name, hashes, log)
    return render_template("account/recovery_codes.html", codes=codes, is_new_app=False)


def _remove() -> ResponseReturnValue:
    name, now = auth.person().name, gateway().clock.now()
    log = own_change(name, now, audit_wordings.APP_REMOVED())
    gateway().users.second_factors.remove(name, log)
    flash(_("You log in with your password alone from now on."), "success")
    return redirect(url_for("account.index"), 303)


def _not_confirmed() -> str:
    """Return why the person may not change this, in words; "" if they may."""
    if confirm_password(request.form.get("password", "")) is None:
        return _("Wrong password.")
    if not _is_enrolled():
        return ""
    found = check_code(auth.person().name, request.form.get("code", ""))
    return "" if found.is_in else mistake_of(found)


def _is_enrolled() -> bool:
    return gateway().users.second_factors.find(auth.person().name) is not None


def _is_required() -> bool:
    required_of = gateway().settings.login.second_factor.required_of
    return auth.person().role in required_of


def _index(mistake: str = "") -> str:
    return render_template(
        "account/second_factor.html",
        mistake=mistake,
        is_local=is_local(),
        is_enrolled=_is_enrolled(),
        required=_is_required(),
    )


def _enrolment(secret: str, mistake: str = "") -> str:
    # Imported here: needed once for each user.
    import segno

    name = auth.person().name
    url = second_factor.app_url(secret, name, gateway().settings.site.name or "mvsnap")
    # A picture inside the page: no other server ever sees the secret.
    picture = segno.make(url, error="m").svg_data_uri(scale=4, border=4, light="white")
    groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
    return render_template(
        "account/enrol.html",
        mistake=mistake,
        picture=picture,
        url=url,
        secret=" ".join(groups),
        name=name,
    )
