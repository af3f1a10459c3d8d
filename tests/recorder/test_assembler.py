"""A clip's file is never made twice, and is reported as it is."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from mvsnap.recorder import Recode
from mvsnap.recorder.clip import Assembler
from mvsnap.recorder.command import Container
from mvsnap.recorder.model import Format
from mvsnap.recorder.spool import SpooledSegment
from mvsnap.recorder.timeline import Pace, pace_of
from tests.core.build import NOON


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Four seconds of video."""
    path = tmp_path / "film.ts"
    line = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=s=160x120:r=10:d=4"]
    line += ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "10"]
    subprocess.run([*line, str(path)], check=True, timeout=30)
    return path


def pace(shown: Sequence[float], lengths_s: Sequence[float]) -> Pace:
    return pace_of(shown, lengths_s, 1)


@pytest.mark.parametrize(
    ("first_s", "then_s"),
    [
        pytest.param(3, 2, id="the power cut cost the end of the segments"),
        pytest.param(2, 4, id="meanwhile there are more"),
    ],
)
def test_an_existing_file_is_reported_as_it_is(
    tmp_path: Path, film: Path, first_s: float, then_s: float
) -> None:
    asked = tmp_path / "asked"
    ffprobe = tmp_path / "ffprobe"
    ffprobe.write_text(f"#!/bin/sh\necho x >> '{asked}'; exec ffprobe \"$@\"\n")
    ffprobe.chmod(0o755)
    assembler = Assembler("ffmpeg", str(ffprobe))
    path = tmp_path / "clip.mp4"
    found = []
    for length_s in (first_s, then_s):
        form = Format("h264", 160, 120, 10)
        spooled = SpooledSegment(
            "1", 0, film, Container.TS, form, 100, 100 + length_s, 0
        )
        want = (100.0, 100.0 + length_s)
        found.append(assembler.assemble([spooled], want, path, Recode.AUTO, NOON, pace))
    made, later = found
    assert later.end == pytest.approx(made.end, abs=0.11)  # a picture
    assert later.spans[-1][1] == later.end
    assert made.end == pytest.approx(100 + first_s, abs=0.2)
    assert asked.read_text() == "x\n" * 2  # once for each
