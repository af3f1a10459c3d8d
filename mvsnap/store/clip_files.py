"""The second half of deleting clips: the files go once their rows say so.

In this order a crash in between leaves a file that the next call removes, never a
clip without its file.
"""

from __future__ import annotations

import logging

from mvsnap.store.clips import ClipStore
from mvsnap.store.files import Files

log = logging.getLogger(__name__)


def finish_deletes(clips: ClipStore, files: Files) -> int:
    """Unlink what deleted clips left on the disk; return how many files are gone.

    A file that another clip still shows stays. One that cannot be removed is tried
    again the next time.
    """
    gone = 0
    for path in clips.deleted_files():
        try:
            files.remove_durably(path)
        except OSError as exc:
            log.warning("deleted clip %s is still on the disk: %s", path, exc)
            continue
        clips.forget_file(path)
        gone += 1
    return gone
