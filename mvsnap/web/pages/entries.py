"""Entries of the settings: channels, schedules ... that are made in the browser.

Those of the file are shown beside them, and can only be changed there.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from msgspec import Struct

from mvsnap.config.entries import (
    MOST_ENTRIES,
    SECTIONS,
    Entry,
    EntrySection,
    WithEntries,
    names_in_file,
    with_entries,
)
from mvsnap.config.model import Settings
from mvsnap.core.params import parse_moment
from mvsnap.domain import Role
from mvsnap.errors import BadInput, NotFound
from mvsnap.texts import N_, _
from mvsnap.texts.sentences import localized
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.pages.channels import channel_rows, tested_channel
from mvsnap.web.pages.entry_form import (
    EntryEntered,
    EntryForm,
    changes_of,
    read_entry,
    removed_change,
)
from mvsnap.web.pages.settings_recipients import check_entry

bp = Blueprint("entries", __name__, url_prefix="/settings/entries")


class EntryRow(Struct, frozen=True):
    """unusable: why it does not hold, "" if it does.

    holds_later: after a restart it will, with a camera that it names.
    """

    name: str
    kind: str
    entry: Entry
    unusable: str
    holds_later: bool


class FileRow(Struct, frozen=True):
    """is_room: of webex.room, which needs no entry."""

    name: str
    kind: str = ""
    is_room: bool = False


@bp.get("/<section>")
@auth.page(Role.ADMIN)
def index(section: str) -> ResponseReturnValue:
    """The entries of the file and of the pages."""
    found, here = _section(section), gateway()
    here.following.look()
    state, entries = here.following.state(), here.entries.all()
    never = with_entries(here.following.file, entries).unusable
    rows = [
        EntryRow(
            *(e.name, str(e.value.get("kind", "")), e),
            state.unusable.get((e.section, e.name), ""),
            (e.section, e.name) not in never,
        )
        for e in entries
        if e.section == section
    ]
    return render_template(
        "entries/index.html",
        section=found,
        rows=rows,
        in_file=_file_rows(found, state),
        has_test=section == "channels",
        tested=tested_channel(),
    )


def _file_rows(section: EntrySection, state: WithEntries) -> list[FileRow]:
    """Return what is not made on the pages; of channels, the default rooms, too."""
    if section.name != "channels":
        return [FileRow(n) for n in names_in_file(gateway().following.file, section)]
    made = {e.name for e in state.holding if e.section == section.name}
    return [
        FileRow(row.name, row.kind, row.is_room)
        for row in channel_rows(state.settings)
        if row.name not in made
    ]


@bp.get("/<section>/add")
@auth.page(Role.ADMIN)
def add(section: str) -> ResponseReturnValue:
    found = _section(section)
    kind = request.args.get("kind") or next(iter(found.kinds()), "")
    return _page(EntryForm.of(found, kind), None, {})


@bp.get("/<section>/of/<name>")
@auth.page(Role.ADMIN)
def entry(section: str, name: str) -> ResponseReturnValue:
    known = _find(_section(section), name)
    if known is None:
        raise NotFound(N_("No such entry, or it was removed"))
    form = EntryForm.of(SECTIONS[section], str(known.value.get("kind", "")))
    return _page(form, known, form.texts(known.value))


@bp.post("/<section>")
@auth.page(Role.ADMIN)
def save(section: str) -> ResponseReturnValue:
    """Save what was entered, or try it (`do`)."""
    form = EntryForm.of(_section(section), request.form.get("kind", ""))
    name, here, who = request.form.get("name", ""), gateway(), auth.person().name
    is_new = not request.form.get("known_at")
    known = None if is_new else _find(form.section, name)
    if known is None and not is_new:
        raise NotFound(N_("This entry was removed meanwhile"))
    before: Mapping[str, Any] = known.value if known else {}
    trial_id = request.form.get("trial", "")[:80]
    tried = here.trials.value(trial_id, who, section)
    entered = read_entry(
        form,
        request.form,
        _others(section, name.strip()),
        tried or before,
        who=who,
        now=here.clock.now(),
    )
    notes = [] if entered.mistakes else check_entry(entered, form.texts(before))
    if trial_id and not tried and form.has_empty_secret(request.form):
        # Another process tried it, or it was too long ago: what was entered is gone.
        entered.mistakes[""] = _(
            "What was tried is no longer known here: enter its secrets again; an empty"
            " one stays as it was saved."
        )
    if entered.mistakes:
        return _page(form, known, entered.texts, entered, trial_id), 400
    for note in notes:
        if not note.is_pending:
            flash(note.text, "warning")
    if request.form.get("do") == "try":
        return _try(form, known, entered)
    return _save(form, known, entered, trial_id)


@bp.post("/<section>/remove")
@auth.page(Role.ADMIN)
def remove(section: str) -> ResponseReturnValue:
    name, now = request.form.get("name", ""), gateway().clock.now()
    found = _section(section)
    log = removed_change(found, name, auth.person().name, now)
    if gateway().entries.remove(section, name, log):
        gateway().following.look()
        text = _("%(name)s was removed. Takes effect %(when)s.")
        flash(text % {"name": name, "when": _(found.follows)}, "success")
    else:
        flash(_("That entry had already been removed."), "warning")
    return redirect(url_for(".index", section=section), 303)


@bp.get("/trials/<trial_id>")
@auth.page(Role.ADMIN)
def trial(trial_id: str) -> ResponseReturnValue:
    """What came of a trial, for the page that asks again until it is there."""
    found = gateway().trials.answer(trial_id, auth.person().name)
    if found is None:
        return jsonify(ok=None, lines=[]), 404
    # Why it does not work is an error, in English like any other.
    lines = map(localized, found.lines) if found.ok is False else found.lines
    # In the answer, not at an address: of several processes only this one has it.
    picture = base64.b64encode(found.picture).decode()
    return jsonify(ok=found.ok, lines=list(lines), picture=picture)


def _section(name: str) -> EntrySection:
    if name not in SECTIONS:
        raise NotFound(N_("There is nothing at this address"))
    return SECTIONS[name]


def _find(section: EntrySection, name: str) -> Entry | None:
    every = gateway().entries.all()
    key = section.name, name
    return next((e for e in every if (e.section, e.name) == key), None)


def _others(section: str, name: str) -> Settings:
    """Return the settings without this entry."""
    every = gateway().entries.all()
    others = [e for e in every if (e.section, e.name) != (section, name)]
    return with_entries(gateway().following.file, others).settings


def _try(
    form: EntryForm, known: Entry | None, entered: EntryEntered
) -> ResponseReturnValue:
    who = auth.person().name
    try:
        trial_id = gateway().trials.begin(who, entered.settings, entered.entry)
    except BadInput as exc:
        entered.mistakes[""] = exc.message
        return _page(form, known, entered.texts, entered), 400
    return _page(form, known, entered.texts, entered, trial_id)


def _save(
    form: EntryForm, known: Entry | None, entered: EntryEntered, trial_id: str
) -> ResponseReturnValue:
    here, made = gateway(), entered.entry
    before = known.value if known else {}
    changes = list(changes_of(form, before, made))
    every = [e for e in here.entries.all() if e.section == made.section]
    if known is not None and not changes:
        flash(_("No changes."), "info")
    elif known is None and len(every) >= MOST_ENTRIES:
        text = _("There can be %(most)s; remove one first.")
        entered.mistakes[""] = text % {"most": MOST_ENTRIES}
    elif here.entries.put(made, _known_at(), changes):
        here.following.look()
        text = _("Saved %(name)s. Takes effect %(when)s.")
        flash(text % {"name": made.name, "when": _(form.section.follows)}, "success")
    elif known is None:
        entered.mistakes["name"] = _("An entry with this name already exists.")
    else:
        entered.mistakes[""] = _(
            "Somebody else has changed this entry meanwhile: open it again."
        )
    if entered.mistakes:
        return _page(form, known, entered.texts, entered, trial_id), 400
    return redirect(url_for(".index", section=made.section), 303)


def _known_at() -> datetime | None:
    """Return which state of the entry was on the form, None: of a new one."""
    text = request.form.get("known_at", "")
    return parse_moment("known_at", text) if text else None


def _page(
    form: EntryForm,
    known: Entry | None,
    texts: Mapping[str, str],
    entered: EntryEntered | None = None,
    trial_id: str = "",
) -> str:
    known_at = request.form.get(
        "known_at", known.changed_at.isoformat() if known else ""
    )
    tried = gateway().trials.value(trial_id, auth.person().name, form.section.name)
    return render_template(
        "entries/entry.html",
        form=form,
        section=form.section,
        name=entered.entry.name if entered else known.name if known else "",
        known_at=known_at,
        known=known,
        texts=texts,
        mistakes=entered.mistakes if entered else {},
        kept=form.secrets_in(tried or (known.value if known else {})),
        trial_id=trial_id if tried else "",
        is_trying=bool(entered and not entered.mistakes),
    )
