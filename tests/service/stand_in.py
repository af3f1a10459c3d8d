"""What the scripts of the service start in the place of mvsnap, and as whom."""

from __future__ import annotations

import os
import pwd

# Another user than root, where the tests are root's: that is how the scripts are used.
USER = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

# A program begins with it, and `answer` never returns. It runs a hundred times: what is
# slow to import, it does without until then.
ANSWER = """
def answer(port):
    import socket
    listening = socket.create_server(("127.0.0.1", port))
    while True:
        asked, _ = listening.accept()
        try:
            asked.recv(10_000)
            asked.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
        except OSError:
            pass
        asked.close()
"""
