"""Known cameras: those of the Dashboard, of MV Sense and of the recorder, each once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec import Struct

from mvsnap.config.model import Settings
from mvsnap.domain import Camera, CameraName, Serial
from mvsnap.errors import BadInput
from mvsnap.status.cameras import AWAY
from mvsnap.texts import N_
from mvsnap.web.filters import ListFilter, one_of, plain, typed

SHOWN = {"trouble": N_("In trouble"), "recorded": N_("Recording cameras")}
_MOST_KEY = 64


class KnownCamera(Struct, frozen=True):
    """key: in addresses: its name in recorder.cameras, else the serial.

    recorded_as: its name in recorder.cameras; status: Meraki's, "" where unknown.
    status_since: when it changed to that; None: not known.
    """

    key: str
    name: str
    serial: Serial | None = None
    recorded_as: CameraName | None = None
    model: str = ""
    status: str = ""
    status_since: datetime | None = None

    @property
    def is_away(self) -> bool:
        return self.status in AWAY


class CameraFilter(Struct, frozen=True):
    """text: in the name, serial or model; after: the key of the last one shown."""

    text: str = ""
    state: str = ""
    after: str = ""


CamerasAsked = ListFilter[CameraFilter]


def known_cameras(
    dashboard: Iterable[Camera],
    recorded: Mapping[CameraName, Serial | None],
    others: Iterable[Serial],
) -> list[KnownCamera]:
    """Return all of them by name. others: in the settings, or heard of by MV Sense."""
    by_serial = {camera.serial: camera for camera in dashboard}
    found = [_known(name, serial, name, by_serial) for name, serial in recorded.items()]
    shown = {camera.serial for camera in found}
    for serial in dict.fromkeys([*by_serial, *others]):
        if serial not in shown:
            found.append(_known(serial, serial, None, by_serial))
    return sorted(found, key=lambda camera: (camera.name.casefold(), camera.key))


def named_serials(settings: Settings) -> list[Serial]:
    named = [*settings.cameras_named(), *settings.sense.cameras]
    recorded = settings.recorder.cameras
    return [Serial(name) for name in named if name != "*" and name not in recorded]


def find(cameras: Iterable[KnownCamera], key: str) -> KnownCamera | None:
    """Return the camera with this name or serial, however it is spelled."""
    wanted = key[:_MOST_KEY].casefold()
    found = [
        c for c in cameras if wanted in (c.key.casefold(), (c.serial or "").casefold())
    ]
    return next((c for c in found if c.key == key), found[0] if found else None)


def read_filter(given: Mapping[str, str]) -> CamerasAsked:
    """Return the filter; an invalid value is left out of `wanted`."""
    texts = typed(given, ("q", "state", "after"))
    wanted = CameraFilter(
        text=(texts.parsed("q", plain) or "").casefold(),
        state=texts.parsed("state", lambda text: one_of(text, SHOWN)) or "",
        after=texts.parsed("after", _key) or "",
    )
    return ListFilter(texts.entered, texts.mistakes, wanted)


def matches(camera: KnownCamera, text: str) -> bool:
    words = f"{camera.name}\n{camera.key}\n{camera.serial}\n{camera.model}".casefold()
    return text in words


def behind(cameras: list[KnownCamera], after: str) -> list[KnownCamera]:
    """Return those behind the last one of the page before; all without one."""
    keys = [camera.key for camera in cameras]
    return cameras[keys.index(after) + 1 :] if after in keys else cameras


def _known(
    key: str,
    serial: Serial | None,
    recorded_as: CameraName | None,
    by_serial: Mapping[Serial, Camera],
) -> KnownCamera:
    camera = by_serial.get(serial) if serial else None
    if camera is None:
        return KnownCamera(key, key, serial, recorded_as)
    name = recorded_as or camera.name or key
    return KnownCamera(
        *(key, name, serial, recorded_as),
        *(camera.model, camera.status, camera.status_since),
    )


def _key(text: str) -> str:
    if len(text) > _MOST_KEY or not text.isprintable():
        raise BadInput(f"{text[:40]!r} (expected the name of a camera)")
    return text
