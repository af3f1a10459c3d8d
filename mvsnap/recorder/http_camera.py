"""HTTP camera: asks for a stream or a picture, and reads the answer."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from mvsnap.clients.connections import ExchangeFailed, FarAdapter
from mvsnap.clients.hosts import is_loopback
from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.recorder import access, signature
from mvsnap.recorder.command import Input
from mvsnap.recorder.diagnosis import Ending
from mvsnap.recorder.model import State, StreamSource
from mvsnap.texts import camera_wordings as words

_CHUNK = 65536
_CONNECT_S = 5.0
_MOST_REDIRECTS = 5
# Some send a whole picture with these, too; its bytes decide.
_WITH_CONTENT = frozenset({200, 202, 203, 206})


class CameraRefused(UpstreamError):
    """The camera did not deliver a stream; `ending` says why.

    answered: it is there, so that its next answer may be better.
    """

    code = "camera_refused"

    def __init__(self, ending: Ending, *, answered: bool = False) -> None:
        super().__init__(ending.text, retry=True)
        self.ending = ending
        self.answered = answered


class HttpAnswer:
    """One answer of a camera: a picture, or a stream of any length."""

    def __init__(
        self, response: requests.Response, clock: Clock, asked_at: float
    ) -> None:
        self.asked_at = asked_at
        self._response = response
        self._clock = clock
        self._head = bytearray()
        said: str = response.headers.get("Content-Type", "")
        self.media = said.partition(";")[0].strip().lower()
        # Of a known length: what follows the picture is its preview, or padding.
        has_length = "Content-Length" in response.headers
        self.is_single = has_length and not self.media.startswith("multipart/")

    def kind(self, limit_s: float) -> Input:
        """Read as much as is needed to see what it is; it is not lost.

        Raises:
            CameraRefused: no video.
        """
        deadline = self._clock.monotonic() + limit_s
        is_all = False
        while True:
            head = bytes(self._head)
            kind = signature.kind_of(self.media, head, is_all=is_all)
            if kind is not None:
                return kind
            if is_all or len(head) >= signature.ENOUGH_BYTES:
                why = signature.refusal(self.media, head) or words.NO_VIDEO_IN_IT()
                raise CameraRefused(Ending(State.NO_VIDEO, why), answered=True)
            if self._clock.monotonic() > deadline:
                raise CameraRefused(Ending(State.OFFLINE, words.NO_PICTURE_IN_TIME()))
            chunk = self._read()
            self._head += chunk
            is_all = not chunk

    def chunks(self) -> Iterator[bytes]:
        """Return its bytes as they arrive, from the first on.

        Raises:
            CameraRefused: the connection broke before the end.
        """
        if self._head:
            yield bytes(self._head)
        while chunk := self._read():
            yield chunk

    def close(self) -> None:
        self._response.close()

    def interrupt(self) -> None:
        """Make a read in another thread return."""
        try:
            self._response.raw.shutdown()
        except (AttributeError, OSError, ValueError, RuntimeError):
            # An older urllib3, or closed already: the read ends by its timeout.
            return

    def _read(self) -> bytes:
        try:
            chunk: bytes = self._response.raw.read1(_CHUNK, decode_content=True)
            return chunk
        except (OSError, HTTPError, ValueError) as exc:
            why = access.trouble(exc)
        raise CameraRefused(Ending(State.OFFLINE, why))


class HttpCamera:
    """Keeps the connection and the login from one request to the next."""

    def __init__(self, source: StreamSource, silence_s: float, clock: Clock) -> None:
        self._source = source
        self._silence_s = silence_s
        self._clock = clock
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, FarAdapter(self._may_be_near))
        # Neither a .netrc's password nor a proxy for the LAN.
        self._session.trust_env = False
        self._session.auth = access.auth_of(source.auth)
        # A picture is compressed already, and some pack it without saying so.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers.update(source.headers)
        self._session.verify = source.verify_tls

    def ask(
        self, *, is_first: bool = False, limit_s: float | None = None
    ) -> HttpAnswer:
        """Request the address; it has answered with content, but none is read yet.

        limit_s: the longest pause in the answer, if not `silence_s`.

        Raises:
            CameraRefused: no connection, no permission, or nothing at this address.
        """
        url, asked_at = self._source.url, self._clock.monotonic()
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._asked(url, limit_s or self._silence_s)
            if response.status_code in _WITH_CONTENT:
                return HttpAnswer(response, self._clock, asked_at)
            response.close()
            ending, target = access.refusal(self._source, response, is_first=is_first)
            if target is None:
                raise CameraRefused(ending, answered=True)
            url = target
        raise CameraRefused(Ending(State.NO_VIDEO, words.REDIRECTS_ENDLESSLY()))

    def close(self) -> None:
        self._session.close()

    def _may_be_near(self, host: str) -> bool:
        """Return whether it may be on this machine: as it was set, not as it was told.

        Where others chose the address (IXON), a name may lead anywhere.
        """
        is_ours = host == urlsplit(self._source.url).hostname
        return is_ours and (not self._source.headers or is_loopback(host))

    def _asked(self, url: str, limit_s: float) -> requests.Response:
        try:
            return self._session.get(
                url,
                stream=True,  # the address of a picture may return an endless stream
                timeout=(min(_CONNECT_S, limit_s), limit_s),
                # The libraries would answer the login of any server.
                allow_redirects=False,
            )
        except ExchangeFailed as exc:
            why = exc.words
        except (requests.RequestException, HTTPError, ValueError) as exc:
            why = access.trouble(exc)
        # Not inside `except`: the library's exception contains the address.
        raise CameraRefused(Ending(State.OFFLINE, why))
