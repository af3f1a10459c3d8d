"""Free ports, for programs that cannot choose one themselves."""

import os
import secrets
import socket
from collections import deque
from contextlib import suppress

# Below those that the kernel gives to any connection at any time: one that stays the
# port of a program is still free when that starts again.
LOWEST, HIGHEST = 16_000, 32_000
# Of the ports that this process was given, so many are not given to another.
_MOST_RESERVED = 100

# Files that are open, each with a name that says which port.
_reserved: deque[int] = deque()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listened on just now.

    None is given twice, to whatever process, while programs start that are to listen
    there. One that did not ask here may use it first: retry when starting a server.
    """
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            _reserve(port)
            return port


def _reserve(port: int) -> None:
    """Take a name that nobody else can have; it is given back as the process ends.

    Raises:
        OSError: somebody has it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as name:
        name.bind(f"\0mvsnap-port-{port}")
        _reserved.append(name.detach())
    if len(_reserved) > _MOST_RESERVED:
        os.close(_reserved.popleft())
