"""Settings that people change: crowd rule, recipients, exceptions, switch, mutes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.config.recipients import flat
from mvsnap.config.sense import Override, Sense
from mvsnap.config.setting_overrides import (
    CHOOSABLE,
    ROOM_HOURS,
    WithOverrides,
    overridden,
)
from mvsnap.config.values import Section
from mvsnap.core.mutes import end_change
from mvsnap.domain import Change, Listener, Role
from mvsnap.errors import BadInput, NotFound
from mvsnap.store.sense import alive
from mvsnap.texts import N_, _, audit_wordings
from mvsnap.texts.reasons import said
from mvsnap.texts.wording import Reason
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.pages.mute_form import LENGTHS, MuteEntered, read_mute, split_place
from mvsnap.web.pages.room_hours import (
    ABOVE,
    read_room_hours,
    room_hour_texts,
)
from mvsnap.web.pages.settings_form import (
    RULE,
    Entered,
    read_notify_hours,
    read_override,
    read_rooms,
    read_rule,
    rule_texts,
)
from mvsnap.web.pages.settings_recipients import RecipientNote, check_rooms, doubtful
from mvsnap.web.pages.settings_text import (
    audited_place,
    is_switching,
    mute_rows,
    origins,
    override_place,
    override_rows,
    rule_text,
    setting,
    text_of,
)

bp = Blueprint("settings", __name__, url_prefix="/settings")

_AUDIT_SHOWN = 50
# How many audit log lines are searched for who changed a setting.
_AUDIT_SEARCHED = 1000


@bp.get("")
@auth.page(Role.ADMIN)
def index() -> ResponseReturnValue:
    return _index()


@bp.post("/rule")
@auth.page(Role.ADMIN)
def save_rule() -> ResponseReturnValue:
    return _save(read_rule(request.form, _sense(), gateway().settings.sense))


@bp.post("/rooms")
@auth.page(Role.ADMIN)
def save_rooms() -> ResponseReturnValue:
    now = _sense()
    entered = read_rooms(request.form, now)
    warnings = check_rooms(entered, now.rooms)
    answer = _save(entered)
    _warn(warnings)
    return answer


@bp.post("/hours")
@auth.page(Role.ADMIN)
def save_hours() -> ResponseReturnValue:
    return _save(read_notify_hours(request.form, _sense(), gateway().settings.sense))


@bp.post("/room-hours")
@auth.page(Role.ADMIN)
def save_room_hours() -> ResponseReturnValue:
    held, file = _held().settings.webex, gateway().settings.webex
    return _save(read_room_hours(request.form, held, file), ABOVE)


@bp.post("/enabled")
@auth.page(Role.ADMIN)
def switch() -> ResponseReturnValue:
    enabled = request.form.get("enabled") == "on"
    entered = Entered()
    if enabled and not _configured():
        entered.mistakes["enabled"] = _("The broker is not configured.")
    elif enabled != _sense().enabled:
        entered.values["enabled"] = enabled
    return _save(entered)


@bp.post("/back")
@auth.page(Role.ADMIN)
def back_to_file() -> ResponseReturnValue:
    given = request.form.get("name", "")
    of_rooms = [f"{ABOVE}.{name}" for name in ROOM_HOURS]
    if given not in (*CHOOSABLE, *of_rooms):
        expected = ", ".join((*CHOOSABLE, *of_rooms))
        raise BadInput(f"name: {given[:40]!r} (expected one of: {expected})")
    above, name = (ABOVE, given.partition(".")[2]) if "." in given else ("sense", given)
    held: Section = getattr(_held().settings, above)
    file: Section = getattr(gateway().settings, above)
    after = audit_wordings.FROM_FILE(value=text_of(name, getattr(file, name)))
    before = text_of(name, getattr(held, name))
    _store({name: None}, [_changed(name, before, after, above)], above)
    return redirect(url_for(".index"), 303)


# --- exceptions


@bp.get("/place")
@auth.page(Role.ADMIN)
def override() -> ResponseReturnValue:
    """The exception of one place; a new one if the address has none."""
    serial, zone = request.args.get("serial"), request.args.get("zone")
    if serial is None or zone is None:
        return _override_page(Entered())
    known = _find_override(serial, zone)
    if known is None:
        raise NotFound(N_("No such exception, or it was removed"))
    return _override_page(Entered(rule_texts(known)), known)


@bp.post("/place")
@auth.page(Role.ADMIN)
def save_override() -> ResponseReturnValue:
    serial, zone = split_place(request.form.get("place", ""))
    known = _find_override(serial, zone)
    entered = read_override(request.form, _sense(), serial or "?", zone or "*")
    if not serial or not zone:
        entered.mistakes = {"place": _("Select a camera or zone.")}
    elif known is not None and "new" in request.form:
        entered.mistakes["place"] = _(
            "An exception for this camera or zone already exists: edit that one."
        )
    warnings = check_rooms(entered, (known.rooms if known else None) or ())
    if entered.mistakes:
        is_new = "new" in request.form
        return _override_page(entered, None if is_new else known), 400
    fresh = Override.model_validate({"serial": serial, "zone": zone} | entered.values)
    answer = _replace_override(known, fresh)
    _warn(warnings)
    return answer


@bp.post("/place/remove")
@auth.page(Role.ADMIN)
def remove_override() -> ResponseReturnValue:
    known = _find_override(request.form.get("serial", ""), request.form.get("zone", ""))
    if known is None:
        flash(_("That exception had already been removed."), "warning")
        return redirect(url_for(".index"), 303)
    return _replace_override(known, None)


# --- mutes


@bp.get("/mutes")
@auth.page(Role.REVIEWER)
def mutes() -> ResponseReturnValue:
    return _mutes_page(MuteEntered())


@bp.post("/mutes")
@auth.page(Role.REVIEWER)
def mute() -> ResponseReturnValue:
    now, zone = gateway().clock.now(), gateway().zone
    entered = read_mute(request.form, gateway().places(), auth.person().name, now, zone)
    if entered.made is None:
        return _mutes_page(entered), 400
    gateway().site.mute(*entered.made)
    flash(_("Muted. Takes effect within two seconds."), "success")
    return redirect(url_for(".mutes"), 303)


@bp.post("/mutes/<mute_id>/end")
@auth.page(Role.REVIEWER)
def unmute(mute_id: str) -> ResponseReturnValue:
    now = gateway().clock.now()
    found = next((m for m in gateway().site.mutes(now) if m.id == mute_id), None)
    if found is None:
        flash(_("That mute had already ended."), "warning")
    else:
        log = end_change(found, auth.person().name, now, gateway().zone)
        gateway().site.unmute(found.id, log)
        flash(_("Unmuted. Takes effect within two seconds."), "success")
    return redirect(url_for(".mutes"), 303)


# --- shared


def _held() -> WithOverrides:
    """Return the settings in force; overrides that are no longer valid are ignored."""
    here = gateway()
    return overridden(here.settings, here.site.setting_overrides())


def _sense() -> Sense:
    return _held().settings.sense


def _configured() -> bool:
    """Return whether the file or the environment configures a broker."""
    return "sense" in gateway().settings.model_fields_set


def _listeners() -> list[Listener]:
    """Return the processes that are listening to MV Sense right now."""
    return alive(gateway().sense.listeners(), gateway().database_now())


def _find_override(serial: str, zone: str) -> Override | None:
    for known in _sense().overrides:
        if (known.serial, known.zone) == (serial.upper(), zone):
            return known
    return None


def _changed(name: str, before: Reason, after: Reason, above: str = "sense") -> Change:
    now, who = gateway().clock.now(), auth.person().name
    return Change(now, who, setting(name, above), before, after)


def _save(entered: Entered, above: str = "sense") -> ResponseReturnValue:
    """Store what was changed in a section, or show what is wrong with it."""
    if entered.mistakes:
        return _index(entered), 400
    held: Section = getattr(_held().settings, above)
    changes = [
        _changed(name, text_of(name, getattr(held, name)), text_of(name, value), above)
        for name, value in entered.values.items()
    ]
    _store(entered.values, changes, above)
    return redirect(url_for(".index"), 303)


def _store(values: dict[str, Any], changes: list[Change], above: str = "sense") -> None:
    """Store the values of a section; flash what was changed."""
    if not values:
        flash(_("No changes."), "info")
        return
    now, who = gateway().clock.now(), auth.person().name
    named = {f"{above}.{name}": value for name, value in values.items()}
    gateway().site.choose(named, who, now, changes)
    lines = (f"{c.what}: {said(c.before)} → {said(c.after)}" for c in changes)
    text = _("Saved. %(changes)s. Takes effect within two seconds.")
    flash(text % {"changes": "; ".join(lines)}, "success")


def _warn(notes: Iterable[RecipientNote]) -> None:
    for note in notes:
        if not note.is_pending:  # those are below, until there is an answer
            flash(note.text, "warning")


def _replace_override(
    known: Override | None, fresh: Override | None
) -> ResponseReturnValue:
    """Store the exceptions with one of them changed, added or removed."""
    rules = list(_sense().overrides)
    if known is None and fresh is not None:
        rules.append(fresh)
    elif known is not None:
        index = rules.index(known)
        rules[index : index + 1] = [fresh] if fresh else []
    one = known or fresh
    assert one is not None
    where = audited_place(gateway().places(), one.serial, one.zone)
    about, none = audit_wordings.ABOUT, audit_wordings.NO_EXCEPTION()
    before, after = (
        about(place=where, value=rule_text(rule) if rule else none)
        for rule in (known, fresh)
    )
    value = [rule.model_dump(mode="json", exclude_none=True) for rule in rules]
    change = _changed("overrides", before, after)
    _store({} if known == fresh else {"overrides": value}, [change])
    return redirect(url_for(".index"), 303)


def _index(entered: Entered | None = None) -> str:
    here, places = gateway(), gateway().places()
    setting_overrides = here.site.setting_overrides()
    changes = here.site.changes(_AUDIT_SEARCHED)
    held = overridden(here.settings, setting_overrides)
    sense = held.settings.sense
    shown = rule_texts(sense) | room_hour_texts(held.settings.webex)
    listeners, now = _listeners(), here.clock.now()
    origin = origins(here.settings, setting_overrides, changes)
    return render_template(
        "settings/index.html",
        sense=sense,
        unusable="; ".join(held.mistakes),
        fields=RULE,
        shown=shown,
        texts=shown | (entered.texts if entered else {}),
        mistakes=entered.mistakes if entered else {},
        origins=origin,
        configured=_configured(),
        listeners=listeners,
        switching=is_switching(sense.enabled, origin["enabled"].change, listeners, now),
        has_bot=here.settings.webex.configured,
        webex_room=", ".join(filter(None, flat([here.settings.webex.room]))),
        doubtful=doubtful(sense, here.settings.webex.room),
        overrides=override_rows(sense.overrides, places),
        mutes=mute_rows(here.site.mutes(now), places, now),
        changes=changes[:_AUDIT_SHOWN],
    )


def _override_page(entered: Entered, known: Override | None = None) -> str:
    places = gateway().places()
    name = override_place(places, known.serial, known.zone) if known else ""
    return render_template(
        "settings/place.html",
        entered=entered,
        known=known,
        known_place=name,
        chosen=request.form.get("place", ""),
        general=rule_texts(_sense()),
        fields=RULE,
        places=places,
    )


def _mutes_page(entered: MuteEntered) -> str:
    here, places = gateway(), gateway().places()
    now = here.clock.now()
    return render_template(
        "settings/mutes.html",
        entered=entered,
        lengths=LENGTHS,
        places=places,
        mutes=mute_rows(here.site.mutes(now), places, now),
    )
