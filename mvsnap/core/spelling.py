"""Names that are equal in any spelling: for the rules, from the ground below them."""

from __future__ import annotations

from mvsnap.spelling import fold as fold
from mvsnap.spelling import folded as folded
