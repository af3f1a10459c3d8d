"""Settings of MV Sense: the broker, the crowd rule, noise, crossings, sensors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from mvsnap.config.values import (
    Secret,
    Section,
    SerialOrAll,
    SerialText,
    Text,
    as_text,
)


def _zone(text: str) -> str:
    if text == "*" or (text.isascii() and text.isdigit() and len(text) <= 32):
        return text
    raise ValueError("expected a zone id of digits, 0 for the whole frame, or *")


def _topic_filter(text: str) -> str:
    levels = text.split("/")
    if not text or "#" in "/".join(levels[:-1]) or len(text) > 200:
        raise ValueError("expected an MQTT topic filter; # only as its last level")
    if any(len(level) > 1 and set(level) & set("+#") for level in levels):
        raise ValueError("expected an MQTT topic filter; + and # stand alone")
    return text


ZoneOrAll = Annotated[Text, AfterValidator(_zone)]
TopicFilter = Annotated[str, AfterValidator(_topic_filter)]


class Override(Section):
    """Another rule for one camera or one of its zones; what is not given stays."""

    serial: SerialText = Field(description="the camera")
    zone: ZoneOrAll = Field("*", description='one zone of it; "*": all')
    people: int | None = Field(
        None, ge=1, le=10_000, description="default: sense.people"
    )
    dwell_s: float | None = Field(
        None, ge=0, le=86_400, description="default: sense.dwell_s"
    )
    min_messages: int | None = Field(
        None, ge=1, le=10_000, description="default: sense.min_messages"
    )
    dropout_s: float | None = Field(
        None, ge=0, le=3600, description="default: sense.dropout_s"
    )
    cooldown_s: float | None = Field(
        None, ge=0, le=86_400, description="default: sense.cooldown_s"
    )
    rooms: tuple[Text, ...] | None = Field(None, description="default: sense.rooms")


class Noise(Section):
    level_db: int | None = Field(
        None,
        ge=-200,
        le=200,
        description="raise a noise at this audio level or above, such as -20; "
        "default: never",
    )
    dwell_s: float = Field(5, ge=0, le=86_400, description="seconds it must last")
    dropout_s: float = Field(
        10, ge=0, le=3600, description="seconds of quiet that do not end it"
    )
    cooldown_s: float = Field(
        300, ge=0, le=86_400, description="seconds until the next one may be raised"
    )


class Crossing(Section):
    """Raise a crossing when a line is crossed that often."""

    serial: SerialOrAll = Field("*", description='the camera; "*": all')
    line: Text = Field("*", description='id of the line; "*": all')
    event: Literal["crossing_in", "crossing_out"] = Field(
        "crossing_in", description="crossing_in or crossing_out"
    )
    type: Literal["person", "vehicle"] = Field(
        "person", description="person or vehicle"
    )
    count: int = Field(1, ge=1, le=10_000, description="crossings that raise it")
    window_s: float = Field(
        60, gt=0, le=86_400, description="seconds within which they happen"
    )
    cooldown_s: float = Field(
        300, ge=0, le=86_400, description="seconds until the next one may be raised"
    )


class SensorTrigger(Section):
    """An MT sensor or a sound that takes a snapshot."""

    topic: TopicFilter = Field(
        description="like meraki/v1/mt/+/ble/AA:BB:CC:DD:EE:FF/door"
    )
    match: dict[str, bool | int | float | str] = Field(
        {}, description="what the message must say, like {open: true}"
    )
    title: Text = Field("", description="text in front of the message")
    cameras: tuple[SerialText, ...] = Field((), description="default: meraki.cameras")
    room: Text | None = Field(None, description="default: webex.room")


class Sense(Section):
    enabled: bool = Field(False, description="listen to MV Sense")
    host: str = Field("127.0.0.1", description="MQTT broker the cameras use")
    port: int = Field(1883, ge=1, le=65535, description="8883 is usual with TLS")
    tls: bool = Field(False, description="encrypt; the certificate is checked")
    ca_file: Path | None = Field(
        None, description="certificate authority; default: those of the system"
    )
    username: Text | None = Field(None, description="at the broker")
    password: Secret | None = Field(None, description="at the broker")
    protocol: Annotated[Literal["3.1.1", "5"], BeforeValidator(as_text)] = Field(
        "3.1.1", description="MQTT 3.1.1 or 5"
    )
    topic: TopicFilter = Field("/merakimv/#", description="what the cameras publish")
    cameras: tuple[SerialOrAll, ...] = Field(
        ("*",), min_length=1, description='serials that count; "*": all'
    )
    zones: tuple[ZoneOrAll, ...] = Field(
        ("*",), min_length=1, description='zones that count, 0: whole frame; "*": all'
    )
    people: int = Field(1, ge=1, le=10_000, description="so many people are a crowd")
    dwell_s: float = Field(
        60, ge=0, le=86_400, description="seconds they must stay to be one"
    )
    min_messages: int = Field(
        1, ge=1, le=10_000, description="messages that must say so in that time"
    )
    dropout_s: float = Field(
        5, ge=0, le=3600, description="seconds with fewer people that do not end it"
    )
    cooldown_s: float = Field(
        300, ge=0, le=86_400, description="seconds until the zone may raise the next"
    )
    rooms: tuple[Text, ...] = Field(
        (), description="rooms or e-mails that are told; default: webex.room"
    )
    overrides: tuple[Override, ...] = Field((), description="rules of some zones")
    noise: Noise = Noise()
    crossings: tuple[Crossing, ...] = Field((), description="lines to watch")
    triggers: tuple[SensorTrigger, ...] = Field(
        (), description="MT sensors and sounds that take a snapshot"
    )

    @model_validator(mode="after")
    def _ca_needs_tls(self) -> Sense:
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file: given, but tls is off")
        return self
