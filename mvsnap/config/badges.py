"""Settings of the badge review: readers and their cameras, the directory."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from mvsnap.config.values import Destinations, PictureSerial, Section, Text

_WEB = ("http://", "https://")


def _template(url: str) -> str:
    try:
        parts = urlsplit(url)
        clear = bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        clear = False
    if not url.startswith(_WEB) or not clear or not url.isprintable() or " " in url:
        raise ValueError("expected an address like https://directory.example/{user_id}")
    if "{user_id}" not in url or {"{", "}", ";", ","} & set(parts.netloc):
        raise ValueError("expected {user_id} in it, after the host")
    return url


def _directory(place: str) -> str:
    if not place.startswith(_WEB):
        if not place.casefold().endswith((".csv", ".json")):
            raise ValueError("expected FILE.csv, FILE.json or an http(s) address")
        return place
    try:
        if "@" in urlsplit(place).netloc:
            raise ValueError("expected an address without user name or password")
    except ValueError as exc:
        raise ValueError("expected an address without user name or password") from exc
    return place


def _encoding(name: str) -> str:
    try:
        "a".encode(name)
    except (LookupError, ValueError) as exc:
        raise ValueError("expected an encoding like cp1252 or gb18030") from exc
    return name


def _host(text: str) -> str:
    host = text.strip().casefold()
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if not name or set(name) & set("/@?#* \\"):
        raise ValueError("expected a host like photos.example or photos.example:8443")
    return host


class Badges(Section):
    camera_of_reader: dict[Text, PictureSerial] = Field(
        {},
        description='camera of each reader, like {Door 1: Q2AB-...}; "*": all others',
    )
    directory: Annotated[Text, AfterValidator(_directory)] | None = Field(
        None,
        description="names, departments and photos: FILE.csv, FILE.json or the URL "
        "of such a file",
    )
    directory_encoding: Annotated[Text, AfterValidator(_encoding)] | None = Field(
        None,
        description="encoding of the directory, like cp1252 or gb18030; default: it "
        "is found where it can be known",
    )
    photo_hosts: tuple[Annotated[Text, AfterValidator(_host)], ...] = Field(
        (), description="hosts from which directory photos may be fetched"
    )
    directory_url: Annotated[Text, AfterValidator(_template)] | None = Field(
        None,
        description="web directory page of a person, shown in a frame, like "
        "https://directory.example/{user_id}",
    )
    mismatch_room: Destinations | None = Field(
        None,
        description="room, e-mail address or channel, or a list, to which mismatches "
        "are posted; default: none",
    )

    @property
    def configured(self) -> bool:
        return self != Badges()

    def below(self, root: Path) -> Badges:
        """Return the settings with the directory's file resolved against `root`."""
        if self.directory is None or self.directory.startswith(_WEB):
            return self
        return self.model_copy(update={"directory": str(root / self.directory)})
