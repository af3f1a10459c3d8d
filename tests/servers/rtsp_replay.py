"""An RTSP camera of any codec and any mood: ffmpeg packs its film into RTP.

What the GStreamer camera cannot be: one with sound, with VP8 or MPEG-4, with RTP over
UDP only, without a free session, with a digest that ffmpeg does not know.
"""

from __future__ import annotations

import re
import select
import socket
import socketserver
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

_FPS = 15
_VP8 = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"]
_VIDEO = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0"],
    "vp8": _VP8,
    "vp8-rare": _VP8,  # one keyframe
    "vp9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"],
    "mpeg4": ["-c:v", "mpeg4"],
    "h263": ["-c:v", "h263p"],
}
_SOUND = {
    "aac": ["-c:a", "aac", "-ar", "16000"],
    "pcm_mulaw": ["-c:a", "pcm_mulaw", "-ar", "8000"],
    "pcm_alaw": ["-c:a", "pcm_alaw", "-ar", "8000"],
    "opus": ["-c:a", "libopus", "-ar", "48000"],
}


@dataclass(frozen=True)
class Mount:
    """One address of the camera.

    transports: the others are refused with the status `refusal`.
    refuses: the status for a method, the first `times` times, None for ever.
    challenges: the WWW-Authenticate lines of its 401; nothing opens it.
    rename: words of the session description, and what stands there instead.
    """

    film: Path | None = None
    transports: frozenset[str] = frozenset({"tcp", "udp"})
    refusal: int = 461
    refuses: Mapping[str, int] = field(default_factory=dict)
    times: int | None = None
    challenges: tuple[str, ...] = ()
    rename: tuple[str, str] = ("", "")


def film(folder: Path, video: str, sound: str | None = None) -> Path:
    """Make a film of four seconds, once; its headers are in the container alone."""
    path = folder / f"{video}-{sound or 'silent'}.mkv"
    if path.exists():
        return path
    line = ["ffmpeg", "-nostdin", "-v", "error", "-y"]
    line += ["-f", "lavfi", "-i", f"testsrc2=s=352x288:r={_FPS}"]
    if sound is not None:
        line += ["-f", "lavfi", "-i", "sine=440", *_SOUND[sound]]
    gop = 4 * _FPS if video.endswith("rare") else _FPS
    part = path.with_suffix(".part.mkv")  # half a film is none, for a second try
    # Of small pictures, several threads compute more in all: of VP8 ten times as much.
    line += [*_VIDEO[video], "-threads", "1", "-g", str(gop), "-t", "4", str(part)]
    subprocess.run(line, check=True, timeout=60)
    return part.replace(path)


