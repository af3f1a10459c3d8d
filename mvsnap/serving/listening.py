"""The address that the service listens on."""

from __future__ import annotations

import errno
import os
import socket

from mvsnap.errors import CannotListen


def listen(
    host: str, port: int, settings: str = "server.host, server.port"
) -> socket.socket:
    """Bind the address before anything is started; port 0 is any free one.

    settings: that name it.

    Raises:
        CannotListen
    """
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as exc:
        why = exc.strerror
        if exc.errno == errno.EADDRINUSE:  # Python adds the address, which is there
            why = f"{os.strerror(exc.errno)}. Is mvsnap running already?"
        raise CannotListen(
            f"Cannot listen on {host}:{port} ({settings}): {why}"
        ) from exc
    # Inherited by connections: the end of an answer waits for no acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
