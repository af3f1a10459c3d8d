"""What values of the settings look like: serials, addresses, secrets, cron lines."""

from __future__ import annotations

import re
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr

from mvsnap.domain import parse_serial
from mvsnap.errors import BadInput


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as exc:
        raise ValueError("expected a time zone like Europe/Berlin") from exc
    return name


def _serial(text: str) -> str:
    try:
        return parse_serial(text)
    except BadInput as exc:
        raise ValueError("expected a Meraki serial like Q2XX-ABCD-1234") from exc


def _serial_or_all(text: str) -> str:
    return text if text == "*" else _serial(text)


def _origin(url: str) -> str:
    if not url.startswith(("http://", "https://")) or " " in url:
        raise ValueError("expected an address that starts with http:// or https://")
    return url.rstrip("/")


def _file_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", text):
        raise ValueError("expected the name of a file, without a folder")
    return text


def _cron(text: str) -> str:
    fields = len(text.split())
    if fields not in (5, 6):
        raise ValueError("expected five cron fields like '0 7 * * 1-5'")
    # Only when there is a schedule: it is slow to load.
    from croniter import CroniterError, croniter

    try:
        croniter(text, second_at_beginning=True).get_next()
    except CroniterError as exc:
        raise ValueError("expected a cron expression like '0 7 * * 1-5'") from exc
    return text


def as_text(value: Any) -> Any:
    """YAML reads an unquoted id such as 123456 as a number."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else value


def _secret(value: Any) -> Any:
    """A key read from a file often ends in a newline."""
    value = as_text(value)
    return value.strip() if isinstance(value, str) else value


Timezone = Annotated[str, AfterValidator(_timezone)]
Cron = Annotated[str, AfterValidator(_cron)]
Text = Annotated[str, BeforeValidator(as_text)]
Secret = Annotated[SecretStr, BeforeValidator(_secret)]
FileName = Annotated[str, AfterValidator(_file_name)]
Url = Annotated[str, AfterValidator(_origin)]
SerialText = Annotated[str, AfterValidator(_serial)]
SerialOrAll = Annotated[str, AfterValidator(_serial_or_all)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
