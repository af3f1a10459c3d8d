"""Settings of MV Sense: the broker, the crowd rule, noise, crossings, sensors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    model_validator,
)

from mvsnap.config.notify import Outside, When, rule_outside, rule_when
from mvsnap.config.values import (
    Destinations,
    OneOrMore,
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
        raise ValueError("expected an MQTT topic filter; # only as the last level")
    if any(len(level) > 1 and set(level) & set("+#") for level in levels):
        raise ValueError("expected an MQTT topic filter; + and # must stand alone")
    return text


ZoneOrAll = Annotated[Text, AfterValidator(_zone)]
TopicFilter = Annotated[str, AfterValidator(_topic_filter)]
Number = Annotated[int, Field(ge=1, le=10_000)]  # of people, messages, crossings
ShortTime = Annotated[float, Field(ge=0, le=3600)]
LongTime = Annotated[float, Field(ge=0, le=86_400)]


class Override(Section):
    """A different rule for a camera or one of its zones; keys not set stay general."""

    serial: SerialText = Field(description="camera serial")
    zone: ZoneOrAll = Field("*", description='zone id; "*": all zones')
    people: Number | None = Field(None, description="default: sense.people")
    people_to_start: Number | None = Field(
        None, description="default: sense.people_to_start"
    )
    people_to_end: Number | None = Field(
        None, description="default: sense.people_to_end"
    )
    dwell_s: LongTime | None = Field(None, description="default: sense.dwell_s")
    min_messages: Number | None = Field(None, description="default: sense.min_messages")
    dropout_s: ShortTime | None = Field(None, description="default: sense.dropout_s")
    cooldown_s: LongTime | None = Field(None, description="default: sense.cooldown_s")
    rooms: OneOrMore | None = Field(None, description="default: sense.rooms")
    when: When = Field(None, description="default: sense.when")
    outside: Outside | None = Field(None, description="default: sense.outside")

    @model_validator(mode="after")
    def _ends_below_its_begin(self, info: ValidationInfo[object]) -> Override:
        _check_end(self, info)
        return self


class Noise(Section):
    level_db: int | None = Field(
        None,
        ge=-200,
        le=200,
        description="raise a noise alert at or above this audio level, such as -20; "
        "default: never",
    )
    dwell_s: LongTime = Field(5, description="how long it must last before an alert")
    dropout_s: ShortTime = Field(
        10, description="how long it may be quiet before the noise is over"
    )
    cooldown_s: LongTime = Field(
        300, description="wait this long before the next alert"
    )


class CrossingSection(Section):
    """Raises an event when a line is crossed that often."""

    serial: SerialOrAll = Field("*", description='camera serial; "*": all')
    line: Text = Field("*", description='line id; "*": all')
    event: Literal["crossing_in", "crossing_out"] = Field(
        "crossing_in", description="crossing_in or crossing_out"
    )
    type: Literal["person", "vehicle"] = Field(
        "person", description="person or vehicle"
    )
    count: Number = Field(1, description="number of crossings that raises an alert")
    window_s: float = Field(
        60, gt=0, le=86_400, description="seconds within which they must happen"
    )
    cooldown_s: LongTime = Field(
        300, description="wait this long before the next alert"
    )
    when: When = Field(
        None,
        description="hours in which it notifies; default: sense.when, or that of an "
        "exception",
    )
    outside: Outside | None = Field(
        None, description="default: sense.outside, or that of an exception"
    )


class SensorTrigger(Section):
    """An MT sensor or a sound that takes a snapshot."""

    topic: TopicFilter = Field(
        description="MQTT topic, like meraki/v1/mt/+/ble/AA:BB:CC:DD:EE:FF/door"
    )
    match: dict[str, bool | int | float | str] = Field(
        {}, description="values the message must have, like {open: true}"
    )
    title: Text = Field("", description="text at the start of the message")
    cameras: tuple[SerialText, ...] = Field((), description="default: meraki.cameras")
    room: Destinations | None = Field(None, description="default: webex.room")
    when: When = rule_when()
    outside: Outside = rule_outside()


class Sense(Section):
    enabled: bool = Field(False, description="listen to MV Sense")
    host: str = Field("127.0.0.1", description="MQTT broker of the cameras")
    port: int = Field(1883, ge=1, le=65535, description="usually 8883 with TLS")
    tls: bool = Field(False, description="use TLS and check the certificate")
    ca_file: Path | None = Field(
        None, description="CA certificate file; default: the CAs of the system"
    )
    username: Text | None = Field(None, description="user name on the broker")
    password: Secret | None = Field(None, description="password on the broker")
    protocol: Annotated[
        Literal["3.1.1", "5"],
        BeforeValidator(as_text, json_schema_input_type=str | int),
    ] = Field("3.1.1", description="MQTT 3.1.1 or 5")
    topic: TopicFilter = Field(
        "/merakimv/#", description="MQTT topic the cameras publish to"
    )
    cameras: tuple[SerialOrAll, ...] = Field(
        ("*",), min_length=1, description='camera serials to watch; "*": all'
    )
    zones: tuple[ZoneOrAll, ...] = Field(
        ("*",), min_length=1, description='zone ids to watch; 0: whole frame; "*": all'
    )
    full_frame: Literal["auto", "always", "never"] = Field(
        "auto",
        description='when the whole frame counts with zones "*"; auto: only for '
        "cameras that send no other zone, so that the same people alert once; always; "
        "never. If zones or an exception names zone 0, it always counts",
    )
    people: Number = Field(
        1, description="number of people in a zone that counts as a crowd"
    )
    people_to_start: Number | None = Field(
        None,
        description="number of people that starts the time in dwell_s; default: people",
    )
    people_to_end: Number | None = Field(
        None,
        description="the crowd is over when there are fewer people than this; default: "
        "people or people_to_start, whichever is lower",
    )
    dwell_s: LongTime = Field(60, description="how long they must stay before an alert")
    min_messages: Number = Field(
        1, description="how many camera messages in that time must confirm the crowd"
    )
    dropout_s: ShortTime = Field(
        5, description="how long the count may drop before the crowd is over"
    )
    cooldown_s: LongTime = Field(
        300, description="wait this long before the same zone alerts again"
    )
    rooms: OneOrMore = Field(
        (),
        description="rooms, e-mail addresses or channels to notify; "
        "default: webex.room",
    )
    when: When = rule_when()
    outside: Outside = rule_outside()
    max_zones: int = Field(
        20_000,
        ge=1,
        le=1_000_000,
        description="how many zones one listener watches at most; 20,000 take 20 MB",
    )
    overrides: tuple[Override, ...] = Field(
        (), description="exceptions for cameras or zones"
    )
    noise: Noise = Noise()
    crossings: tuple[CrossingSection, ...] = Field(
        (), description="line crossings to watch"
    )
    triggers: tuple[SensorTrigger, ...] = Field(
        (), description="MT sensors and sounds that trigger a snapshot"
    )

    @model_validator(mode="after")
    def _ca_needs_tls(self) -> Sense:
        if self.ca_file is not None and not self.tls:
            raise ValueError("ca_file: set, but tls is off")
        return self

    @model_validator(mode="after")
    def _ends_below_its_begin(self, info: ValidationInfo[object]) -> Sense:
        _check_end(self, info)
        return self


def _check_end(rule: Sense | Override, info: ValidationInfo[object]) -> None:
    """Refuse an end above the beginning, in a file only.

    Values of the page and of exceptions change one by one; there, the lowest holds.
    """
    if info.context is None or rule.people_to_end is None:
        return
    for name in ("people", "people_to_start"):
        other = getattr(rule, name)
        if other is not None and rule.people_to_end > other:
            raise ValueError(f"people_to_end: must not be more than {name}")
