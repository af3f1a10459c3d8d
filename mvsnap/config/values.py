"""Types of settings: serials, addresses, secrets, cron lines."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    ValidationInfo,
)

from mvsnap.domain import parse_serial
from mvsnap.errors import BadInput

LEAST_TOKEN = 16
# A key of before may be shorter, not as short as any wanted: it is tried from outside.
LEAST_KEY = 16
LEAST_OLD_KEY = 8
LEAST_SECRET = 8
MOST_DESTINATIONS = 20
_LONGEST_URL = 2000
# Characters that an address contains without being encoded.
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")
_MAIL = re.compile(r"[!-9;-?A-~]{1,64}@[A-Za-z0-9.-]{1,253}")
_CONTACT = re.compile(r"(mailto:[!-~]{1,64}@|https://|tel:)[!-~]{1,500}")
# Letters of any alphabet and digits; spaces, dots, _ and - only inside.
_NAME = re.compile(r"[^\W_]([\w .-]{0,38}[\w.-])?")


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


def _plain_name(text: str) -> str:
    text = text.strip()
    if not _NAME.fullmatch(text):
        raise ValueError(
            "expected a name of up to 40 letters, digits, spaces and any of . _ -"
        )
    return text


def _camera_name(text: str) -> str:
    text = _plain_name(text)
    if is_serial(text):
        raise ValueError(
            "expected a name of your choice; put the Meraki serial in meraki_serial"
        )
    return text


def is_serial(text: str) -> bool:
    """Return whether it is a Meraki serial, in any spelling."""
    try:
        parse_serial(text)
    except BadInput:
        return False
    return True


def _camera(text: str, info: ValidationInfo[KnownCameras | None]) -> str:
    """Accept a serial, or a recording camera.

    Those are known while a file is loaded; otherwise any name may be one.
    """
    if is_serial(text):
        return parse_serial(text)
    if info.context is None:
        return _camera_name(text)
    names: dict[str, str] = {n.casefold(): n for n in info.context.recorder_cameras}
    if (name := names.get(text.strip().casefold())) is not None:
        return name
    if not names:
        raise ValueError("expected a Meraki serial like Q2XX-ABCD-1234")
    near = get_close_matches(text.casefold(), names, n=1)
    hint = f" (did you mean {names[near[0]]}?)" if near else ""
    raise ValueError(f"expected a Meraki serial or a name from recorder.cameras{hint}")


def _picture_serial(text: str, info: ValidationInfo[KnownCameras | None]) -> str:
    """Accept a serial; the error for a recorder camera says that pictures need one."""
    names = info.context.recorder_cameras if info.context else ()
    if text.strip().casefold() in {name.casefold() for name in names}:
        raise ValueError(
            f"{text.strip()} only records clips; expected the Meraki serial of a camera"
        )
    return _serial(text)


def _camera_or_all(text: str, info: ValidationInfo[KnownCameras | None]) -> str:
    return text if text == "*" else _camera(text, info)


def _origin(url: str) -> str:
    # Without its slashes "https://" would be an address that is refused the next time.
    text = url.rstrip("/")
    if not text.startswith(("http://", "https://")) or " " in text:
        raise ValueError("expected an address that starts with http:// or https://")
    return text


def _contact(text: str) -> str:
    """Return an address as RFC 9116 wants it: a URI, never plain http."""
    text = text.strip()
    if _MAIL.fullmatch(text):
        text = f"mailto:{text}"
    if not _CONTACT.fullmatch(text):
        raise ValueError("expected an e-mail address, or one with https: or tel:")
    return text


def _file_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", text):
        raise ValueError("expected a file name without a folder")
    return text


def _cron(text: str) -> str:
    fields = len(text.split())
    if fields not in (5, 6):
        raise ValueError("expected five cron fields like '0 7 * * 1-5'")
    # Imported only if there is a schedule: it is slow to load.
    from croniter import croniter

    try:
        croniter(text, second_at_beginning=True).get_next()
    except ValueError as exc:  # its own errors are; no name of them is needed
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


def as_list(value: Any) -> Any:
    """Return one text as a list of one."""
    value = as_text(value)
    return (value,) if isinstance(value, str) else value


def _destinations(value: Any) -> str | tuple[str, ...]:
    """Accept a text, or a list of them."""
    if isinstance(value := as_text(value), str):
        return value
    several = [as_text(item) for item in value] if _is_list(value) else [None]
    if not all(isinstance(item, str) for item in several):
        raise ValueError("expected a room or channel, or a list of them")
    if len(several) > MOST_DESTINATIONS:
        raise ValueError(f"expected at most {MOST_DESTINATIONS} rooms and channels")
    return tuple(map(str, several))


def _plain_destinations(value: str | tuple[str, ...]) -> str | list[str]:
    return value if isinstance(value, str) else list(value)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _http_address(url: SecretStr) -> SecretStr:
    """The address itself is not repeated: it contains the secret."""
    text = url.get_secret_value()
    if not text.startswith(("http://", "https://")) or not text.isprintable():
        raise ValueError("expected an address that starts with http:// or https://")
    if len(text) > _LONGEST_URL or " " in text:
        raise ValueError(f"expected an address of up to {_LONGEST_URL} characters")
    return url


def _address_token(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < LEAST_TOKEN:
        raise ValueError(f"expected at least {LEAST_TOKEN} characters")
    if not _PLAIN.fullmatch(text):
        raise ValueError("expected only letters, digits and any of . _ ~ -")
    return token


def _api_secret(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < LEAST_OLD_KEY:
        raise ValueError(
            f"expected at least {LEAST_KEY} characters ({LEAST_OLD_KEY} of a key that "
            "is in use already)"
        )
    return key


def _shared_secret(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < LEAST_SECRET:
        raise ValueError(f"expected at least {LEAST_SECRET} characters")
    return secret


Timezone = Annotated[str, AfterValidator(_timezone)]
Cron = Annotated[str, AfterValidator(_cron)]
# What YAML may have read a text as, for the schema.
_Read = str | int
_AsText = BeforeValidator(as_text, json_schema_input_type=_Read)
Text = Annotated[str, _AsText]
Secret = Annotated[SecretStr, BeforeValidator(_secret, json_schema_input_type=_Read)]
FileName = Annotated[str, AfterValidator(_file_name)]
OneOrMore = Annotated[
    tuple[Text, ...],
    BeforeValidator(as_list, json_schema_input_type=str | list[str]),
]
# Rooms, people and channels: one as a text, or a list.
Destinations = Annotated[
    str | tuple[str, ...],
    PlainValidator(_destinations, json_schema_input_type=str | int | list[str | int]),
    PlainSerializer(_plain_destinations, when_used="json"),
]
SecretUrl = Annotated[Secret, AfterValidator(_http_address)]
ChannelName = Annotated[str, _AsText, AfterValidator(_plain_name)]
# The last part of an address; included in a cloud's messages.
AddressToken = Annotated[Secret, AfterValidator(_address_token)]
ApiSecret = Annotated[Secret, AfterValidator(_api_secret)]
SharedSecret = Annotated[Secret, AfterValidator(_shared_secret)]
Contact = Annotated[str, AfterValidator(_contact)]
Url = Annotated[str, AfterValidator(_origin)]
SerialText = Annotated[str, AfterValidator(_serial)]
PictureSerial = Annotated[str, AfterValidator(_picture_serial)]
SerialOrAll = Annotated[str, AfterValidator(_serial_or_all)]
CameraName = Annotated[str, _AsText, AfterValidator(_camera_name)]
CameraText = Annotated[str, _AsText, AfterValidator(_camera)]
CameraOrAll = Annotated[str, _AsText, AfterValidator(_camera_or_all)]


class KnownCameras(Struct, frozen=True):
    """Names of other sections that the settings of one may refer to."""

    recorder_cameras: tuple[str, ...] = ()


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
