"""Free ports, for programs that cannot be told to take any."""

import socket


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listened on just now.

    Another program may take it first: who starts a server there tries again.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
