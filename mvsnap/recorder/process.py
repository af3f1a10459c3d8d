"""Process: ffmpeg as a child that ends with the thread that started it."""

from __future__ import annotations

import logging
import os
import re
import selectors
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from msgspec import Struct

from mvsnap.child_environment import child_environment
from mvsnap.errors import MvsnapError
from mvsnap.recorder.diagnosis import redacted

# Its name is in logs.configure.
log = logging.getLogger("mvsnap.recorder.ffmpeg")

_END_S = 2.0
_READ_BYTES = 65_536
# Of each pipe, its begin and its end: what a camera sends may make a program say any
# amount. The largest picture of MOST_PIXELS is shorter.
_MOST_BYTES = 64_000_000
_MOST_SAID = 1_000_000
_LAST_LINES = 100
_MOST_CHARS = 500
# The first with `-fps_mode`; `option` in ffconcat and RTSP's `timeout` came with 5.0.
_OLDEST = (5, 1)
_VERSION_LIMIT_S = 10.0
_asking = threading.Lock()
_versions: dict[tuple[str, int, int, int], str] = {}  # that are new enough, by file


class NoFfmpeg(MvsnapError):
    """The program is not installed, or too old."""

    code = "no_ffmpeg"


class Done(Struct, frozen=True):
    """The output of a program that ended; `code` is None if it timed out."""

    code: int | None
    stdout: bytes
    stderr: str


def start(
    line: Sequence[str], *, nice: int = 0, more: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program with three pipes, in a session of its own.

    more: variables beside those that every child needs.

    The kernel kills it when the calling thread ends, for whatever reason: after `kill
    -9` of the service nothing else could.

    Raises:
        NoFfmpeg: the program is not installed.
    """
    program = shutil.which(line[0])
    if program is None:
        raise NoFfmpeg(f"{line[0]} is missing: apt-get install ffmpeg")
    words = [program, *line[1:]]
    if nice and (found := shutil.which("nice")):
        words = [found, "-n", str(nice), *words]
    if guard := shutil.which("setpriv"):
        words = [guard, "--pdeathsig", "KILL", "--", *words]
    return subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_environment() | dict(more or {}),
        start_new_session=True,
    )


def end(child: subprocess.Popen[bytes]) -> None:
    """Ask it to end, kill it after two seconds, and close its pipes."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # what it had not read yet
                continue


def run(line: Sequence[str], text: bytes, limit_s: float, *, nice: int = 0) -> Done:
    """Run a program to its end with `text` on its stdin.

    Raises:
        NoFfmpeg: the program is not installed.
    """
    child = start(line, nice=nice)
    found, told = _Kept(_MOST_BYTES), _Kept(_MOST_SAID)
    try:
        has_ended = _talk(child, text, time.monotonic() + limit_s, found, told)
        code = child.returncode if has_ended else None
    finally:
        if child.poll() is None:
            child.kill()
        end(child)
    said = bytes(told.bytes).decode(errors="replace")
    for words in said.splitlines()[-_LAST_LINES:]:
        log_words(redacted(words, ()))
    return Done(code, bytes(found.bytes), said)


class _Kept:
    """What a program writes to a pipe; of more than `most` bytes, some amid them go."""

    def __init__(self, most: int) -> None:
        self.bytes = bytearray()
        self._most = most

    def add(self, more: bytes) -> None:
        self.bytes += more
        if len(self.bytes) > self._most:
            del self.bytes[self._most // 2 : -self._most // 4]


def _talk(
    child: subprocess.Popen[bytes],
    text: bytes,
    until_s: float,
    found: _Kept,
    told: _Kept,
) -> bool:
    """Write to its stdin and read the others; False: it has not ended until then."""
    assert child.stdin is not None
    left = memoryview(text)
    with selectors.DefaultSelector() as selector:
        selector.register(child.stdin, selectors.EVENT_WRITE)
        for pipe, kept in ((child.stdout, found), (child.stderr, told)):
            assert pipe is not None
            selector.register(pipe, selectors.EVENT_READ, kept)
        for key in list(selector.get_map().values()):
            os.set_blocking(key.fd, False)
        while selector.get_map():
            if (left_s := until_s - time.monotonic()) <= 0:
                return False
            for key, _ in selector.select(left_s):
                if key.data is None:
                    left = _written(key.fd, left)
                    is_over = not left
                else:
                    key.data.add(more := os.read(key.fd, _READ_BYTES))
                    is_over = not more
                if is_over:
                    selector.unregister(key.fileobj)
                    if key.data is None:
                        child.stdin.close()
    try:
        child.wait(max(0.0, until_s - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _written(pipe: int, text: memoryview) -> memoryview:
    """Return what is left to write; nothing if nobody reads it."""
    try:
        return text[os.write(pipe, text[:_READ_BYTES]) :]
    except BrokenPipeError:
        return text[:0]


def log_words(words: str) -> None:
    """Log a line of ffmpeg, whose secrets are hidden already."""
    if words.strip():
        # The threads are named after what they do for which camera.
        about = threading.current_thread().name
        log.debug("%s: %s", about, words[:_MOST_CHARS])


def version(program: str) -> str:
    """Return the version that the program reports, like `ffmpeg 7.1`.

    It is asked once, not for each camera, until another file is there.

    Raises:
        NoFfmpeg: it is not installed, does not run, or is too old.
    """
    path = shutil.which(program)
    if path is None:
        raise NoFfmpeg(f"{program} is missing: apt-get install ffmpeg")
    about = os.stat(path)
    key = path, about.st_ino, about.st_size, about.st_mtime_ns
    # Many cameras begin at once. For one that hangs, each waits by itself.
    is_alone = _asking.acquire(timeout=_VERSION_LIMIT_S)
    try:
        if key not in _versions:
            _versions[key] = _asked_version(program)
        return _versions[key]
    finally:
        if is_alone:
            _asking.release()


def _asked_version(program: str) -> str:
    done = run([program, "-version"], b"", _VERSION_LIMIT_S)
    words = done.stdout.decode(errors="replace").split()
    if done.code != 0 or len(words) < 3:
        raise NoFfmpeg(f"{program} does not run: apt-get install ffmpeg")
    found = re.match(r"n?(\d+)\.(\d+)", words[2])  # a custom build may report anything
    if found is not None and (int(found[1]), int(found[2])) < _OLDEST:
        oldest = ".".join(map(str, _OLDEST))
        raise NoFfmpeg(f"{words[0]} {words[2]} is too old: {oldest} is needed")
    return f"{words[0]} {words[2]}"
