"""Settings of Wi-Fi analytics: who may send observations, and what a visit is."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from mvsnap.config.values import AddressToken, Secret, Section, SharedSecret, Text

_ACCESS_POINT = re.compile(r"[0-9A-Fa-f:?*\[\]!-]{1,40}")


def _access_point(text: str) -> str:
    if _ACCESS_POINT.fullmatch(text):
        return text
    raise ValueError('expected an address like 0c:8d:db:12:34:56 or 0c:8d:db:*, or "*"')


AccessPoint = Annotated[Text, AfterValidator(_access_point)]


class ScanningEndpoint(Section):
    token: AddressToken = Field(
        description="last part of the URL /scanning/TOKEN, 16 characters or more"
    )
    validator: Secret = Field(
        description="validator that the Dashboard shows for this network"
    )
    secret: SharedSecret = Field(
        description="same secret as in the Dashboard, 8 characters or more"
    )
    network_id: Text = Field(
        "", description="Meraki network id; default: as named in each message"
    )

    @field_validator("validator")
    @classmethod
    def _not_empty(cls, validator: SecretStr) -> SecretStr:
        if not validator.get_secret_value():
            raise ValueError("expected the validator that the Dashboard shows")
        return validator


class CorrelationSection(Section):
    window_s: int = Field(
        30,
        ge=0,
        le=3600,
        description="seconds before and after a presence that still count",
    )
    min_rssi_dbm: int = Field(
        -65,
        ge=-127,
        le=0,
        description="signal from which a device counts as near; applies to new "
        "observations, to older ones after `analytics rebuild`",
    )


class Scanning(Section):
    endpoints: tuple[ScanningEndpoint, ...] = Field(
        (), description="networks that send observations"
    )
    min_rssi_dbm: int = Field(
        -90, ge=-127, le=0, description="weaker observations are ignored"
    )
    access_points: tuple[AccessPoint, ...] = Field(
        ("*",),
        min_length=1,
        description='MAC addresses of access points to use, like 0c:8d:db:*; "*": all',
    )
    hash_macs: bool = Field(
        True, description="store a keyed hash instead of device MAC addresses"
    )
    visit_gap_s: int = Field(
        300, ge=60, le=86_400, description="seconds without a signal that end a visit"
    )
    long_stay_s: int = Field(
        3600,
        ge=60,
        le=30 * 86_400,
        description="longer visits (staff, printers) are left out of counts",
    )
    keep_observations_days: int = Field(
        7, ge=1, le=365, description="days to keep single observations"
    )
    keep_visits_days: int = Field(
        365, ge=1, le=3650, description="days to keep visits and their counts"
    )
    correlation: CorrelationSection = CorrelationSection()

    @model_validator(mode="after")
    def _tokens_differ(self) -> Scanning:
        tokens = [entry.token.get_secret_value() for entry in self.endpoints]
        if len(set(tokens)) < len(tokens):
            raise ValueError("endpoints: two entries have the same token")
        return self

    @model_validator(mode="after")
    def _visits_outlive_observations(self) -> Scanning:
        if self.keep_visits_days < self.keep_observations_days:
            raise ValueError(
                "keep_visits_days: must not be less than keep_observations_days"
            )
        return self

    def secrets(self) -> list[SecretStr]:
        """Return every secret of this section."""
        return [
            secret
            for entry in self.endpoints
            for secret in (entry.token, entry.validator, entry.secret)
        ]
