"""How the listeners are, of all processes, for operators."""

from __future__ import annotations

from collections.abc import Sequence

from mvsnap.core.amounts import amount
from mvsnap.domain import Listener


def fault(listening: Sequence[Listener]) -> str:
    """Return why nobody receives counts, "" if somebody does."""
    if not listening:
        return "no process with the sense role was seen in the last minute"
    return "" if any(one.connected for one in listening) else listening[0].state


def shortcoming(listening: Sequence[Listener]) -> str:
    """Return what is not as it should be although counts are received."""
    found = []
    if refused := sum(one.refused for one in listening):
        zones = amount(refused, "zone is", "zones are")
        found.append(f"{zones} not watched: more than sense.max_zones")
    deaf = [one for one in listening if not one.connected]
    if deaf:
        how_many = f"{len(deaf)} of {len(listening)} listeners not connected"
        found.append(f"{how_many}: {deaf[0].state}")
    return "; ".join(found)
