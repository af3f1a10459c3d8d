"""What /scanning takes and answers, as types for the description of the API."""

from __future__ import annotations

from msgspec import Struct

from mvsnap.web.answers import Count


class ScanningMessage(Struct):
    """A message of Meraki's Location Scanning API, version 2 or 3."""


class ObservationsAnswer(Struct, tag_field="status", tag="accepted"):
    """How many observations were kept, were not wanted, could not be read."""

    observations: Count
    ignored: Count
    bad: Count
