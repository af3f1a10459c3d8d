"""When Webex rooms and people that are no channel get messages: the form on /settings.

Its fields are named apart, as the page has hours of MV Sense, too.
"""

from __future__ import annotations

from collections.abc import Mapping

from mvsnap.config.notify import hours_text
from mvsnap.config.setting_overrides import ROOM_HOURS, with_room_hours
from mvsnap.config.webex import WebexSection
from mvsnap.errors import BadInput
from mvsnap.web.pages.settings_form import (
    ALWAYS,
    Entered,
    lines,
    parse_hours,
    plainly,
)

ABOVE = "webex"
_FIELD = "rooms_"


def room_hour_texts(webex: WebexSection) -> dict[str, str]:
    """Return the fields as the form shows them."""
    return {
        f"{_FIELD}when": hours_text(webex.when),
        f"{_FIELD}outside": webex.outside,
    }


def read_room_hours(
    form: Mapping[str, str], now: WebexSection, file: WebexSection
) -> Entered:
    """Return what was changed; None: always, as in the file, which has none."""
    entered = Entered(room_hour_texts(now))
    for name in ROOM_HOURS:
        field = f"{_FIELD}{name}"
        shown = lines(form.get(f"was.{field}", entered.texts[field]))
        text = entered.texts[field] = lines(form.get(field, shown))
        if text == shown:
            continue
        try:
            value = parse_hours(text or ALWAYS) if name == "when" else text
            found = getattr(with_room_hours(now, {f"{ABOVE}.{name}": value}), name)
        except BadInput as exc:
            entered.mistakes[field] = plainly(exc.message.rpartition(f".{name}: ")[2])
            continue
        if found == getattr(now, name):
            continue
        is_files = name == "when" and not text and file.when is None
        entered.values[name] = None if is_files else value
    return entered
