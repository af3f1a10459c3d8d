"""The record role: clips of the cameras that this process has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mvsnap.jobs.camera_share import AllCameras, ClaimedCameras, Share
from mvsnap.jobs.executors import installation
from mvsnap.jobs.lost_recorders import LostRecorders
from mvsnap.jobs.service import JobService
from mvsnap.runtime.parts import Parts
from mvsnap.store import claims
from mvsnap.store.lost_clips import LostClipStore

if TYPE_CHECKING:
    from mvsnap.jobs.clip_worker import ClipWorker


def clip_worker(parts: Parts, jobs: JobService) -> ClipWorker:
    # Imported here: only a gateway with recording cameras needs it.
    from mvsnap.camera_sources import build_recorder, open_ixon, recorder_settings
    from mvsnap.jobs.clip_worker import ClipWorker
    from mvsnap.recorder import Recorder

    settings, clock = parts.settings, parts.clock
    ixon, share = open_ixon(settings, clock), camera_share(parts)
    recorder = build_recorder(
        settings, clock, parts.dashboard, ixon, lambda name: name in share.held
    )
    if recorder is None:  # clips remain of cameras that were removed from the settings
        recorder = Recorder(recorder_settings(settings), clock)
    return ClipWorker(
        recorder,
        installation(settings.data_dir),
        settings.recorder.serials(),
        parts.clips,
        jobs,
        clock,
        parts.metrics,
        data_dir=settings.data_dir,
        copies=settings.storage.s3.configured,
        share=share,
        lost=lost_recorders(parts),
        sign_out=ixon.close if ixon is not None else None,
    )


def camera_share(parts: Parts) -> Share:
    cameras = parts.settings.recorder.serials()
    if parts.db.is_sqlite:
        return AllCameras(cameras)
    claimed = camera_claims(parts)
    return ClaimedCameras(claimed, cameras, parts.clock, claims.LEASE_S)


def camera_claims(parts: Parts) -> claims.Claims:
    """Return the claims of this data_dir: its recorder is one process at a time.

    The id is the same after a crash, so that its cameras need not wait for the lease.
    """
    holder = installation(parts.settings.data_dir)
    lease_s = claims.LEASE_S
    return claims.Claims(parts.db, claims.CAMERAS, holder, parts.clock, lease_s=lease_s)


def lost_recorders(parts: Parts) -> LostRecorders | None:
    """Return what finds recorders that died; None where there can be only one."""
    if parts.db.is_sqlite:
        return None
    lost = LostClipStore(parts.db)
    return LostRecorders(lost, camera_claims(parts), parts.store)
