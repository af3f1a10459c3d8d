"""Rows of clips: a clip as its row, and a row as its clip."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mvsnap.clip_model import Clip, ClipState, CopyState, Gap
from mvsnap.domain import CameraName, EventId, JobId, Trigger, TriggerKind
from mvsnap.texts import reasons
from mvsnap.texts.wording import Reason
from mvsnap.values import as_stored


def noted(note: Reason | None) -> dict[str, Any]:
    """Return the columns of a clip that waits, and why it does."""
    return {"note": note and str(note), "reasons": reasons.stored(note=note)}


def clip_row(clip: Clip) -> dict[str, Any]:
    return {
        "id": clip.id,
        "job_id": clip.job_id,
        "camera": clip.camera,
        "trigger_kind": clip.trigger.kind,
        "trigger_by": clip.trigger.by,
        "at": clip.at,
        "received_at": clip.received_at,
        "title": clip.title,
        "rooms": list(clip.rooms),
        "about": clip.about,
        "asked_pre_roll_s": clip.pre_roll_s,
        "asked_post_roll_s": clip.post_roll_s,
        "state": clip.state,
        "began_at": clip.began_at,
        "ended_at": clip.ended_at,
        "before_s": clip.before_s,
        "partial": clip.partial,
        "gaps": [[g.began_at.isoformat(), g.ended_at.isoformat()] for g in clip.gaps],
        "shared": clip.shared,
        "codec": clip.codec,
        "path": clip.path,
        "thumbnail_path": clip.thumbnail_path,
        "size_bytes": clip.size_bytes,
        "error": clip.error and str(clip.error),
        "note": clip.note and str(clip.note),
        "reasons": reasons.stored(error=clip.error, note=clip.note),
        "kept": clip.kept,
        "notified": False,
        "copy_state": clip.copy_state,
        "caller": clip.caller,
        "lost_by": clip.lost_by,
    }


def clip_of(row: Row[Any]) -> Clip:
    return Clip(
        id=EventId(row.id),
        job_id=JobId(row.job_id),
        camera=CameraName(row.camera),
        trigger=Trigger(as_stored(TriggerKind, row.trigger_kind), row.trigger_by),
        at=row.at,
        received_at=row.received_at,
        title=row.title,
        rooms=tuple(row.rooms),
        about=None if row.about is None else EventId(row.about),
        pre_roll_s=row.asked_pre_roll_s,
        post_roll_s=row.asked_post_roll_s,
        state=as_stored(ClipState, row.state),
        began_at=row.began_at,
        ended_at=row.ended_at,
        before_s=row.before_s,
        partial=row.partial,
        gaps=tuple(
            Gap(datetime.fromisoformat(begin), datetime.fromisoformat(end))
            for begin, end in row.gaps
        ),
        shared=row.shared,
        codec=row.codec,
        path=row.path,
        thumbnail_path=row.thumbnail_path,
        size_bytes=row.size_bytes,
        error=reasons.read(row.reasons, "error", row.error),
        note=reasons.read(row.reasons, "note", row.note),
        kept=row.kept,
        copy_state=as_stored(CopyState, row.copy_state),
        caller=row.caller,
        lost_by=row.lost_by,
    )
