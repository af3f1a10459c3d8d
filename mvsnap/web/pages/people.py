"""People who may log in: added, with a first password, given roles, removed."""

from __future__ import annotations

import secrets
import string

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.core import users
from mvsnap.domain import SYSTEM_ACCOUNT, LoginBackend, Role, User
from mvsnap.errors import BadInput, NotFound
from mvsnap.store.users.last_admin import LastAdmin
from mvsnap.texts import N_, _, first_upper
from mvsnap.texts.sentences import localized
from mvsnap.values import replace
from mvsnap.web import accounts, auth
from mvsnap.web.context import gateway
from mvsnap.web.passwords import hashed

bp = Blueprint("people", __name__, url_prefix="/settings/people")

# Five letters or digits each, without those that look alike: 98 bits together.
_GROUPS, _GROUP = 4, 5
_ALPHABET = "".join(
    c for c in string.ascii_lowercase + string.digits if c not in "01ilo"
)


@bp.get("")
@auth.page(Role.ADMIN)
def index() -> ResponseReturnValue:
    return _index()


@bp.post("")
@auth.page(Role.ADMIN)
def add() -> ResponseReturnValue:
    try:
        name = users.parse_name(request.form.get("name", "")[:200])
        role = _role()
        _require_new(name)
    except BadInput as exc:
        field, _colon, words = exc.message.partition(": ")
        return _index({field: first_upper(words)}), 400
    now, is_pam = gateway().clock.now(), _is_pam()
    password = "" if is_pam else _new_password()
    kept = SYSTEM_ACCOUNT if is_pam else hashed(password)
    user = User(name, role, kept, now)
    gateway().users.put(user, users.put_change(user, None, auth.person().name))
    if is_pam:
        said = _("%(name)s can log in as %(role)s with the system account.")
        flash(said % {"name": name, "role": _(role)}, "success")
        return redirect(url_for(".index"), 303)
    return _password_page(user, password)


@bp.post("/role")
@auth.page(Role.ADMIN)
def change_role() -> ResponseReturnValue:
    known, role = _known(), _role()
    if role is known.role:
        flash(_("No changes."), "info")
        return redirect(url_for(".index"), 303)
    user = replace(known, role=role, changed_at=gateway().clock.now())
    change = users.role_change(user, known, auth.person().name)
    try:
        gateway().users.set_role(user, change, keeps_admin=_backend())
    except LastAdmin as exc:
        return _refused(exc)
    said = _("%(name)s is %(role)s now and has to log in again.")
    flash(said % {"name": user.name, "role": _(role)}, "success")
    return redirect(url_for(".index"), 303)


@bp.post("/password")
@auth.page(Role.ADMIN)
def new_password() -> ResponseReturnValue:
    known = _known()
    if known.backend != "local":
        raise BadInput(N_("name: the password is that of the system account"))
    password = _new_password()
    user = replace(
        known, password_hash=hashed(password), changed_at=gateway().clock.now()
    )
    gateway().users.put(user, users.put_change(user, known, auth.person().name))
    return _password_page(user, password)


@bp.post("/sessions")
@auth.page(Role.ADMIN)
def end_sessions() -> ResponseReturnValue:
    user = replace(_known(), changed_at=gateway().clock.now())
    change = users.sessions_change(user, auth.person().name)
    gateway().users.set_role(user, change, keeps_admin=_backend())
    flash(_("%(name)s is logged out everywhere.") % {"name": user.name}, "success")
    return redirect(url_for(".index"), 303)


@bp.post("/remove")
@auth.page(Role.ADMIN)
def remove() -> ResponseReturnValue:
    known, now = _known(), gateway().clock.now()
    change = users.remove_change(known.name, known, auth.person().name, now)
    try:
        gateway().users.remove(known.name, change, keeps_admin=_backend())
    except LastAdmin as exc:
        return _refused(exc)
    said = _("Removed %(name)s, who is logged out everywhere.")
    flash(said % {"name": known.name}, "success")
    return redirect(url_for(".index"), 303)


def _known() -> User:
    name = request.form.get("name", "")
    user = gateway().users.user(name[: users.LONGEST_NAME + 1])
    if user is None:
        raise NotFound(f"There is no user {name[:70]!r}, or they were removed")
    return user


def _role() -> Role:
    text = request.form.get("role", "")
    if text not in list(Role):
        raise BadInput(f"role: {text[:40]!r} (expected one of {', '.join(Role)})")
    return Role(text)


def _require_new(name: str) -> None:
    if gateway().users.user(name) is not None:
        raise BadInput(f"name: {name} exists already")
    if _is_pam() and not accounts.exists(name):
        raise BadInput(f"name: no system account {name} that can log in (never root)")


def _backend() -> LoginBackend:
    return gateway().settings.login.backend


def _is_pam() -> bool:
    return _backend() == "pam"


def _new_password() -> str:
    groups = (
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP))
        for _ in range(_GROUPS)
    )
    return "-".join(groups)


def _password_page(user: User, password: str) -> str:
    # The answer of the POST itself: the password is in no address and no cookie.
    return render_template("people/password.html", user=user, password=password)


def _refused(error: LastAdmin) -> ResponseReturnValue:
    flash(f"{localized(error.message)}.", "danger")
    return redirect(url_for(".index"), 303)


def _index(mistakes: dict[str, str] | None = None) -> str:
    here = gateway()
    return render_template(
        "people/index.html",
        users=here.users.users(),
        backend=_backend(),
        roles=list(Role),
        texts={name: request.form.get(name, "") for name in ("name", "role")},
        mistakes=mistakes or {},
    )