@dataclass(frozen=True)
class ReplayCamera:
    port: int
    asked: Counter[tuple[str, str]]  # how often, by mount and method

    def url(self, mount: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{mount}"


@contextmanager
def replay_camera(mounts: Mapping[str, Mount]) -> Iterator[ReplayCamera]:
    asked: Counter[tuple[str, str]] = Counter()

    class Handler(_Session):
        pass

    Handler.mounts, Handler.asked = mounts, asked
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield ReplayCamera(server.server_address[1], asked)
        finally:
            server.shutdown()


@cache
def _kinds(path: Path) -> list[str]:
    line = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type"]
    done = subprocess.run(
        [*line, "-of", "csv=p=0", str(path)], capture_output=True, check=True
    )
    return [word[0] for word in done.stdout.decode().split()]


def _outputs(path: Path, ports: list[int]) -> list[str]:
    words = []
    for kind, port in zip(_kinds(path), ports, strict=True):
        words += ["-map", f"0:{kind}", "-c", "copy", "-strict", "experimental"]
        words += ["-f", "rtp", f"rtp://127.0.0.1:{port}?pkt_size=1200"]
    return words


@cache
def _description(path: Path, rename: tuple[str, str]) -> str:
    """Return the SDP as ffmpeg writes it, with an address for each track."""
    ports = [5998 + 2 * i for i in range(len(_kinds(path)))]
    line = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-t", "0.1"]
    line += [*_outputs(path, ports), "-sdp_file", "pipe:1"]
    done = subprocess.run(line, capture_output=True, check=True, timeout=30)
    head, *tracks = re.split(r"(?m)^(?=m=)", done.stdout.decode())
    text = head + "".join(
        re.sub(r"^(m=\w+) \d+", r"\1 0", track) + f"a=control:track{number}\r\n"
        for number, track in enumerate(tracks)
    )
    old, new = rename
    return text.replace(old, new) if old else text


class _Session(socketserver.StreamRequestHandler):
    """One connection of a viewer."""

    mounts: Mapping[str, Mount]
    asked: Counter[tuple[str, str]]

    def handle(self) -> None:
        self._tracks: dict[int, tuple[str, int]] = {}  # number: transport, channel
        self._lock = threading.Lock()
        self._over = threading.Event()
        try:
            while head := self._request():
                self._answer(head)
        except OSError:
            return
        finally:
            self._over.set()

    def _request(self) -> list[str]:
        lines: list[str] = []
        while line := self.rfile.readline(65536):
            if line.startswith(b"$"):  # a report of the viewer
                continue
            text = line.decode(errors="replace").strip()
            if text:
                lines.append(text)
            elif lines:
                return lines
        return []

    def _answer(self, head: list[str]) -> None:
        found = re.search(r"(\w+) rtsp://[^/]+/([^/\s]+)(?:/track(\d))?", head[0])
        if found is None:
            return
        method, name, track = found[1], found[2], int(found[3] or 0)
        mount = self.mounts[name]
        values = dict(line.split(": ", 1) for line in head[1:] if ": " in line)
        self.asked[name, method] += 1
        often = self.asked[name, method]
        status, extra, body = 200, ["Session: 1"], ""
        if method in mount.refuses and (mount.times is None or often <= mount.times):
            status = mount.refuses[method]
        elif mount.challenges and method == "DESCRIBE":
            status = 401
            extra = [f"WWW-Authenticate: {words}" for words in mount.challenges]
        elif method == "DESCRIBE":
            assert mount.film is not None
            body = _description(mount.film, mount.rename)
            extra = ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        elif method == "SETUP":
            status = self._set_up(mount, track, values["Transport"], extra)
        with self._lock:
            lines = [f"RTSP/1.0 {status} Words", f"CSeq: {values['CSeq']}", *extra]
            self.wfile.write("\r\n".join([*lines, "", body]).encode())
        if method == "PLAY" and status == 200:
            threading.Thread(target=self._play, args=(mount,), daemon=True).start()

    def _set_up(self, mount: Mount, track: int, asked: str, extra: list[str]) -> int:
        transport = "tcp" if "interleaved" in asked else "udp"
        if transport not in mount.transports:
            return mount.refusal
        numbers = re.search(r"(?:interleaved|client_port)=(\d+)", asked)
        assert numbers is not None
        self._tracks[track] = transport, int(numbers[1])
        extra.append(f"Transport: {asked}" + ";server_port=4-5" * (transport == "udp"))
        return 200

    def _play(self, mount: Mount) -> None:
        """Pass on what ffmpeg sends, until the viewer goes."""
        assert mount.film is not None
        with ExitStack() as stack:
            ports: dict[int, int] = {}
            sockets: dict[socket.socket, tuple[str, int]] = {}
            for track in range(len(_kinds(mount.film))):
                transport, channel = self._tracks.get(track, ("", 0))
                pair = [stack.enter_context(each) for each in _pair()]
                ports[track] = pair[0].getsockname()[1]
                for place, each in enumerate(pair):
                    sockets[each] = transport, channel + place
            line = ["ffmpeg", "-nostdin", "-v", "quiet", "-re", "-stream_loop", "-1"]
            line += ["-i", str(mount.film), *_outputs(mount.film, [*ports.values()])]
            child = subprocess.Popen(
                line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
            try:
                while not self._over.is_set():
                    for each in select.select([*sockets], [], [], 0.2)[0]:
                        self._pass_on(each.recv(65536), *sockets[each])
            except OSError:
                return
            finally:
                child.kill()
                child.wait()

    def _pass_on(self, packet: bytes, transport: str, channel: int) -> None:
        if transport == "tcp":
            with self._lock:
                head = b"$" + bytes([channel]) + len(packet).to_bytes(2, "big")
                self.wfile.write(head + packet)
        elif transport == "udp":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(packet, (self.client_address[0], channel))


def _pair() -> tuple[socket.socket, socket.socket]:
    """Return two sockets with neighbouring ports, for RTP and RTCP."""
    while True:
        first, second = (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)
        )
        first.bind(("127.0.0.1", 0))
        port = first.getsockname()[1]
        try:
            second.bind(("127.0.0.1", port + 1))
        except OSError:
            first.close()
            second.close()
            continue
        return first, second
