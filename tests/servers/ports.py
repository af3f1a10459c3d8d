"""Free ports, for programs that cannot choose one themselves."""

import socket


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nothing listened on just now.

    Another program may use it first: retry when starting a server there.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
