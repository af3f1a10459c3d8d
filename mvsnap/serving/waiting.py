"""What the web role answers while its start waits for the database."""

from __future__ import annotations

import socket
import ssl
import threading

from mvsnap.config.model import Settings
from mvsnap.runtime.waiting_app import waiting_app
from mvsnap.serving.server import WebServer, make_server


class WaitingServer:
    """Serves from the first `say` to `end`; the listening socket stays open."""

    def __init__(
        self,
        settings: Settings,
        listening: socket.socket,
        tls_context: ssl.SSLContext | None,
    ) -> None:
        self._settings = settings
        self._listening = listening
        self._tls_context = tls_context
        self._why = ""
        self._server: WebServer | None = None

    def say(self, why: str) -> None:
        """why: as it may be shown to anybody."""
        self._why = why
        if self._server is not None:
            return
        app, listening = waiting_app(lambda: self._why), self._listening.dup()
        self._server = make_server(app, self._settings, listening, self._tls_context)
        threading.Thread(target=self._server.run, name="waiting", daemon=True).start()

    def end(self) -> None:
        if self._server is not None:
            self._server.end()
