"""The second half of deleting clips: the files are deleted after the rows are marked.

In this order a crash in between leaves a file that the next call deletes, never a clip
without its file.
"""

from __future__ import annotations

import logging

from mvsnap.store.files import Files
from mvsnap.store.files.videos import VideoStore

log = logging.getLogger(__name__)


def finish_deletes(videos: VideoStore, files: Files) -> int:
    """Unlink what deleted clips left on disk; return how many files were deleted.

    A file that another clip still shows stays. One that cannot be deleted is retried
    the next time. Those of another data_dir are left to its own process.
    """
    gone = 0
    for path in videos.deleted_files():
        try:
            files.remove_clip(path)
        except OSError as exc:
            log.warning("deleted clip %s is still on the disk: %s", path, exc)
            continue
        videos.forget_file(path)
        gone += 1
    return gone
