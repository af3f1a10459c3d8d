"""Shares: nobody fills what all wait in. Pure.

A caller may have one more while it has no more than places are free. Alone it comes to
half of them; each further caller that wants all gets as much as the others, and there
is always room for the next. The same rule for jobs, clips, threads and log-ins.
"""

from __future__ import annotations


def is_within_share(own: int, total: int, size: int, *, weight: int = 1) -> bool:
    """Return whether a caller with `own` of the `total` may have one more.

    weight: how many for each free place; with 3 a caller alone comes to three quarters.
    """
    return total < size and own <= weight * (size - total)
