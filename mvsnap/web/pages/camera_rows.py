"""Rows of cameras: what each is doing, and its latest picture with its age."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from flask import url_for
from msgspec import Struct

from mvsnap.clip_model import Clip, ClipState
from mvsnap.clock import is_to_come
from mvsnap.config.sense import Sense
from mvsnap.domain import Serial
from mvsnap.status.cameras import is_silent
from mvsnap.status.recorder_rows import RecorderRow, recorder_summary
from mvsnap.store.clips import ClipFilter
from mvsnap.store.events.latest_pictures import LatestPicture
from mvsnap.store.sense import alive
from mvsnap.web.context import Gateway
from mvsnap.web.pages.camera_list import KnownCamera

_WELL = ("online", "alerting")
_COLOURS = {"online": "success", "alerting": "warning", "offline": "danger"}


class StateBadge(Struct, frozen=True):
    """A word on a Bootstrap colour; seen_at: when that was so, where it is known.

    since: when it began. is_since_unknown: people should know that nobody saw it.
    """

    text: str
    colour: str
    seen_at: datetime | None = None
    since: datetime | None = None
    is_since_unknown: bool = False


class CameraPicture(Struct, frozen=True):
    """small, large: addresses of images; address: where a click leads."""

    at: datetime
    small: str
    large: str
    address: str
    is_clip: bool = False


class WallTile(Struct, frozen=True):
    camera: KnownCamera
    badges: tuple[StateBadge, ...]
    picture: CameraPicture | None
    may_snapshot: bool
    may_record: bool

    @property
    def tag(self) -> str:
        words = [f"{badge.text} {badge.colour}" for badge in self.badges]
        address = self.picture.small if self.picture else ""
        return "\n".join([repr(self.camera), address, *words])


class CamerasNow(Struct, frozen=True):
    """What is known about all cameras at `now`, in a few queries."""

    recorder: Mapping[str, RecorderRow]
    last_seen: Mapping[Serial, datetime]
    expected: Sense | None
    now: datetime

    def badges(self, camera: KnownCamera) -> Iterator[StateBadge]:
        row = self.recorder.get(camera.recorded_as or "")
        if row is not None:
            # A state of now needs no time: "recording, 47 s ago" seems to be over.
            is_past = row.word == "unknown"
            yield StateBadge(
                *(row.word, row.colour, row.seen_at if is_past else None),
                since=None if row.is_well else row.since,
            )
        if camera.status and camera.status != "unknown":
            colour = _COLOURS.get(camera.status, "secondary")
            since = camera.status_since if camera.is_away else None
            yield StateBadge(
                *(camera.status, colour),
                since=since,
                is_since_unknown=camera.is_away and since is None,
            )
        if self.is_silent(camera):
            seen_at = self.last_seen.get(camera.serial or Serial(""))
            yield StateBadge("no MV Sense", "warning", seen_at)

    def is_silent(self, camera: KnownCamera) -> bool:
        serial = camera.serial
        return serial is not None and is_silent(
            serial, self.last_seen, self.expected, self.now
        )

    def is_in_trouble(self, camera: KnownCamera) -> bool:
        row = self.recorder.get(camera.recorded_as or "")
        is_away = bool(camera.status) and camera.status not in (*_WELL, "unknown")
        return (
            is_away or (row is not None and not row.is_well) or self.is_silent(camera)
        )


def camera_states(here: Gateway, sense: Sense, now: datetime) -> CamerasNow:
    """now: the database's time, by which the recorder and the listeners are judged."""
    rows = recorder_summary(
        here.settings.recorder.serials(), here.clips.recorder_cameras(), now
    ).rows
    listeners = alive(here.sense.listeners(), now) if sense.enabled else ()
    listens = any(one.connected for one in listeners)
    return CamerasNow(
        {row.name: row for row in rows},
        here.sense.last_seen(),
        sense if listens else None,
        now,
    )


def tiles(
    here: Gateway, cameras: Sequence[KnownCamera], states: CamerasNow
) -> list[WallTile]:
    pictures = latest_pictures(here, cameras)
    return [
        WallTile(
            camera,
            tuple(states.badges(camera)),
            pictures.get(camera.key),
            may_snapshot(here, camera),
            camera.recorded_as is not None,
        )
        for camera in cameras
    ]


def may_snapshot(here: Gateway, camera: KnownCamera) -> bool:
    return camera.serial is not None and here.settings.asks_meraki


def latest_pictures(
    here: Gateway, cameras: Sequence[KnownCamera]
) -> dict[str, CameraPicture]:
    """Return the newest snapshot or clip of each camera, by its key."""
    serials, now = [c.serial for c in cameras if c.serial is not None], here.clock.now()
    snapshots = here.store.latest_pictures(serials, now)
    found = {}
    for camera in cameras:
        shown = [_of_snapshot(snapshots.get(camera.serial or Serial("")))]
        shown.append(_of_clip(_latest_clip(here, camera, now)))
        if known := [picture for picture in shown if picture is not None]:
            past = [picture for picture in known if not is_to_come(picture.at, now)]
            found[camera.key] = max(past or known, key=lambda picture: picture.at)
    return found


def _latest_clip(here: Gateway, camera: KnownCamera, now: datetime) -> Clip | None:
    if camera.recorded_as is None:
        return None
    wanted = ClipFilter(cameras=(camera.recorded_as,), states=(ClipState.READY,))
    return next(iter(here.clips.latest(wanted, 1, now)), None)


def _of_snapshot(found: LatestPicture | None) -> CameraPicture | None:
    if found is None:
        return None
    return CameraPicture(
        found.at,
        url_for("events.thumbnail", event_id=found.event_id),
        large := url_for("events.snapshot", event_id=found.event_id),
        large,
    )


def _of_clip(clip: Clip | None) -> CameraPicture | None:
    if clip is None or clip.thumbnail_path is None:
        return None
    return CameraPicture(
        clip.at,
        small := url_for("clips.thumbnail", clip_id=clip.id),
        small,
        url_for("clips.show", clip_id=clip.id),
        is_clip=True,
    )
