"""Frames of finished clips: when each is shown, and one of them as a picture.

Both take ffmpeg seconds on a small computer, so they are made aside, one after the
other, and whoever asked asks again. Any process can make them from the file.
"""

from __future__ import annotations

import logging
import threading
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec import Struct

from mvsnap.errors import MvsnapError, NotFound, TooManyRequests
from mvsnap.loop import begin
from mvsnap.recorder import command, process

log = logging.getLogger(__name__)

MOST_WAITING = 8
_MOST_KEPT = 16  # a still of 4K has some 2 MB
_MOST_FRAMES = 200_000
_LIMIT_S = 30.0
_IDLE_S = 20.0
_NICE = 10
# Times are in microseconds at best, and players round them.
_SAME_S = 0.002
_GONE = "The video of this clip is gone"


class NoFrame(MvsnapError):
    """No frame of a clip can be read; `message` says why."""

    code = "no_frame"
    status = 503


class ClipFile(Struct, frozen=True):
    """id: of the clip. local: returns its file here, which may take long; None: gone.

    ffmpeg, ffprobe: programs.
    """

    id: str
    local: Callable[[], Path | None]
    ffmpeg: str = "ffmpeg"
    ffprobe: str = "ffprobe"


class Still(Struct, frozen=True):
    """A frame as JPEG; at_s: the second of the video from which on it is shown."""

    jpeg: bytes
    at_s: float


_Key = tuple[str, str]
_Made = Sequence[float] | bytes | MvsnapError


class ClipFrames:
    """Of one process; its thread runs while there is something to make."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._made: OrderedDict[_Key, _Made] = OrderedDict()
        self._waiting: OrderedDict[_Key, Callable[[], _Made]] = OrderedDict()
        self._is_running = False

    def times(self, file: ClipFile) -> Sequence[float] | None:
        """Return when each frame is shown, in seconds of the video; None: not yet.

        Raises:
            NotFound, NoFrame, TooManyRequests
        """
        found = self._of((file.id, "times"), lambda: _times(file))
        assert not isinstance(found, bytes)
        return found

    def picture(self, file: ClipFile, at_s: float) -> Still | None:
        """Return the frame that is shown at a second of the video; None: not yet.

        Raises: as `times`.
        """
        times = self.times(file)
        if times is None:
            return None
        shown = max(bisect_right(times, at_s + _SAME_S) - 1, 0)
        offset_s = max(times[shown] - _SAME_S, 0.0)
        found = self._of((file.id, str(shown)), lambda: _picture(file, offset_s))
        assert found is None or isinstance(found, bytes)
        return None if found is None else Still(found, times[shown])

    def _of(
        self, key: _Key, make: Callable[[], _Made]
    ) -> Sequence[float] | bytes | None:
        with self._changed:
            found = self._made.get(key)
            if found is None:
                self._ask_for(key, make)
                return None
            if isinstance(found, MvsnapError):
                del self._made[key]  # the next one who asks has it tried again
                raise found
            self._made.move_to_end(key)
            return found

    def _ask_for(self, key: _Key, make: Callable[[], _Made]) -> None:
        if key in self._waiting:
            return
        if len(self._waiting) >= MOST_WAITING:
            words = f"{MOST_WAITING} frames are being read already; try again soon"
            raise TooManyRequests(words, retry_after_s=5)
        self._waiting[key] = make
        self._changed.notify()
        if not self._is_running:
            self._is_running = True
            thread = threading.Thread(target=self._run, name="clip-frames", daemon=True)
            begin(thread, self._give_up)

    def _give_up(self) -> None:
        self._is_running = False
        self._waiting.clear()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._changed.wait(_IDLE_S):
                    self._is_running = False
                    return
                if not self._waiting:
                    continue
                key, make = next(iter(self._waiting.items()))
            made = _made(make)
            with self._changed:
                del self._waiting[key]
                self._made[key] = made
                if len(self._made) > _MOST_KEPT:
                    self._made.popitem(last=False)


def _made(make: Callable[[], _Made]) -> _Made:
    try:
        return make()
    except process.NoFfmpeg as exc:
        return NoFrame(exc.message)
    except MvsnapError as exc:
        return exc
    except Exception as exc:  # a bug; whoever asked is answered all the same
        log.exception("a clip cannot be read")
        return NoFrame(f"This clip cannot be read: {type(exc).__name__}")


def _times(file: ClipFile) -> Sequence[float]:
    done = _run(command.frame_times(_local(file), file.ffprobe))
    found = []
    for line in done.decode("ascii", "replace").splitlines()[:_MOST_FRAMES]:
        try:
            found.append(float(line.strip(", ")))
        except ValueError:  # a frame without a time
            continue
    if not found:
        raise NoFrame("This clip has no frame that can be read")
    # Players begin with the first one, whatever time it has.
    return tuple(time - min(found) for time in sorted(found))


def _picture(file: ClipFile, offset_s: float) -> bytes:
    made = _run(command.still(_local(file), offset_s, file.ffmpeg))
    if not made:
        raise NoFrame("This frame cannot be read; another one may be")
    return made


def _run(line: list[str]) -> bytes:
    done = process.run(line, b"", _LIMIT_S, nice=_NICE)
    if done.code is None:
        raise NoFrame(f"This clip was not read within {_LIMIT_S:.0f} s; try again")
    if done.code != 0:
        raise NoFrame("This clip cannot be read")
    return done.stdout


def _local(file: ClipFile) -> Path:
    path = file.local()
    if path is None:
        raise NotFound(_GONE)
    return path
