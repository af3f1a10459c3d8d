"""Settings forms: rule, recipients, exceptions. Texts in, values out.

Each field has a `was.NAME`, the text that the form showed. Only what a person changed
is stored, so two people who change different fields do not undo each other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from msgspec import Struct

from mvsnap.config.entry_fields import LONGEST_TEXT, read_hours
from mvsnap.config.notify import MOST_SPANS, hours_text
from mvsnap.config.sense import Override, Sense
from mvsnap.config.setting_overrides import with_overrides
from mvsnap.core.params import MAX_ROOM
from mvsnap.errors import BadInput
from mvsnap.texts import N_, _, first_upper

_MAX_ROOMS = 20
_MAX_NUMBER = 32
# What holds instead of hours that the file has.
ALWAYS = "mon-sun"


class RuleField(Struct, frozen=True):
    """One number of the rule as the form shows it.

    default: what an empty field means; "": it must not be empty.
    """

    name: str
    label: str
    unit: str
    about: str
    whole: bool = False
    default: str = ""


RULE = (
    RuleField(
        "people",
        N_("People"),
        "people",
        N_("Number of people in a zone that counts as a crowd."),
        True,
    ),
    RuleField(
        "people_to_start",
        N_("People to start"),
        "people",
        N_("Number of people that starts the dwell time."),
        True,
        "as People",
    ),
    RuleField(
        "people_to_end",
        N_("People to end"),
        "people",
        N_("The crowd is over when there are fewer than this."),
        True,
        N_("the lowest of the others"),
    ),
    RuleField(
        "dwell_s",
        N_("Dwell"),
        "seconds",
        N_("How long they must stay before an alert."),
    ),
    RuleField(
        "min_messages",
        N_("Messages"),
        "messages",
        N_("How many camera messages in that time must confirm the crowd."),
        True,
    ),
    RuleField(
        "dropout_s",
        N_("Dropout"),
        "seconds",
        N_("How long the count may drop before the crowd is over."),
    ),
    RuleField(
        "cooldown_s",
        "Cool-down",
        "seconds",
        N_("Wait this long before the same zone alerts again."),
    ),
)


@dataclass(slots=True)
class Entered:
    """What was entered.

    texts: as entered, by field; values: JSON values of valid, changed fields;
    mistakes: what is wrong, by field.
    """

    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    mistakes: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, parse: Callable[[], Any]) -> None:
        """Store the parsed value, or what is wrong with it."""
        try:
            self.values[name] = parse()
        except BadInput as exc:
            self.mistakes[name] = exc.message

    def judge(
        self, name: str, sense: Sense, setting_overrides: Mapping[str, Any]
    ) -> None:
        """Check one value against the settings' own validation."""
        try:
            with_overrides(sense, setting_overrides)
        except BadInput as exc:
            del self.values[name]
            self.mistakes[name] = plainly(exc.message.partition(": ")[2])


def rule_texts(rule: Sense | Override) -> dict[str, str]:
    """Return the fields of the rule as a form shows them; "": not set."""
    texts = {each.name: number(getattr(rule, each.name)) for each in RULE}
    hours = {"when": hours_text(rule.when), "outside": rule.outside or ""}
    return texts | hours | {"rooms": "\n".join(rule.rooms or ())}


def read_rule(form: Mapping[str, str], now: Sense, file: Sense) -> Entered:
    """Return the changed numbers of the rule; None: as in the file, which has none.

    now: the rule before the change.
    """
    entered = _changed(form, now, [each.name for each in RULE])
    for each in RULE:
        if each.name in entered.values:
            text = entered.values.pop(each.name)
            if not text and each.default and getattr(file, each.name) is None:
                entered.values[each.name] = None
            else:
                entered.keep(each.name, partial(parse_number, text, each))
    return _checked(entered, now)


def read_rooms(form: Mapping[str, str], now: Sense) -> Entered:
    """Return the changed recipients."""
    entered = _changed(form, now, ["rooms"])
    if "rooms" in entered.values:
        entered.keep("rooms", partial(parse_rooms, entered.values.pop("rooms")))
    return _checked(entered, now)


