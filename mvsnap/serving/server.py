"""The web server: uvicorn with our limits in front of the Flask application."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from uvicorn import Config, Server

from mvsnap.config.model import Settings
from mvsnap.config.server import ServerSection
from mvsnap.serving.admission import Admission, among, most_connections
from mvsnap.serving.bodies import Bodies
from mvsnap.serving.connection import IDLE_S, LAST_S, HttpConnection
from mvsnap.serving.front import Front
from mvsnap.serving.strangers import Strangers
from mvsnap.serving.threads import RequestThreads
from mvsnap.wifi.receiver_auth import knows_address

if TYPE_CHECKING:
    from flask import Flask

_DATE_S = 1.0
# Connections that the kernel keeps for us, and that are taken in one turn of the loop.
# With uvicorn's 2048, who connects and closes without end keeps others for 10 s.
_BACKLOG = 128


class WebServer:
    """uvicorn, ready to run in any thread."""

    def __init__(
        self,
        config: Config,
        front: Front,
        threads: RequestThreads,
        listening: socket.socket,
    ) -> None:
        self._server = _Server(config)
        self._front = front
        self._threads, self._listening = threads, listening
        self._ended = threading.Event()

    def run(self) -> None:
        """Serve until `close`."""
        try:
            self._server.run(sockets=[self._listening])
        finally:
            self._threads.close()
            self._ended.set()

    def use(self, app: Flask) -> None:
        """Give later requests to another application; from any thread."""
        self._front.use(app, partial(knows_address, app))

    def close(self) -> None:
        """Take no more requests, answer those that are here; from any thread."""
        self._server.end()

    def end(self) -> None:
        """Close, and wait for the last answers; for some seconds at most."""
        self.close()
        self._ended.wait(LAST_S + 2)


class _Server(Server):
    """Leaves the signals to those who end the service; asleep until there is work.

    uvicorn's own loop looks ten times a second whether it should end.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._ending = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self) -> None:
        """From any thread."""
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended meanwhile
                self._loop.call_soon_threadsafe(self._ending.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        # Tick 0 renews the date that answers bear.
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _DATE_S)

    # uvicorn's own is a generator for `with`; ours leaves the signals alone.
    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()


def make_server(
    app: Flask,
    settings: Settings,
    listening: socket.socket,
    tls_context: ssl.SSLContext | None = None,
) -> WebServer:
    """Return a server of the app; with a context it speaks HTTPS, and HTTPS alone."""
    server = settings.server
    is_exempt = _is_proxy(server)
    admission = Admission(
        most_connections(), server.max_connections_per_address, is_exempt
    )
    threads = RequestThreads(server.threads, is_exempt)
    front = Front(
        app,
        threads,
        Strangers(is_exempt),
        Bodies(is_exempt),
        partial(knows_address, app),
    )

    def connection(**given: Any) -> HttpConnection:
        return HttpConnection(admission, tls_context, **given)

    config = Config(
        cast(Any, front),
        http=cast(Any, connection),
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        # server.trusted_proxies decides whether proxies are trusted.
        proxy_headers=False,
        log_config=None,
        # What strangers send is no news, and the front logs our own mistakes.
        log_level="critical",
        access_log=False,
        backlog=_BACKLOG,
        server_header=False,
        headers=[("Server", "mvsnap")],
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=int(LAST_S) + 1,
    )
    return WebServer(config, front, threads, listening)


def _is_proxy(server: ServerSection) -> Callable[[str], bool]:
    """Return a test whether an address speaks for many clients."""
    proxies = server.trusted_proxies
    if isinstance(proxies, int):  # a number does not say which they are
        return lambda _: proxies > 0
    return among(proxies)
