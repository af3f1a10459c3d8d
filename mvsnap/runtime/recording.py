"""Which recorder has which camera: the parts of it, built from the settings."""

from __future__ import annotations

from mvsnap.jobs.camera_share import AllCameras, ClaimedCameras, Share
from mvsnap.jobs.executors import installation
from mvsnap.jobs.lost_recorders import LostRecorders
from mvsnap.runtime.parts import Parts
from mvsnap.store.clips.lost import LostClipStore
from mvsnap.store.sharing import claims


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
