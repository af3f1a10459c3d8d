"""Process: ffmpeg as a child that ends with the thread that started it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass

from mvsnap.errors import MvsnapError
from mvsnap.recorder.diagnosis import redacted

# Its name is in logs.configure.
log = logging.getLogger("mvsnap.recorder.ffmpeg")

_END_S = 2.0
_LAST_LINES = 100
_MOST_CHARS = 500


class NoFfmpeg(MvsnapError):
    """The program is not installed."""

    code = "no_ffmpeg"


@dataclass(frozen=True, slots=True)
class Done:
    """The output of a program that ended; `code` is None if it timed out."""

    code: int | None
    stdout: bytes
    stderr: str


def start(line: Sequence[str], *, nice: int = 0) -> subprocess.Popen[bytes]:
    """Start a program with three pipes, in a session of its own.

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
    try:
        stdout, stderr = child.communicate(text, timeout=limit_s)
        code: int | None = child.returncode
    except subprocess.TimeoutExpired:
        child.kill()
        stdout, stderr = child.communicate()
        code = None
    finally:
        end(child)
    said = stderr.decode(errors="replace")
    for words in said.splitlines()[-_LAST_LINES:]:
        log_words(redacted(words, ()))
    return Done(code, stdout, said)


def log_words(words: str) -> None:
    """Log a line of ffmpeg, whose secrets are hidden already."""
    if words.strip():
        # The threads are named after what they do for which camera.
        about = threading.current_thread().name
        log.debug("%s: %s", about, words[:_MOST_CHARS])
