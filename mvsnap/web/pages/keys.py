"""API keys and webhook tokens: made, limited, rotated, removed; each secret shown once.

Those of the settings file are listed, too, and changed there alone.
"""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.core.keys import KeyKind, StoredKey, parse_overlap
from mvsnap.domain import Role
from mvsnap.errors import NotFound
from mvsnap.store.keys import NameTaken, RotatedMeanwhile
from mvsnap.store.keys.changes import KeyChanges, NewSecret
from mvsnap.texts import _
from mvsnap.texts.audit_wordings import COMMAND_LINE
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.links import webhook_url
from mvsnap.web.pages.key_form import OVERLAPS, KeyEntered, KeyForm
from mvsnap.web.pages.key_rows import file_rows, secret_rows, stored_row

bp = Blueprint("keys", __name__, url_prefix="/settings")

_PAGES = {KeyKind.KEY: "keys", KeyKind.TOKEN: "webhooks"}


@bp.get("/keys")
@auth.page(Role.ADMIN)
def keys() -> ResponseReturnValue:
    return _list(KeyKind.KEY)


@bp.post("/keys")
@auth.page(Role.ADMIN)
def make_key() -> ResponseReturnValue:
    return _make(KeyKind.KEY)


@bp.get("/webhooks")
@auth.page(Role.ADMIN)
def webhooks() -> ResponseReturnValue:
    return _list(KeyKind.TOKEN)


@bp.post("/webhooks")
@auth.page(Role.ADMIN)
def make_token() -> ResponseReturnValue:
    return _make(KeyKind.TOKEN)


# --- one of them, of either kind


@bp.get("/keys/<key_id>")
@auth.page(Role.ADMIN)
def key(key_id: str) -> ResponseReturnValue:
    return _key_page(_found(key_id))


@bp.post("/keys/<key_id>/limits")
@auth.page(Role.ADMIN)
def limit(key_id: str) -> ResponseReturnValue:
    found = _found(key_id)
    entered = _read(found.kind, named=False)
    if entered.mistakes:
        return _key_page(found, entered), 400
    if _changes().limit(found, entered.limits, entered.expires_at):
        flash(_("Saved. It takes effect with the next request."), "success")
    else:
        flash(_("No changes."), "info")
    return redirect(url_for(".key", key_id=found.id), 303)


@bp.post("/keys/<key_id>/rotate")
@auth.page(Role.ADMIN)
def rotate(key_id: str) -> ResponseReturnValue:
    """The form names the secret to be replaced: sent twice, it replaces one."""
    found = _found(key_id)
    overlap = parse_overlap(request.form.get("overlap", ""))
    try:
        if request.form.get("replaces") != found.secrets[0].lookup:
            said = _("The %(noun)s was rotated meanwhile")
            raise RotatedMeanwhile(said % {"noun": _(found.kind.noun)})
        made = _changes().rotate(found, overlap)
    except RotatedMeanwhile as exc:
        flash(f"{exc.message}.", "warning")
        return redirect(url_for(".key", key_id=found.id), 303)
    return _secret_page(made)


@bp.post("/keys/<key_id>/switch")
@auth.page(Role.ADMIN)
def switch(key_id: str) -> ResponseReturnValue:
    found, on = _found(key_id), request.form.get("on") == "1"
    if _changes().switch(found, on=on):
        said = _("%(name)s works again.") if on else _("%(name)s is disabled.")
        flash(said % {"name": found.name}, "success")
    return redirect(url_for(".key", key_id=found.id), 303)


@bp.post("/keys/<key_id>/remove")
@auth.page(Role.ADMIN)
def remove(key_id: str) -> ResponseReturnValue:
    found = _found(key_id)
    _changes().remove(found)
    values = {"noun": _(found.kind.noun), "name": found.name}
    flash(_("Removed the %(noun)s %(name)s.") % values, "success")
    return redirect(url_for(f".{_PAGES[found.kind]}"), 303)


# --- shared


def _changes() -> KeyChanges:
    here = gateway()
    return KeyChanges(here.keys, here.settings, here.clock, auth.person().name)


def _found(key_id: str) -> StoredKey:
    found = gateway().keys.key(key_id)
    if found.kind not in _PAGES:
        raise NotFound(_("Only a newer release of mvsnap can show this key."))
    return found


def _form(kind: KeyKind) -> KeyForm:
    return KeyForm(kind, gateway().zone)


def _read(kind: KeyKind, *, named: bool) -> KeyEntered:
    cameras, now = gateway().settings.recorder.cameras, gateway().clock.now()
    return _form(kind).read(request.form, cameras, now, named=named)


def _make(kind: KeyKind) -> ResponseReturnValue:
    entered = _read(kind, named=True)
    if entered.mistakes:
        return _list(kind, entered), 400
    try:
        made = _changes().make(kind, entered.name, entered.limits, entered.expires_at)
    except NameTaken as exc:
        mistakes = {"name": exc.message.partition(": ")[2]}
        return _list(kind, entered.with_mistakes(mistakes)), exc.status
    return _secret_page(made)


def _list(kind: KeyKind, entered: KeyEntered | None = None) -> str:
    here, now = gateway(), gateway().clock.now()
    form = _form(kind)
    return render_template(
        "keys/index.html",
        kind=kind,
        address=url_for(f".{_PAGES[kind]}"),
        stored=[stored_row(key, now) for key in here.keys.all(kind)],
        in_file=file_rows(here.settings, kind),
        form=form,
        entered=entered or form.empty(),
    )


def _key_page(found: StoredKey, entered: KeyEntered | None = None) -> str:
    now, form = gateway().clock.now(), _form(found.kind)
    return render_template(
        "keys/key.html",
        kind=found.kind,
        key=found,
        by_command=found.made_by == COMMAND_LINE.text,
        row=stored_row(found, now),
        secrets=secret_rows(found, now),
        back=url_for(f".{_PAGES[found.kind]}"),
        form=form,
        entered=entered or form.of(found),
        overlaps=OVERLAPS,
    )


def _secret_page(made: NewSecret) -> str:
    """Return the one page with the secret: the answer of the POST, in no cookie."""
    is_token = made.key.kind is KeyKind.TOKEN
    return render_template(
        "keys/secret.html",
        made=made,
        kind=made.key.kind,
        address=webhook_url(made.text) if is_token else "",
        now=gateway().clock.now(),
    )
