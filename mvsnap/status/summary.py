"""What is said in one line of a site in which nothing is in trouble."""

from __future__ import annotations

from collections.abc import Iterable

from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.status.services import NOT_CALLED
from mvsnap.texts import _, ngettext

_MOST_NAMES = 4


def unknown_parts(rows: Iterable[StatusRow]) -> list[StatusRow]:
    """Return those of which it is not known whether they work.

    Without processes: one that was stopped has been stopped by somebody.
    """
    return [
        row
        for row in rows
        if row.health is Condition.UNKNOWN and row.group is not Group.PROCESSES
    ]


def without_trouble(rows: Iterable[StatusRow]) -> str:
    """Return what is known of these rows, none of which is in trouble; no full stop."""
    unknown = unknown_parts(rows)
    if not unknown:
        return _("Everything works")
    named = [row.shown_name for row in unknown[:_MOST_NAMES]]
    if len(unknown) > len(named):
        named.append(_("and %(number)s more") % {"number": len(unknown) - len(named)})
    names = {"names": ", ".join(named)}
    if any(row.text != NOT_CALLED for row in unknown):
        return _("Nothing is in trouble; not known: %(names)s") % names
    said = ngettext(
        "Nothing is in trouble; %(names)s was not called yet",
        "Nothing is in trouble; not called yet: %(names)s",
        len(unknown),
    )
    return said % names
