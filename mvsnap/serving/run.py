"""`mvsnap serve`: the service with its web server, and what signals ask of it."""

from __future__ import annotations

import gc
import logging
import os
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TYPE_CHECKING, NoReturn

from mvsnap.config.model import Settings
from mvsnap.config.server import BELIEVES_ANYONE
from mvsnap.logs.file import LogFile
from mvsnap.logs.printed import log_what_is_printed
from mvsnap.runtime import Roles, Service, open_service
from mvsnap.serving.listening import listen
from mvsnap.serving.reload import Reloading
from mvsnap.signals import RELOAD, ServiceSignals
from mvsnap.tls import RenewedChain

if TYPE_CHECKING:
    from flask import Flask

    from mvsnap.serving.server import WebServer

log = logging.getLogger(__name__)

# How long answers to waiting clients may take to leave after a SIGTERM.
_LAST_ANSWERS_S = 0.5
# How long a start that is under way may take.
_START_S = 10.0


def serve(
    settings: Settings, roles: Roles, read_again: Callable[[], Settings]
) -> NoReturn:
    """Run until SIGTERM or Ctrl-C, then defer unfinished work and exit with 0.

    read_again: reads the settings anew, for SIGHUP; raises BadConfig.

    Raises:
        BadConfig, CannotListen, EngineUnfit: nothing was started.
    """
    ending = _Signalled(ServiceSignals(), settings, read_again)
    ending.start()
    host, port = settings.server.host, settings.server.port
    listening = listen(host, port) if roles.web else None
    has_port = roles.web or settings.metrics.port is not None
    pair = settings.server.tls.pair if has_port else None
    chain = ending.chain = RenewedChain(*pair) if pair else None
    # Jobs and requests share the interpreter: with Python's 5 ms a request waits for
    # each of them in turn (p99 at 50 triggers a second went from 97 to 66 ms).
    sys.setswitchinterval(0.001)
    tls_context = chain.context if chain is not None else None
    service = ending.service = _opened(settings, roles, listening, tls_context)
    ending.waits = False
    service.start()
    # Objects that stay: the collector need not scan them again and again.
    gc.freeze()
    if listening is not None:
        from mvsnap.serving.server import make_server  # other roles need none

        ending.server = make_server(service.app(), settings, listening, tls_context)
        log.info("mvsnap is listening on %s:%d", host, port)
        log.info("try it: %s", example(settings))
        if settings.server.believes_anyone:
            log.warning("%s", BELIEVES_ANYONE)
    else:
        ending.metrics = _metrics_server(service, settings, tls_context)
        log.info("mvsnap is %s", _work(roles))
    log_what_is_printed()
    ending.started.set()
    if ending.server is not None:
        ending.server.run()
    threading.Event().wait()  # the thread of `ending` ends the process
    raise AssertionError("nothing sets that event")


def _metrics_server(
    service: Service, settings: Settings, tls_context: ssl.SSLContext | None
) -> WebServer | None:
    """Serve /metrics of a process without requests, if the settings name a port."""
    if settings.metrics.port is None:
        return None
    from mvsnap.serving.metrics_port import serve_metrics

    server = serve_metrics(service.app(), settings, tls_context)
    if server is not None:
        threading.Thread(target=server.run, name="metrics", daemon=True).start()
    return server


def _work(roles: Roles) -> str:
    """Return what a process without requests does first of all."""
    if roles.worker:
        return "processing jobs"
    return "listening" if roles.sense else "recording"


def _opened(
    settings: Settings,
    roles: Roles,
    listening: socket.socket | None,
    tls_context: ssl.SSLContext | None,
) -> Service:
    if listening is None:
        return open_service(settings, roles)
    from mvsnap.serving.waiting import WaitingServer  # other roles need none

    meanwhile = WaitingServer(settings, listening, tls_context)
    try:
        return open_service(settings, roles, on_wait=meanwhile.say)
    finally:
        meanwhile.end()


class _Signalled:
    """Waits for signals in a thread of its own; the last one ends the process.

    Not in the handler: what it would interrupt may hold the locks that it needs. The
    settings are read in another thread: an end does not wait for a slow disk.
    waits: nothing has begun, so nothing has to end.
    """

    def __init__(
        self,
        signals: ServiceSignals,
        settings: Settings,
        read_again: Callable[[], Settings],
    ) -> None:
        self.service: Service | None = None
        self.server: WebServer | None = None
        self.metrics: WebServer | None = None
        self.chain: RenewedChain | None = None
        self.started = threading.Event()
        self.waits = True
        self._signals = signals
        self._log_file = LogFile()
        self._reloading = Reloading(settings, read_again, self._use)
        self._asked: SimpleQueue[frozenset[int]] = SimpleQueue()

    def start(self) -> None:
        threading.Thread(target=self._run, name="signals", daemon=True).start()
        threading.Thread(target=self._obey, name="reload", daemon=True).start()

    def _obey(self) -> None:
        while True:
            arrived = self._asked.get()
            while not self._asked.empty():
                arrived |= self._asked.get()
            self._log_file.reopen()
            if RELOAD in arrived:
                self.started.wait()
                try:
                    self._reload()
                except Exception:
                    # This thread has to be there for the next signal.
                    log.exception("the settings cannot be read anew; the old ones stay")

    def _reload(self) -> None:
        if self.chain is not None:
            self.chain.renew()
        self._reloading.reload()

    def _use(self, settings: Settings) -> None:
        service = self.service
        if service is None:
            return
        # All that may fail comes first: nothing is followed, or everything.
        fresh: list[tuple[WebServer, Flask]] = []
        if self.server is not None:
            fresh.append((self.server, service.app(settings)))
        if self.metrics is not None:
            from mvsnap.runtime.ops import metrics_app

            fresh.append((self.metrics, metrics_app(service.app(settings))))
        service.follow(settings)
        for server, app in fresh:
            server.use(app)

    def _run(self) -> None:
        while arrived := self._signals.wait():
            self._asked.put(arrived)
        try:
            self._end()
        except Exception:
            # The process has to end; its jobs are safe.
            log.exception(
                "stopping failed; unfinished work continues at the next start"
            )
        logging.shutdown()
        # A thread may still wait for a cloud; its job is safe, so nobody has to wait.
        os._exit(0)

    def _end(self) -> None:
        if self.service is not None:
            self.service.interrupt()
        has_started = self.started.wait(0 if self.waits else _START_S)
        if self.server is not None and has_started:
            # Waiting clients get their 202.
            threading.Event().wait(_LAST_ANSWERS_S)
            self.server.end()
        if self.metrics is not None:
            self.metrics.close()
        log.info("stopping")
        if self.service is not None and has_started:
            self.service.stop()
        log.info("stopped; unfinished work continues at the next start")


def example(settings: Settings) -> str:
    """Return an example request for these settings; logged, so without secrets."""
    origin = settings.server.own_url
    # The certificate is that of a name, not of this machine's own address.
    curl = "curl -k" if settings.server.tls.pair else "curl"
    takes_pictures = settings.asks_meraki and settings.default_cameras
    if takes_pictures and settings.api_keys:
        return f"{curl} -H 'X-API-Key: ...' {origin}/api/v1.0/getSnapshot"
    if settings.webhooks.tokens:
        return f"{curl} -d title=Test {origin}/webhook/TOKEN"
    return f"{origin}/ in a browser"
