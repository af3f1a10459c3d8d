"""Programs that say more than anybody asked for, or do not listen."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mvsnap.recorder import process


def test_of_a_program_that_says_far_too_much_begin_and_end_are_kept() -> None:
    """A camera can make one say any amount: ffprobe traces each line of its answer."""
    flood = "echo first >&2; yes camera | head -c 35000000 >&2; echo last >&2"
    done = process.run(["sh", "-c", f"{flood}; echo out"], b"", 30)
    assert (done.code, done.stdout) == (0, b"out\n")
    assert len(done.stderr) <= 1_000_000
    assert done.stderr.startswith("first\ncamera\n")
    assert done.stderr.endswith("camera\nlast\n")


def test_a_long_text_and_a_long_answer_pass_each_other() -> None:
    text = bytes(range(256)) * 8192
    assert process.run(["cat"], text, 30) == process.Done(0, text, "")


@pytest.mark.parametrize("words", ["sleep 60", "exec >&- 2>&-; sleep 60"])
def test_a_program_that_does_not_end_is_ended(words: str) -> None:
    began = time.monotonic()
    done = process.run(["sh", "-c", f"echo said >&2; {words}"], bytes(200_000), 0.5)
    assert (done.code, done.stderr) == (None, "said\n")
    assert time.monotonic() - began < 20


def test_a_program_that_reads_nothing_may_answer() -> None:
    done = process.run(["sh", "-c", "exec <&-; echo said"], bytes(2_000_000), 30)
    assert (done.code, done.stdout) == (0, b"said\n")


def test_many_cameras_ask_the_version_once_and_a_new_program_is_asked_again(
    tmp_path: Path,
) -> None:
    program, asked = tmp_path / "ffmpeg", tmp_path / "asked"

    def install(version: str) -> None:
        new = tmp_path / "new"
        words = f"echo x >> '{asked}'; sleep 0.2; echo 'ffmpeg version {version} (c)'"
        new.write_text(f"#!/bin/sh\n{words}\n")
        new.chmod(0o755)
        new.replace(program)

    install("4.4.6")
    for _ in range(2):
        with pytest.raises(process.NoFfmpeg, match=r"4\.4\.6 is too old"):
            process.version(str(program))
    install("7.1.1")
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(process.version, [str(program)] * 8))
    assert found == {"ffmpeg 7.1.1"}
    assert asked.read_text() == "x\n" * 3
    program.unlink()
    with pytest.raises(process.NoFfmpeg, match="is missing"):
        process.version(str(program))
