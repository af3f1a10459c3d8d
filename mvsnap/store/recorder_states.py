"""The state of the recorders' cameras, and whether a recorder has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Row, func, select

from mvsnap.clip_model import NO_RECORDER, RecorderCameraState
from mvsnap.domain import CameraName
from mvsnap.store.database import Database
from mvsnap.store.database_clock import StoredTimes
from mvsnap.store.sharing.claims import CAMERAS, held_names
from mvsnap.store.tables import recorder_cameras
from mvsnap.texts import reasons
from mvsnap.values import asdict, replace


def write(db: Database, cameras: Iterable[RecorderCameraState]) -> None:
    with db.writing() as connection:
        for camera in cameras:
            fresh = asdict(camera) | {"text": str(camera.text)}
            fresh["reasons"] = reasons.stored(text=camera.text)
            if not db.is_sqlite:
                lasts = camera.seen_at - camera.since
                fresh |= {"seen_at": func.now(), "since": func.now() - lasts}
            connection.execute(db.upsert(recorder_cameras, *fresh).values(fresh))


def read(db: Database) -> Mapping[CameraName, RecorderCameraState]:
    """Where recorders share the cameras, one that none of them has says so."""
    with db.reading() as connection:
        rows = connection.execute(select(recorder_cameras)).all()
        # On SQLite there is one recorder, which claims nothing.
        held = None if db.is_sqlite else held_names(connection, CAMERAS)
        times = db.clock.times(connection)
    found = {row.camera: _state(row, times) for row in rows}
    if held is None:
        return found
    return {
        name: camera if name in held else replace(camera, state=NO_RECORDER)
        for name, camera in found.items()
    }


def _state(row: Row[Any], times: StoredTimes) -> RecorderCameraState:
    values = dict(row._mapping)
    text = reasons.read(values.pop("reasons"), "text", row.text)
    state = RecorderCameraState(**values | {"text": text})
    seen_at, since = times.by_now(state.seen_at), times.by_now(state.since)
    return replace(state, seen_at=seen_at, since=since)
