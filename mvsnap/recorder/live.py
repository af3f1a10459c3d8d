"""Live view: the newest picture in a camera's ring, without a connection to the camera.

Any process on the recorder's machine may read: the ring is files, with an index beside
them. A picture per segment, so about one a second; each is made once, however many
people look at it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from mvsnap.errors import MvsnapError, NotFound, TooManyRequests
from mvsnap.recorder import command, files, process
from mvsnap.recorder.command import Container
from mvsnap.recorder.model import RecorderSettings
from mvsnap.recorder.recorder import memory_folders

MOST_VIEWERS = 8
_AT_ONCE = 2  # the recorder and the requests of others come first
_LEFT_AFTER_S = 15.0
_OLD_S = 30.0  # later, the camera or the recorder is away
_LIMIT_S = 5.0
_NICE = 10
_INDEX_TAIL = 400
_NONE = "No live pictures: this machine does not record the camera now"


class NoLivePicture(MvsnapError):
    """The picture cannot be made now; the next one may."""

    code = "no_live_picture"
    status = 503


class LivePicture(Struct, frozen=True):
    """id: changes with the picture. age_s: since it was taken, about."""

    id: str
    jpeg: bytes
    age_s: float


class Viewer(NamedTuple):
    """tab: identifies one of the person's, as the page names it."""

    person: str
    tab: str


@dataclass(slots=True)
class _Made:
    """The last picture of a camera, and the turn to make the next one."""

    lock: threading.Lock
    id: str = ""
    jpeg: bytes = b""


class LiveView:
    """Of one process: `MOST_VIEWERS` tabs may look at once, at any cameras.

    When as many do, one of whoever has most makes room for somebody who has fewer.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._viewers: dict[Viewer, float] = {}  # the least recent first
        self._made: dict[str, _Made] = {}

    def picture(
        self, settings: RecorderSettings, camera: str, viewer: Viewer, known: str = ""
    ) -> LivePicture | None:
        """Return the newest picture; None if it is the known one.

        known: the id of the picture that this tab has.

        Raises:
            NotFound: it is not recorded here. TooManyRequests: too many people look.
            NoLivePicture: not now.
        """
        self._admit(viewer)
        segment = newest_segment(settings, camera)
        if segment is None:
            raise NotFound(_NONE)
        path, age_s = segment
        picture_id = f"{path.parent.name}-{path.stem}"
        if picture_id == known:
            return None
        with self._lock:
            made = self._made.setdefault(camera, _Made(threading.Lock()))
        with made.lock:
            if made.id != picture_id:
                made.jpeg, made.id = self._make(path, settings.ffmpeg), picture_id
            return LivePicture(made.id, made.jpeg, age_s)

    def _admit(self, viewer: Viewer) -> None:
        now_s = time.monotonic()
        with self._lock:
            left = [v for v, at in self._viewers.items() if now_s - at > _LEFT_AFTER_S]
            for gone in left:
                del self._viewers[gone]
            is_new = self._viewers.pop(viewer, None) is None
            if is_new and len(self._viewers) >= MOST_VIEWERS:
                self._make_room(viewer.person)
            self._viewers[viewer] = now_s

    def _make_room(self, person: str) -> None:
        """Raises TooManyRequests: nobody has more than this person would have."""
        tabs = Counter(viewer.person for viewer in self._viewers)
        most = max(tabs, key=lambda one: tabs[one])
        if tabs[most] <= tabs[person] + 1:
            words = f"{MOST_VIEWERS} live views are open already; close one of them"
            raise TooManyRequests(words, retry_after_s=int(_LEFT_AFTER_S))
        del self._viewers[next(one for one in self._viewers if one.person == most)]

    def _make(self, segment: Path, ffmpeg: str) -> bytes:
        if not self._turns.acquire(timeout=_LIMIT_S):
            raise NoLivePicture("This machine is busy; the live view goes on soon")
        try:
            line = command.live_picture(segment, ffmpeg)
            done = process.run(line, b"", _LIMIT_S, nice=_NICE)
        finally:
            self._turns.release()
        if done.code != 0 or not done.stdout:
            raise NoLivePicture("This picture cannot be read; the next one may be")
        return done.stdout


def newest_segment(
    settings: RecorderSettings, camera: str
) -> tuple[Path, float] | None:
    """Return the newest closed segment with its age in seconds; None if none is new."""
    for folder in memory_folders(settings):
        for segment, end in _newest(folder / files.slug(camera)):
            # Monotonic: the clock that files go by may have been set since.
            age_s = time.monotonic() - end
            return (segment, max(0.0, age_s)) if abs(age_s) < _OLD_S else None
    return None


def _newest(folder: Path) -> Iterator[tuple[Path, float]]:
    """Yield closed segments with their ends, the last of the newest run first."""
    try:
        runs = sorted((run for run in folder.iterdir() if run.is_dir()), reverse=True)
    except OSError:
        return
    for run in runs[:2]:
        for number, end in _closed(run / "index"):
            for container in Container:
                path = run / f"{number:09d}.{container}"
                if path.exists():
                    yield path, end


def _closed(index: Path) -> Iterator[tuple[int, float]]:
    """Yield number and end of its last lines, the newest first."""
    try:
        with index.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _INDEX_TAIL))
            lines = file.read().decode("ascii", "replace").splitlines()
    except OSError:
        return
    # The first may have lost its beginning.
    for line in reversed(lines[1:] or lines):
        number, _, times = line.partition(" ")
        if number.isdecimal() and len(number) <= 9:
            with suppress(ValueError, IndexError):  # still being written
                yield int(number), float(times.split()[1])
