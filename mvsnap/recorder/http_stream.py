"""HTTP stream of a camera, fetched here and written to ffmpeg's stdin.

Not fetched by ffmpeg: its digest authentication does not work with all cameras, and its
command line would show the password.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import requests
from urllib3.exceptions import HTTPError

from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.recorder import access, mjpeg
from mvsnap.recorder.command import Input
from mvsnap.recorder.diagnosis import Ending
from mvsnap.recorder.model import SourceKind, State, StreamSource, Timing

_CHUNK = 65536
_CONNECT_S = 5.0
_MOST_REDIRECTS = 5

_INPUTS = {
    "video/mp2t": Input.MPEGTS,
    "video/h264": Input.H264,
    "video/avc": Input.H264,
    "video/h265": Input.HEVC,
    "video/hevc": Input.HEVC,
}


class CameraRefused(UpstreamError):
    """The camera did not deliver a stream; `ending` says why."""

    code = "camera_refused"

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.text, retry=True)
        self.ending = ending


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
        self._silence_s = timing.first_byte_s + timing.stall_s
        self._closed = threading.Event()
        self._session = _session(source)
        self._is_polled = source.kind is SourceKind.JPEG
        try:
            self._answer = self._get(is_first=True)
            self.kind = self._kind()
        except BaseException:
            self._session.close()
            raise
        self.ending: Ending | None = None

    def pump(self, write: Callable[[bytes], object]) -> None:
        """Write the stream until it ends, `write` refuses, or `close` is called."""
        try:
            for piece in self._pieces():
                write(piece)
        except CameraRefused as exc:
            self.ending = exc.ending
        except UpstreamError as exc:
            self.ending = Ending(State.NO_VIDEO, exc.message)
        except (BrokenPipeError, ValueError):
            pass  # ffmpeg ended: its output says why
        finally:
            self._answer.close()
            self._session.close()

    def close(self) -> None:
        """Make `pump` return, also from within a read."""
        self._closed.set()
        try:
            self._answer.raw.shutdown()
        except (AttributeError, OSError, ValueError, RuntimeError):
            # An older urllib3, or closed already: the read ends by its timeout.
            return

    def _pieces(self) -> Iterator[bytes]:
        if self._is_polled:
            yield from map(mjpeg.part, self._polled())
        elif self.kind is Input.MPJPEG:
            pictures = mjpeg.Pictures()
            for chunk in self._chunks():
                yield from map(mjpeg.part, pictures.feed(chunk))
        else:
            yield from self._chunks()

    def _chunks(self) -> Iterator[bytes]:
        raw = self._answer.raw
        while not self._closed.is_set():
            try:
                chunk = raw.read1(_CHUNK, decode_content=True)
            except (OSError, HTTPError):
                return
            if not chunk:
                return
            yield chunk

    def _polled(self) -> Iterator[bytes]:
        """Request pictures repeatedly, each at its moment."""
        every_s = 1 / (self._source.framerate or 1)
        due = self._clock.monotonic()
        while not self._closed.is_set():
            content = self._content()
            if not content.startswith(b"\xff\xd8"):
                raise CameraRefused(Ending(State.NO_VIDEO, "the answer is not a JPEG"))
            yield content
            due = max(due + every_s, self._clock.monotonic())
            if self._closed.wait(due - self._clock.monotonic()):
                return
            self._answer = self._get()

    def _content(self) -> bytes:
        """Read one picture, which is limited in bytes and in time."""
        if self._media().startswith("multipart/"):
            raise CameraRefused(Ending(State.OFFLINE, "it now sends a stream"))
        deadline = self._clock.monotonic() + self._silence_s
        content = bytearray()
        try:
            while chunk := self._answer.raw.read1(_CHUNK, decode_content=True):
                content += chunk
                if len(content) > mjpeg.LIMIT_BYTES:
                    raise CameraRefused(Ending(State.NO_VIDEO, "an endless picture"))
                if self._clock.monotonic() > deadline:
                    raise CameraRefused(
                        Ending(State.OFFLINE, "no complete picture in time")
                    )
            return bytes(content)
        except (OSError, HTTPError) as exc:
            why = access.trouble(exc)
        raise CameraRefused(Ending(State.OFFLINE, why))

    def _get(self, *, is_first: bool = False) -> requests.Response:
        url = self._source.url
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._asked(url)
            if answer.status_code == 200:
                return answer
            answer.close()
            ending, target = access.refusal(self._source, answer, is_first=is_first)
            if target is None:
                raise CameraRefused(ending)
            url = target
        raise CameraRefused(Ending(State.NO_VIDEO, "it redirects endlessly"))

    def _asked(self, url: str) -> requests.Response:
        try:
            return self._session.get(
                url,
                stream=True,  # the address of a picture may return an endless stream
                timeout=(_CONNECT_S, self._silence_s),
                # Whoever gets our cookie can open the camera.
                allow_redirects=not self._source.headers,
            )
        except (requests.RequestException, HTTPError, ValueError) as exc:
            why = access.trouble(exc)
        # Not inside `except`: the library's exception contains the address.
        raise CameraRefused(Ending(State.OFFLINE, why))

    def _kind(self) -> Input:
        media = self._media()
        if media.startswith("multipart/"):
            self._is_polled = False  # whatever its address looks like
            return Input.MPJPEG
        self._is_polled = self._is_polled or media == "image/jpeg"
        if self._is_polled:
            return Input.MPJPEG
        if media.startswith("text/") or media == "application/json":
            self._answer.close()
            raise CameraRefused(
                Ending(State.NO_VIDEO, f"it sends {media}, not a stream")
            )
        return _INPUTS.get(media, Input.ANY)

    def _media(self) -> str:
        said: str = self._answer.headers.get("Content-Type", "")
        return said.partition(";")[0].strip().lower()


def _session(source: StreamSource) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # neither a .netrc's password nor a proxy for the LAN
    session.auth = access.auth_of(source.auth)
    session.headers.update(source.headers)
    session.verify = source.verify_tls
    return session