def read_notify_hours(form: Mapping[str, str], now: Sense, file: Sense) -> Entered:
    """Return the changed hours; None: always, as in the file, which has none."""
    entered = _changed(form, now, ["when", "outside"])
    if "when" in entered.values:
        text = entered.values.pop("when")
        entered.keep("when", partial(parse_hours, text or ALWAYS))
        if not text and file.when is None:
            entered.values["when"] = None
    return _checked(entered, now)


def read_override(
    form: Mapping[str, str], sense: Sense, serial: str, zone: str
) -> Entered:
    """Return the rule of one place; an empty field uses the general rule."""
    entered = Entered()
    for each in RULE:
        text = entered.texts[each.name] = form.get(each.name, "").strip()
        if text:
            entered.keep(each.name, partial(parse_number, text, each))
    rooms = entered.texts["rooms"] = lines(form.get("rooms", ""))
    if rooms:
        entered.keep("rooms", partial(parse_rooms, rooms))
    hours = entered.texts["when"] = lines(form.get("when", ""))
    if hours:
        entered.keep("when", partial(parse_hours, hours))
    outside = entered.texts["outside"] = form.get("outside", "")[:_MAX_NUMBER]
    if outside:
        entered.values["outside"] = outside
    for name, value in list(entered.values.items()):
        one = {"serial": serial, "zone": zone, name: value}
        entered.judge(name, sense, {"sense.overrides": [one]})
    if not entered.values and not entered.mistakes:
        entered.mistakes["people"] = _("Change at least one value.")
    return entered


def parse_number(text: str, wanted: RuleField) -> int | float:
    kind = _("a whole number") if wanted.whole else _("a number")
    if not text or len(text) > _MAX_NUMBER:
        raise BadInput(f"Enter {kind}.")
    try:
        return int(text) if wanted.whole else float(text)
    except ValueError as exc:
        raise BadInput(f"Enter {kind}.") from exc


def parse_rooms(text: str) -> list[str]:
    """Return one room or e-mail per line that is not empty, without duplicates."""
    rooms = list(dict.fromkeys(lines(text).splitlines()))
    if len(rooms) > _MAX_ROOMS:
        raise BadInput(f"Enter at most {_MAX_ROOMS} rooms or people.")
    for room in rooms:
        if len(room) > MAX_ROOM:
            raise BadInput(f"{room[:40]!r}… is longer than {MAX_ROOM} characters.")
        # Cc: control characters; Cs: half of a character, which no database stores.
        if any(unicodedata.category(character) in ("Cc", "Cs") for character in room):
            raise BadInput(f"{room[:40]!r} contains control characters.")
    return rooms


def parse_hours(text: str) -> list[dict[str, str]]:
    """Return hours, one span a line, as a file has them."""
    lines = text.splitlines()
    if len(lines) > MOST_SPANS or len(text) > LONGEST_TEXT:
        raise BadInput(f"Enter at most {MOST_SPANS} lines.")
    return [read_hours(line) for line in lines]


def number(value: float | None) -> str:
    """Return the number as a person types it."""
    if value is None:
        return ""
    return str(int(value)) if value == int(value) else str(value)


def _changed(form: Mapping[str, str], now: Sense, names: list[str]) -> Entered:
    """Return the texts; `values` has those that differ from what the form showed."""
    entered = Entered(rule_texts(now))
    for name in names:
        shown = lines(form.get(f"was.{name}", entered.texts[name]))
        text = entered.texts[name] = lines(form.get(name, shown))
        if text != shown:
            entered.values[name] = text
    return entered


def _checked(entered: Entered, now: Sense) -> Entered:
    for name, value in list(entered.values.items()):
        entered.judge(name, now, {f"sense.{name}": value})
        held = getattr(now, name)
        if name == "rooms":
            held = list(held)
        elif name == "when" and name in entered.values:
            held, value = hours_text(held), hours_text(value)
        if name in entered.values and value == held:
            del entered.values[name]
    return entered


def plainly(words: str) -> str:
    """Return what the settings say of a value as a sentence below its field."""
    plain = words.removeprefix("Value error, ").replace("Input should", "Must", 1)
    return first_upper(plain) + ("" if plain.endswith(".") else ".")


def lines(text: str) -> str:
    """Return the text without spaces around lines and without empty lines."""
    return "\n".join(line for raw in text.splitlines() if (line := raw.strip()))
