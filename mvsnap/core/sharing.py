"""How processes share work out among themselves: who lets go of what, who takes it.

Work is never pulled away: a holder is asked for it and hands it over at its next turn,
so it has time to finish. Nobody needs to know what others can do: a process whose
settings lack a camera asks for others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from msgspec import Struct


class Holding(Struct, frozen=True):
    """holder: who has it. asked_by: who would like to have it instead."""

    holder: str
    asked_by: str | None = None


class Plan(Struct, frozen=True):
    """What one process does with the holdings in its turn.

    held: what it holds then. leaving: what others asked for; it goes to them the next
    time. hand_over: names that go now, with whom; None: to whoever takes them. free:
    what nobody has after that.
    """

    held: frozenset[str]
    leaving: frozenset[str]
    take: frozenset[str]
    hand_over: Mapping[str, str | None]
    ask: frozenset[str]
    free: frozenset[str]


def plan(
    me: str,
    wanted: Collection[str],
    holdings: Mapping[str, Holding],
    alive: Collection[str],
    *,
    leaving: Collection[str] = (),
    free_before: Collection[str] = (),
) -> Plan:
    """Return what to do, so that in the end each has nearly as much as the others.

    wanted: what this process is able to do. holdings: of processes that are alive.
    alive: those, and me. leaving, free_before: of the plan before.
    """
    here = frozenset(wanted)
    mine = {name: one for name, one in holdings.items() if one.holder == me}
    hand_over: dict[str, str | None] = dict.fromkeys(mine.keys() - here)
    asked = {name: one.asked_by for name, one in mine.items() if one.asked_by}
    hand_over |= {name: by for name, by in asked.items() if name in leaving}
    free = here - holdings.keys()
    take = _first(free, -(-len(free) // len(alive)))
    # What is free for the second time was left by the others: they cannot do it.
    take |= free & frozenset(free_before)
    going = asked.keys() - hand_over.keys()
    return Plan(
        held=frozenset(mine.keys() | take) - hand_over.keys() - going,
        leaving=frozenset(going),
        take=take,
        hand_over=hand_over,
        ask=frozenset() if free else _to_ask(me, here, holdings),
        free=free - take,
    )


def _to_ask(
    me: str, wanted: Collection[str], taken: Mapping[str, Holding]
) -> frozenset[str]:
    """Return what to ask of the holder with the most, if it has two more at least."""
    if any(one.asked_by == me for one in taken.values()):
        return frozenset()
    many = Counter(one.holder for one in taken.values())
    others = {taken[name].holder for name in wanted if name in taken} - {me}
    richest = max(others, key=lambda holder: (many[holder], holder), default=me)
    possible = {name for name in wanted if taken.get(name) == Holding(richest)}
    return _first(possible, max(0, many[richest] - many[me]) // 2)


def _first(names: Collection[str], many: int) -> frozenset[str]:
    return frozenset(sorted(names)[:many])
