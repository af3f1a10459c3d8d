"""Parts of a job: how the message of each is named in the store. Pure.

The picture of a camera is named by its serial.
"""

from __future__ import annotations

from mvsnap.domain import CameraName, Serial, is_serial

HEAD = ""  # opens the thread
END = "end"  # says that a crowd is over
_NOTE = "note"
_CLIP = "clip"


def note_part(serial: Serial) -> str:
    """Return the part that says `no picture yet` for this camera."""
    return f"{serial} {_NOTE}"


def clip_part(camera: CameraName) -> str:
    """Return the part that tells of this camera's clip."""
    return f"{_CLIP} {camera}"


def opens_thread(part: str) -> int | None:
    """Return in which order this part may open the thread; None: it follows in one.

    Threads have one level: where a note came first, it is the head.
    """
    if part == HEAD:
        return 0
    first, _, rest = part.partition(" ")
    if not is_serial(first):
        return None
    return {_NOTE: 1, "": 2}.get(rest)
