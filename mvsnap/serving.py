"""`serve`: the web server in front of the service, and a clean end on SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any, NoReturn

from mvsnap.config.model import Settings
from mvsnap.errors import CannotListen
from mvsnap.runtime import Roles, Service

if TYPE_CHECKING:
    from types import FrameType

    from flask import Flask

log = logging.getLogger(__name__)


def serve(settings: Settings, roles: Roles) -> NoReturn:
    """Run until SIGTERM or Ctrl-C, then park what is unfinished and exit with 0.

    Raises:
        CannotListen, EngineUnfit: nothing was started.
    """
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGINT, _end)
    host, port = settings.server.host, settings.server.port
    listening = listen(host, port) if roles.web else None
    service = Service(settings, roles)
    try:
        service.start()
        if listening is not None:
            server = make_server(service.app(), settings, listening)
            log.info("mvsnap listens on %s:%d", host, port)
            log.info("try it: curl -H 'X-API-Key: ...' %s", _example(port))
            server.run()
        else:
            log.info("mvsnap works on jobs")
            threading.Event().wait()
    except SystemExit:
        pass
    log.info("stopping")
    service.stop()
    log.info("stopped; what is unfinished goes on at the next start")
    logging.shutdown()
    # A thread may still wait for a cloud; its job is safe, nobody has to wait for it.
    os._exit(0)


def _example(port: int) -> str:
    return f"http://127.0.0.1:{port}/api/v1.0/getSnapshot"


def listen(host: str, port: int) -> socket.socket:
    """Take the address before anything is started; port 0 is any free one.

    Raises:
        CannotListen
    """
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as exc:
        raise CannotListen(
            f"Cannot listen on {host}:{port} (server.host, server.port): "
            f"{os.strerror(exc.errno or 0)}"
        ) from exc


def make_server(app: Flask, settings: Settings, listening: socket.socket) -> Any:
    """Return a waitress server; `run()` serves."""
    from waitress.server import create_server

    return create_server(
        app,
        sockets=[listening],
        threads=settings.server.threads,
        ident="mvsnap",
        connection_limit=1000,
        # Longer than the longest wait_s.
        channel_timeout=90,
    )


def _end(_signal: int, _frame: FrameType | None) -> None:
    # waitress ends its loop on SystemExit; a second signal must not interrupt the end.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise SystemExit(0)
