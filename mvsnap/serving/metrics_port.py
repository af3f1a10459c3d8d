"""/metrics of a process without the role web: a port of its own, if one is set.

It is the web role's application, so keys, lockouts and limits are the same; what is not
for Prometheus is not there. The numbers of the store are the web role's to tell.
"""

from __future__ import annotations

import logging
import ssl
from typing import TYPE_CHECKING

from mvsnap.config.model import Settings
from mvsnap.errors import CannotListen
from mvsnap.runtime.ops import metrics_app
from mvsnap.serving.listening import listen
from mvsnap.serving.server import WebServer, make_server

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger(__name__)

_THREADS = 4


def serve_metrics(
    app: Flask, settings: Settings, tls_context: ssl.SSLContext | None
) -> WebServer | None:
    """Return the server; None: no port is set, or another program has it.

    Alarms do not depend on it, so the process goes on without.
    """
    host, port = settings.metrics.host, settings.metrics.port
    if port is None:
        return None
    try:
        listening = listen(host, port, "metrics.host, metrics.port")
    except CannotListen as exc:
        log.error("no /metrics of this process: %s", exc.message)
        return None
    few = settings.server.model_copy(update={"threads": _THREADS})
    settings = settings.model_copy(update={"server": few})
    server = make_server(metrics_app(app), settings, listening, tls_context)
    log.info("the metrics of this process are on %s:%d/metrics", host, port)
    return server
