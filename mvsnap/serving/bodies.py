"""Bodies of requests: read whole, within a time, before a thread is taken.

In memory, as they are small. Only for an address that may send large ones, a long body
goes to a file.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from mvsnap.core.shares import is_within_share
from mvsnap.serving.environ import Head
from mvsnap.web.answers import ErrorDetails
from mvsnap.web.proxies import party_of

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
# So much of every body always has room, the rest shares the memory: fairly.
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
    """Reads bodies. For the thread of the event loop alone.

    is_exempt: whether an address is that of a trusted proxy, which speaks for many.
    """

    def __init__(self, is_exempt: Callable[[str], bool]) -> None:
        self._is_exempt = is_exempt
        self._memory: Counter[str] = Counter()  # by address
        self._large = 0

    def body(self, address: str) -> Body:
        """Return a body to read; whoever asks closes it."""
        return Body(self, address)

    def take(self, address: str, length: int) -> None:
        """Take memory, within the share of the address."""
        total, party = self._memory.total() + length, party_of(address)
        own = 0 if self._is_exempt(address) else self._memory[party] + length
        if not is_within_share(own, total, _MEMORY):
            raise _busy("Too many long requests at once")
        self._memory[party] += length

    def give(self, address: str, length: int) -> None:
        self._memory[party_of(address)] -= length
        self._memory += Counter()  # forgets who has none

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

    def __init__(self, bodies: Bodies, address: str) -> None:
        self._bodies = bodies
        self._address = address
        self._taken = 0
        self._is_large = False
        self._has_ended = False  # its last part has come
        self.file: IO[bytes] = BytesIO()
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
        self.file = SpooledTemporaryFile(max_size=_SMALL)  # noqa: SIM115
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
            self.is_read = not head.asks_first and await self._discard(
                receive, self.length
            )
        except Refused:
            await self._discard(receive, head.announced)
            raise
        except TimeoutError:
            raise Refused(
                408, "request_timeout", "The request took too long to arrive"
            ) from None
        self.file.seek(0)

    async def _keep(self, receive: Receive, most: int) -> None:
        async for part in self._parts(receive):
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
            self._bodies.take(self._address, more)
            self._taken += more

    def _take_disk(self) -> None:
        if not self._is_large:
            self._bodies.take_large()
            self._is_large = True

    async def _discard(self, receive: Receive, announced: int) -> bool:
        """Read the rest of it; False: it is endless, or takes too long."""
        left = _DISCARDED
        if announced > left:
            return False
        try:
            async with asyncio.timeout(_DISCARD_S):
                async for part in self._parts(receive):
                    left -= len(part)
                    if left < 0:
                        return False
        except TimeoutError:
            return False
        return True

    async def _parts(self, receive: Receive) -> AsyncIterator[bytes]:
        while not self._has_ended:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            self._has_ended = not message["more_body"]
            yield message["body"]

    def close(self) -> None:
        self.file.close()
        if self._taken:
            self._bodies.give(self._address, self._taken)
        if self._is_large:
            self._bodies.give_large()


def _busy(message: str) -> Refused:
    return Refused(503, "busy", message)
