"""Settings of Home Assistant: what is published over MQTT, and to which broker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from mvsnap.config.sense import Sense
from mvsnap.config.values import Secret, Section, Text

_PREFIX = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")
_MOST_CHARS = 100


def _prefix(text: str) -> str:
    if len(text) > _MOST_CHARS or not _PREFIX.fullmatch(text):
        raise ValueError(
            "expected the beginning of MQTT topics: a-z, A-Z, 0-9, _ and -, with / "
            f"between levels, at most {_MOST_CHARS} characters"
        )
    return text


Prefix = Annotated[Text, AfterValidator(_prefix)]


class HomeAssistantSection(Section):
    """Without a host, the broker of `sense` is used, with its login."""

    enabled: bool = Field(
        False, description="publish events, occupancy, pictures and health over MQTT"
    )
    host: Text | None = Field(
        None, min_length=1, description="MQTT broker; default: that of sense"
    )
    port: int = Field(
        1883, ge=1, le=65535, description="usually 8883 with TLS; needs host"
    )
    tls: bool = Field(
        False, description="use TLS and check the certificate; needs host"
    )
    ca_file: Path | None = Field(
        None, description="CA certificate file; default: the CAs of the system"
    )
    username: Text | None = Field(None, description="user name on this broker")
    password: Secret | None = Field(None, description="password on this broker")
    discovery_prefix: Prefix = Field(
        "homeassistant", description="where Home Assistant looks for new devices"
    )
    topic_prefix: Prefix = Field(
        "mvsnap",
        description="beginning of all other topics; one for each site on a broker",
    )
    pictures: bool = Field(
        True, description="publish the last picture of each camera, 480 pixels wide"
    )

    @model_validator(mode="after")
    def _a_broker_of_its_own(self) -> HomeAssistantSection:
        if self.host is None:
            names = ("port", "tls", "ca_file", "username", "password")
            given = [name for name in names if name in self.model_fields_set]
            defaults = type(self).model_fields
            given = [n for n in given if getattr(self, n) != defaults[n].default]
            if given:
                raise ValueError(f"{given[0]}: set, but host is missing")
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file: set, but tls is off")
        return self

    @model_validator(mode="after")
    def _prefixes_differ(self) -> HomeAssistantSection:
        if self.topic_prefix == self.discovery_prefix:
            raise ValueError("topic_prefix: must not be discovery_prefix")
        return self

    def broker(self, sense: Sense) -> HomeAssistantSection | Sense:
        """Return the section that says where the broker is, and the login."""
        return sense if self.host is None else self
