"""Settings of what the site reports of itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from mvsnap.config.values import Secret, Section, Text

AlertKind = Literal[
    "meraki",
    "webex",
    "ixon",
    "broker",
    "s3",
    "provider",
    "directory",
    "heartbeat",
    "camera",
    "recorder",
    "listener",
    "process",
    "disk",
    "clock",
    "certificate",
    "folders",
    "cleaning",
    "queue",
    "jobs",
]
ALERT_KINDS: tuple[AlertKind, ...] = AlertKind.__args__  # type: ignore[attr-defined]
_LONGEST_URL = 2000


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _http_address(url: SecretStr) -> SecretStr:
    """The address itself is not repeated: it contains the secret."""
    text = url.get_secret_value()
    if not text.startswith(("http://", "https://")) or not text.isprintable():
        raise ValueError("expected an address that starts with http:// or https://")
    if len(text) > _LONGEST_URL or " " in text:
        raise ValueError(f"expected an address of up to {_LONGEST_URL} characters")
    return url


OneOrMore = Annotated[
    tuple[Text, ...],
    BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
]
SecretUrl = Annotated[Secret, AfterValidator(_http_address)]


class AlertSection(Section):
    """Without a channel nothing is reported."""

    channel: OneOrMore = Field(
        (),
        max_length=20,
        description="rooms or e-mail addresses, one or a list, to notify when a part "
        "of the site is in trouble, and when that is over; default: none",
    )
    after_s: float = Field(
        300,
        ge=1,
        le=86_400,
        description="seconds that a trouble lasts before it is reported; its end is "
        "reported after as long without trouble",
    )
    kinds: tuple[AlertKind, ...] = Field(
        ALERT_KINDS, description="what is reported; shorten the list to leave some out"
    )

    @property
    def configured(self) -> bool:
        return bool(self.channel)
