"""Bodies of requests: read whole, within a time, before a thread is taken.

In memory, as they are small. Only for an address that may send large ones, a long body
goes to a file.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from mvsnap.serving.environ import Head
from mvsnap.web.answers import ErrorDetails

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[Any]]

# The application answers 413 from 1 MB on, from 32 MB for observations.
_SMALL = 2_000_000
_LARGE = 36_000_000
_SMALL_S, _LARGE_S = 30, 120
# Most of what is too long is read nevertheless: a client that does not look for an
# answer while it sends would see a reset.
_DISCARDED = 40_000_000
_DISCARD_S = 60
# So much of every body always has room, the rest shares the memory.
_FREE = 64 * 1024
_MEMORY = 64_000_000
_LARGE_AT_ONCE = 4
_DISK_RESERVE = 200_000_000


class Refused(Exception):
    """A body that was not read to its end; the answer says why."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.details = ErrorDetails(code, message)


class Gone(Exception):
    """The client left before all of the body had arrived."""


class _TooLong(Exception):
    """More than what the address may have."""


class Bodies:
    """Reads bodies. For the thread of the event loop alone."""

    def __init__(self) -> None:
        self._memory = 0
        self._large = 0

    def body(self) -> Body:
        """Return a body to read; whoever asks closes it."""
        return Body(self)

    def take(self, length: int) -> None:
        if self._memory + length > _MEMORY:
            raise _busy("Too many long requests at once")
        self._memory += length

    def give(self, length: int) -> None:
        self._memory -= length

    def take_large(self) -> None:
        if self._large >= _LARGE_AT_ONCE:
            raise _busy("Too many long requests at once")
        if shutil.disk_usage(tempfile.gettempdir()).free < _DISK_RESERVE + _LARGE:
            log.warning("no room for a long request in %s", tempfile.gettempdir())
            raise _busy("No room on the disk for a long request")
        self._large += 1

    def give_large(self) -> None:
        self._large -= 1


class Body:
    """The body of one request, and what it takes of memory and disk.

    file: what the application reads; empty if the body is too long.
    length: also of one that is too long.
    is_read: nothing of it is left on the connection.
    """

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._taken = 0
        self._is_large = False
        self.file: IO[bytes] = SpooledTemporaryFile(max_size=_SMALL)  # noqa: SIM115
        self.length = 0
        self.is_read = True

    async def read(self, receive: Receive, head: Head, *, may_be_large: bool) -> None:
        """Read all of it, or let go what is too long.

        Raises:
            Refused, Gone
        """
        if not head.has_body:
            return
        most = _LARGE if may_be_large else _SMALL
        try:
            if head.announced > most:
                raise _TooLong
            async with asyncio.timeout(_LARGE_S if may_be_large else _SMALL_S):
                await self._keep(receive, most)
        except _TooLong:
            self.length = max(self.length, head.announced)
            self.file.close()
            self.file = BytesIO()
            # One that asks first has not sent any of it.
            self.is_read = not head.asks_first and await _discard(receive, self.length)
        except Refused:
            await _discard(receive, head.announced)
            raise
        except TimeoutError:
            raise Refused(
                408, "request_timeout", "The request took too long to arrive"
            ) from None
        self.file.seek(0)

    async def _keep(self, receive: Receive, most: int) -> None:
        async for part in _parts(receive):
            self.length += len(part)
            if self.length > most:
                raise _TooLong
            if self.length > _SMALL:
                self._take_disk()
            else:
                self._take_memory(max(0, self.length - _FREE) - self._taken)
            self.file.write(part)

    def _take_memory(self, more: int) -> None:
        if more > 0:
            self._bodies.take(more)
            self._taken += more

    def _take_disk(self) -> None:
        if not self._is_large:
            self._bodies.take_large()
            self._is_large = True

    def close(self) -> None:
        self.file.close()
        self._bodies.give(self._taken)
        if self._is_large:
            self._bodies.give_large()


async def _discard(receive: Receive, announced: int) -> bool:
    """Read the rest of a body; False: it is endless, or takes too long."""
    left = _DISCARDED
    if announced > left:
        return False
    try:
        async with asyncio.timeout(_DISCARD_S):
            async for part in _parts(receive):
                left -= len(part)
                if left < 0:
                    return False
    except TimeoutError:
        return False
    return True


def _busy(message: str) -> Refused:
    return Refused(503, "busy", message)


async def _parts(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        more = message["more_body"]
        yield message["body"]
