"""Requests and answers of /scanning as types for the API description."""

from __future__ import annotations

from msgspec import Struct

from mvsnap.web.answers import Count


class ScanningMessage(Struct):
    """A message of Meraki's Location Scanning API, version 2 or 3."""


class ObservationsAnswer(Struct, tag_field="status", tag="accepted"):
    """How many observations were stored, were ignored, or were invalid."""

    observations: Count
    ignored: Count
    bad: Count
