"""Names of zones as people read them: all are stored in English or as given. Pure."""

from __future__ import annotations

import re

from mvsnap.domain import FULL_FRAME
from mvsnap.texts import N_, _

# The Dashboard's own name of it.
WHOLE = N_("Full Frame")
_UNNAMED = re.compile(r"(zone|line) ([0-9]{1,32})", re.ASCII | re.IGNORECASE)
# Of a line, whatever the camera calls it: so it is stored with what crossed it.
_LINE = re.compile(r"(line) (\S.*)")


def zone_words(name: str, zone_id: str = "") -> str:
    """Return a zone's name; one that people gave stays as it is.

    name: as it was stored, "" or its id: it has none.
    """
    if name in ("", zone_id):
        name = WHOLE if zone_id == FULL_FRAME else f"zone {zone_id}" if zone_id else ""
    if name == WHOLE:
        return _(WHOLE)
    if (found := _UNNAMED.fullmatch(name) or _LINE.fullmatch(name)) is None:
        return name
    said = _("Zone %(id)s") if found[1].lower() == "zone" else _("Line %(id)s")
    return said % {"id": found[2]}
