"""Parts of a job: the stored name of each message. Pure.

The picture of a camera is named by its serial.
"""

from __future__ import annotations

from collections.abc import Iterable

from mvsnap.domain import CameraName, Job, Serial, is_serial

HEAD = ""  # opens the thread
END = "end"  # says that a crowd is over
ASKED = "asked"  # what a person wrote or pressed: all that comes of it replies there
ANSWER = "answer"  # says at once what will be done
_NOTE = "note"
_CLIP = "clip"
_AGAIN = "again"
_LINK = "link"
_BUTTONS = "buttons"


def note_part(serial: Serial) -> str:
    """Return the part for `no picture yet` of this camera."""
    return f"{serial} {_NOTE}"


def again_part(serial: Serial) -> str:
    """Return the part for a picture after it was told that there is none."""
    return f"{serial} {_AGAIN}"


def link_part(serial: Serial) -> str:
    """Return the part for a video link that came after its message."""
    return f"{serial} {_LINK}"


def buttons_part(serial: Serial) -> str:
    """Return the part for the buttons below this camera's picture."""
    return f"{_BUTTONS} {serial}"


def clip_part(camera: CameraName) -> str:
    """Return the part for this camera's clip."""
    return f"{_CLIP} {camera}"


def going_to(room: str, job: Job, cameras: Iterable[str]) -> list[str]:
    """Return those of a job's cameras, serials or names, that go to this room."""
    return [camera for camera in cameras if room in job.rooms_of(camera)]


def opens_thread(part: str) -> int | None:
    """Return the rank of this part as the head of the thread; None: it replies in one.

    Threads have one level: where a note was sent first, it is the head.
    """
    if part in (HEAD, ASKED):
        return 0
    first, _, rest = part.partition(" ")
    if not is_serial(first):
        return None
    return {_NOTE: 1, "": 2}.get(rest)
