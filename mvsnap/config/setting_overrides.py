"""Settings that people change on the page; those in the file are the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from mvsnap.config.sense import Sense
from mvsnap.errors import BadInput

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


def with_overrides(sense: Sense, setting_overrides: Mapping[str, Any]) -> Sense:
    """Return the settings with the overrides applied.

    setting_overrides: JSON values by name, such as {"sense.people": 4}; unknown ones
        are ignored.

    Raises:
        BadInput: names the first invalid setting.
    """
    wanted = {
        name: setting_overrides[f"sense.{name}"]
        for name in CHOOSABLE
        if f"sense.{name}" in setting_overrides
    }
    if not wanted:
        return sense
    try:
        return Sense.model_validate(sense.model_dump() | wanted)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(step) for step in ("sense", *first["loc"]))
        raise BadInput(f"{path}: {first['msg']}") from exc
