"""A TCP relay in front of a real server: pulls the cable, sets the camera's clock.

Pulled at this machine, a cable is noticed at once; pulled far away, nobody says a word.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Relay:
    """Passes bytes on to a port of 127.0.0.1.

    While cut, it refuses and drops all; while silent, it takes all and passes nothing.
    """

    def __init__(self, target_port: int) -> None:
        self._target = ("127.0.0.1", target_port)
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_cut = False
        self._flows = threading.Event()
        self._flows.set()
        self._left_bytes: int | None = None
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()
        self._listening.close()

    def cut(self) -> None:
        with self._lock:
            self._is_cut = True
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            self._open.clear()
        self._flow()

    def fall_silent(self) -> None:
        self._flows.clear()

    def fall_silent_after(self, many_bytes: int) -> None:
        """Fall silent once so many have come, in the middle of something large."""
        self._left_bytes = many_bytes

    def mend(self) -> None:
        with self._lock:
            self._is_cut = False
        self._flow()

    def _flow(self) -> None:
        with self._lock:
            self._left_bytes = None
            self._flows.set()

    def _count(self, many_bytes: int) -> None:
        with self._lock:
            if self._left_bytes is not None:
                self._left_bytes -= many_bytes
                if self._left_bytes < 0:
                    self._flows.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._flows.wait()
        with self._lock:
            if self._is_cut:
                client.close()
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:  # the server has stopped, as at the end of a test
                client.close()
                return
            self._open += [client, server]
        for ends, change in (
            ((client, server), bytes),
            ((server, client), self._changer()),
        ):
            threading.Thread(
                target=self._pass_on, args=(*ends, change), daemon=True
            ).start()

    def _pass_on(
        self,
        source: socket.socket,
        sink: socket.socket,
        change: Callable[[bytes], bytes],
    ) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                self._count(len(chunk))
                self._flows.wait()
                sink.sendall(change(chunk))
            sink.shutdown(socket.SHUT_WR)

    def _changer(self) -> Callable[[bytes], bytes]:
        """Return what is done to the bytes of one connection from the server."""
        return bytes


class LateRelay(Relay):
    """Passes on what a server sends all at once, so many seconds after the first."""

    def __init__(self, target_port: int) -> None:
        super().__init__(target_port)
        self.late_s = 0.0

    def _changer(self) -> Callable[[bytes], bytes]:
        def later(chunk: bytes) -> bytes:
            time.sleep(self.late_s)
            return chunk

        return later


class ClockRelay(Relay):
    """In front of an RTSP camera: sets the clock that stamps its pictures (RTP).

    set_s: by how much; single: of the next picture only.
    """

    def __init__(self, target_port: int) -> None:
        super().__init__(target_port)
        self.set_s = 0.0
        self.single = False

    def _changer(self) -> Callable[[bytes], bytes]:
        rest = bytearray()
        base_s = self.set_s  # a connection begins with the time as it is

        def change(chunk: bytes) -> bytes:
            rest.extend(chunk)
            done = bytearray()
            while (length := _complete(rest)) is not None:
                unit = rest[:length]
                del rest[:length]
                if unit[:2] == b"$\0":
                    self._stamp(unit, base_s)
                done += unit
            return bytes(done)

        return change

    def _stamp(self, packet: bytearray, base_s: float) -> None:
        """Change the time of a packet: 90,000 units are a second."""
        stamp = int.from_bytes(packet[8:12], "big") + int(
            (self.set_s - base_s) * 90_000
        )
        packet[8:12] = (stamp % 2**32).to_bytes(4, "big")
        if self.single and packet[5] & 0x80:  # the last packet of the picture
            self.set_s, self.single = 0.0, False


def _complete(stream: bytearray) -> int | None:
    """Return the length of the packet or answer at the start, if it is all there."""
    if not stream:
        return None
    if stream[:1] != b"$":
        end = stream.find(b"\r\n\r\n")
        if end < 0:
            return None
        found = re.search(rb"(?i)content-length: *(\d+)", stream[:end])
        length = end + 4 + (int(found[1]) if found else 0)
    else:
        length = 4 + int.from_bytes(stream[2:4], "big")
    return length if 4 <= length <= len(stream) else None
