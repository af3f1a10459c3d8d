"""Settings that people change on the page; those in the file are the defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec import Struct
from pydantic import ValidationError

from mvsnap.config.model import Settings
from mvsnap.config.sense import Sense
from mvsnap.config.values import Section
from mvsnap.config.webex import WebexSection
from mvsnap.errors import BadInput

_Chosen = TypeVar("_Chosen", bound=Section)

# What the page may change; the broker and its password stay in the file.
CHOOSABLE = (
    "enabled",
    "people",
    "people_to_start",
    "people_to_end",
    "dwell_s",
    "min_messages",
    "dropout_s",
    "cooldown_s",
    "rooms",
    "when",
    "outside",
    "overrides",
)


# Of the rooms and people that are no channel of their own.
ROOM_HOURS = ("when", "outside")


class WithOverrides(Struct, frozen=True):
    """mistakes: why the file's section holds."""

    settings: Settings
    mistakes: tuple[str, ...] = ()


def overridden(settings: Settings, values: Mapping[str, Any]) -> WithOverrides:
    """Return the settings with the overrides of every section that are valid.

    The object is the same one where they change nothing.
    """
    sections: dict[str, Callable[[], Section]] = {
        "sense": lambda: with_overrides(settings.sense, values),
        "webex": lambda: with_room_hours(settings.webex, values),
    }
    update, mistakes = dict[str, Section](), list[str]()
    for name, section in sections.items():
        try:
            update[name] = section()
        except BadInput as exc:
            mistakes.append(exc.message)
    if all(found is getattr(settings, name) for name, found in update.items()):
        return WithOverrides(settings, tuple(mistakes))
    return WithOverrides(settings.model_copy(update=update), tuple(mistakes))


def with_overrides(sense: Sense, setting_overrides: Mapping[str, Any]) -> Sense:
    """Return the settings with the overrides applied.

    setting_overrides: JSON values by name, such as {"sense.people": 4}; unknown ones
        are ignored.

    Raises:
        BadInput: names the first invalid setting.
    """
    return _section(sense, "sense", CHOOSABLE, setting_overrides)


def with_room_hours(
    webex: WebexSection, setting_overrides: Mapping[str, Any]
) -> WebexSection:
    """Return the section of Webex with the hours of the page. Raises BadInput."""
    return _section(webex, "webex", ROOM_HOURS, setting_overrides)


def _section(
    section: _Chosen, above: str, names: tuple[str, ...], values: Mapping[str, Any]
) -> _Chosen:
    wanted = {
        name: values[f"{above}.{name}"] for name in names if f"{above}.{name}" in values
    }
    if not wanted:
        return section
    try:
        return type(section).model_validate(section.model_dump() | wanted)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(step) for step in (above, *first["loc"]))
        raise BadInput(f"{path}: {first['msg']}") from exc
