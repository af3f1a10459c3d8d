"""Free ports, for programs that cannot choose one themselves."""

import secrets
import socket
from contextlib import suppress

# Below those that the kernel gives to any connection at any time: one that stays the
# port of a program is still free when that starts again.
LOWEST, HIGHEST = 16_000, 32_000


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listened on just now.

    Another program may use it first: retry when starting a server there.
    """
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
