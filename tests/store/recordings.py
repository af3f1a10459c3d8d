"""Clips in a store, of which a test names only what matters."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from mvsnap.clip_model import Clip, ClipState, CopyState
from mvsnap.domain import CameraName, EventId, JobId, Trigger, TriggerKind
from mvsnap.store import database
from mvsnap.store.clips import ClipStore
from mvsnap.store.events import Store
from mvsnap.store.files.videos import VideoStore
from mvsnap.values import replace
from tests.core.build import NOON, event

ROBOT = CameraName("Robot")
HERE, THERE = "pi-0123", "other-4567"


class Recordings:
    """A database that the recorders of two machines share."""

    def __init__(self, db: database.Database) -> None:
        """The videos are those of HERE."""
        self.db = db
        self.store = Store(db)
        self.clips = ClipStore(db)
        self.videos = VideoStore(db, "-0123")

    def clip(
        self,
        hour: int,
        *,
        recorder: str = HERE,
        told: bool = True,
        kept: bool = False,
        **given: Any,
    ) -> Clip:
        """Store a clip that was recorded so many hours after noon."""
        at = NOON + timedelta(hours=hour)
        wanted = self.request(at, about=given.pop("about", None))
        self.clips.ask([wanted])
        self.clips.claim(recorder, [ROBOT], at)
        fields: dict[str, Any] = {"path": f"videos/{hour}.mp4", "size_bytes": 10}
        done = replace(wanted, state=ClipState.READY)
        done = replace(done, **(fields | given))
        self.clips.finish(done, event(id=done.id, recorded_at=at))
        if told:
            self.clips.mark_notified(done.id)
        self.clips.keep(done.id, kept)
        return done

    def request(self, at: datetime, **given: Any) -> Clip:
        """Return a clip to ask for."""
        return Clip(
            id=EventId(str(uuid.uuid4())),
            job_id=JobId("job-1"),
            camera=ROBOT,
            trigger=Trigger(TriggerKind.WEBHOOK, "robots"),
            at=at,
            received_at=at,
            **given,
        )

    def state(self, clip: Clip) -> tuple[ClipState, CopyState, str | None]:
        found = self.clips.clip(clip.id)
        assert found is not None
        return found.state, found.copy_state, found.note
