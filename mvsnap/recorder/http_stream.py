"""HTTP stream of a camera, fetched here and written to ffmpeg's stdin.

Not fetched by ffmpeg: its digest authentication does not work with all cameras, and its
command line would show the password.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator

from mvsnap import jpeg
from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.recorder import access, mjpeg, signature
from mvsnap.recorder.command import Container, Input
from mvsnap.recorder.diagnosis import Ending
from mvsnap.recorder.http_camera import CameraRefused, HttpAnswer, HttpCamera
from mvsnap.recorder.model import State, StreamSource, Timing
from mvsnap.recorder.sources import shown
from mvsnap.texts import camera_wordings as words

log = logging.getLogger(__name__)

# An answer with so few pictures that then ends is no stream: it is requested again.
_FEW = 3
# Bad answers, one after the other and for this long, that end the connection.
_MOST_BAD = 3
_BAD_S = 2.0
_FIRST_TRIES = 3
_AGAIN_S = 0.5


class HttpStream:
    """An open HTTP stream. `pump` runs in a thread of its own until `close`."""

    def __init__(self, source: StreamSource, timing: Timing, clock: Clock) -> None:
        """Connect, and detect the kind of stream.

        Raises:
            CameraRefused: no connection, no permission, or no video.
        """
        self._source = source
        self._clock = clock
        # Longer than the watchdog, which decides what silence means.
        self._silence_s = max(timing.first_byte_s, 2 * timing.stall_s)
        self._hang_s = timing.stall_s / 2  # shorter: the next answer may be better
        self._slowest_s = 0.0  # of the good answers
        self._every_s = 1 / (source.framerate or 1)
        self._closed = threading.Event()
        self._camera = HttpCamera(source, self._silence_s, clock)
        self._due = 0.0  # the next picture of a stream that is thinned out
        self._bad = 0  # answers since the last picture
        self._good_at: float | None = None  # the last picture
        self._has_warned = False  # of bad answers: once for a connection is enough
        self.ending: Ending | None = None
        try:
            self.kind = self._open()
        except BaseException:
            self._camera.close()
            raise
        is_mjpeg = self.kind is Input.MPJPEG
        self.container = Container.MKV if is_mjpeg else Container.TS

    def pump(self, write: Callable[[bytes], object]) -> None:
        """Write the stream until it ends, `write` refuses, or `close` is called."""
        try:
            for piece in self._pieces():
                write(piece)
        except CameraRefused as exc:
            self.ending = exc.ending
        except UpstreamError as exc:
            self.ending = Ending(State.NO_VIDEO, exc.as_reason)
        except (BrokenPipeError, ValueError):
            pass  # ffmpeg ended: its output says why
        finally:
            self._answer.close()
            self._camera.close()

    def close(self) -> None:
        """Make `pump` return, also from within a read."""
        self._closed.set()
        self._answer.interrupt()

    def _open(self) -> Input:
        """Get the first answer; after a bad one there is another try, as later on."""
        for _ in range(_FIRST_TRIES - 1):
            try:
                return self._first_kind()
            except CameraRefused as exc:
                is_login = exc.ending.state is State.WRONG_PASSWORD
                if not exc.answered or exc.ending is access.ENDED or is_login:
                    raise
            self._closed.wait(_AGAIN_S)
        return self._first_kind()

    def _first_kind(self) -> Input:
        self._answer = self._camera.ask(is_first=True)
        try:
            return self._answer.kind(self._silence_s)
        except BaseException:
            self._answer.close()
            raise

    def _pieces(self) -> Iterator[bytes]:
        if self.kind is Input.MPJPEG:
            yield from map(mjpeg.part, self._pictures())
            return
        try:
            for chunk in self._answer.chunks():
                if self._closed.is_set():
                    return
                yield chunk
        except CameraRefused:
            return  # ffmpeg reads it to its end

    def _pictures(self) -> Iterator[bytes]:
        """Return the pictures of one long answer, or of one answer after the other."""
        began = due = self._clock.monotonic()
        answer: HttpAnswer | None = self._answer
        while not self._closed.is_set():
            try:
                answer = answer or self._camera.ask(limit_s=self._limit_s())
                self._answer = answer
                if (yield from self._pictures_of(answer)) > _FEW:
                    return
            except CameraRefused as exc:
                if self._closed.is_set():
                    return
                self._note_bad(exc, began)
            self._answer.close()
            answer = None
            due = max(due + self._every_s, self._clock.monotonic())
            if self._closed.wait(due - self._clock.monotonic()):
                return

    def _pictures_of(self, answer: HttpAnswer) -> Generator[bytes, None, int]:
        """Yield the pictures in an answer, return how many it had.

        Raises:
            CameraRefused: it had none.
        """
        pictures, count, head = mjpeg.Pictures(), 0, b""
        deadline = self._clock.monotonic() + self._limit_s()
        try:
            for chunk in answer.chunks():
                head = head or chunk
                for picture in pictures.feed(chunk):
                    count += 1
                    if count == 1:
                        took_s = self._clock.monotonic() - answer.asked_at
                        self._slowest_s = max(self._slowest_s, took_s)
                    is_preview = answer.is_single and count <= _FEW
                    is_due = self._is_due() and not is_preview
                    if is_due or count == 1:
                        yield self._good(picture)
                if self._closed.is_set():
                    return count
                if not count and self._clock.monotonic() > deadline:
                    late = words.NO_WHOLE_PICTURE()
                    raise CameraRefused(Ending(State.OFFLINE, late))
        except CameraRefused:
            if not count:
                raise
            return count
        if not count and (rest := pictures.rest()) is not None:
            yield self._good(rest)
            return 1
        if not count:
            why = signature.refusal(answer.media, head) or words.NO_JPEG_IN_IT()
            raise CameraRefused(Ending(State.NO_VIDEO, why), answered=True)
        return count

    def _good(self, picture: bytes) -> bytes:
        if why := jpeg.refusal_of_size(picture):
            raise UpstreamError(why, retry=True)
        self._bad, self._good_at = 0, self._clock.monotonic()
        return picture

    def _limit_s(self) -> float:
        """Return how long one picture may take; some cameras are slow, some hang."""
        if self._good_at is None:
            return self._silence_s
        return min(self._silence_s, max(self._hang_s, 3 * self._slowest_s))

    def _is_due(self) -> bool:
        """Return whether this picture of a stream is one of `framerate` a second."""
        now = self._clock.monotonic()
        if self._source.framerate is None:
            return True
        if now < self._due:
            return False
        is_late = now - self._due >= self._every_s
        self._due = (now if is_late else self._due) + self._every_s
        return True

    def _note_bad(self, error: CameraRefused, began: float) -> None:
        """Count a bad answer: it costs one picture, several end the connection."""
        self._bad += 1
        has_picture = self._good_at is not None
        bad_s = self._clock.monotonic() - (self._good_at or began)
        is_login = error.ending.state is State.WRONG_PASSWORD
        # Access that has ended is opened again; cameras lock out who tries often.
        is_locked = is_login and (self._bad > 1 or not has_picture)
        if error.ending is access.ENDED or is_locked:
            raise error
        if self._bad >= _MOST_BAD and bad_s >= _BAD_S:
            if not has_picture or not error.answered:
                raise error
            why = words.NO_MORE_PICTURES(why=error.ending.detail)
            raise CameraRefused(Ending(State.OFFLINE, why, alone=True))
        if not self._has_warned:
            log.warning(
                "%s: a picture is missing: %s", shown(self._source), error.message
            )
        self._has_warned = True


__all__ = ["CameraRefused", "HttpStream"]
