"""The threads in which the application works; one address never has all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from mvsnap.web.proxies import party_of

T = TypeVar("T")


@dataclass(slots=True)
class _Share:
    """What one address has of them; users: those that have a thread or wait for it."""

    free: asyncio.Semaphore
    users: int = 0


class RequestThreads:
    """A pool of threads. A quarter of it is always left to other addresses.

    Half of it may wait for pictures, so the share of an address is larger than that.
    is_exempt: whether an address is that of a trusted proxy.
    """

    def __init__(self, many: int, is_exempt: Callable[[str], bool]) -> None:
        self._pool = ThreadPoolExecutor(many, thread_name_prefix="request")
        self._share = many - max(1, many // 4)
        self._is_exempt = is_exempt
        self._shares: dict[str, _Share] = {}

    async def run(
        self,
        address: str,
        work: Callable[[], T],
        begins: Callable[[], None] = lambda: None,
    ) -> T:
        """Let one of the threads do it, in turn.

        begins: called when it is the turn of this address; what it raises is raised.
        """
        loop = asyncio.get_running_loop()
        if self._is_exempt(address):
            begins()
            return await loop.run_in_executor(self._pool, work)
        party = party_of(address)
        share = self._shares.get(party)
        if share is None:
            share = self._shares[party] = _Share(asyncio.Semaphore(self._share))
        share.users += 1
        try:
            async with share.free:
                begins()
                return await loop.run_in_executor(self._pool, work)
        finally:
            share.users -= 1
            if not share.users:
                del self._shares[party]

    def soon(self, work: Callable[[], None]) -> None:
        """Let one of the threads do it; nobody waits for it."""
        self._pool.submit(work)

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)
