"""The times in a TS file, compared with what ffprobe reads there."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from mvsnap.recorder import stamps

BEGINS_S = 1.4  # as ffmpeg lets every stream
WRAPS_S = 2**33 / 90_000


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds with B-frames and sound."""
    path = tmp_path_factory.mktemp("stamps") / "film.ts"
    line = ["-f", "lavfi", "-i", "testsrc2=s=640x480:r=10", "-f", "lavfi", "-i", "sine"]
    line += ["-t", "3", "-c:v", "libx264", "-bf", "2", "-b_strategy", "0"]
    _ffmpeg(*line, "-threads", "1", "-c:a", "aac", str(path))
    return path


def _ffmpeg(*words: str) -> None:
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", *words], check=True, timeout=60
    )


def _probed(path: Path) -> list[tuple[float, float]]:
    line = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries"]
    line += ["packet=pts_time,dts_time", "-of", "csv=p=0", str(path)]
    said = subprocess.run(line, capture_output=True, check=True, timeout=60, text=True)
    rows = [row.split(",")[:2] for row in said.stdout.split()]
    return [(float(pts) - BEGINS_S, float(dts) - BEGINS_S) for pts, dts in rows]


def test_the_first_and_the_last_picture_say_when_they_are_shown(film: Path) -> None:
    found = _probed(film)
    for stamp, (shown_s, decoded_s) in (
        (stamps.first(film), found[0]),
        (stamps.last(film), found[-1]),
    ):
        assert stamp is not None
        assert stamp.shown_s == pytest.approx(shown_s, abs=0.001)
        assert stamp.decoded_s == pytest.approx(decoded_s, abs=0.001)
    assert found[0][0] != found[0][1], "it has B-frames"


def test_a_file_that_is_being_written_says_it_too(film: Path, tmp_path: Path) -> None:
    part, content = tmp_path / "part.ts", film.read_bytes()
    assert stamps.first(part) is None
    for size in (0, 100, 188 * 3):  # tables, but no picture
        part.write_bytes(content[:size])
        assert stamps.first(part) is stamps.last(part) is None
    part.write_bytes(content[: len(content) // 2 + 77])
    first, last = stamps.first(part), stamps.last(part)
    assert first == stamps.first(film)
    assert first is not None
    assert last is not None
    assert 0.5 < stamps.after_s(first.shown_s, last.shown_s) < 2.5


def test_what_is_no_video_has_no_times(tmp_path: Path) -> None:
    path = tmp_path / "garbage.ts"
    for content in (bytes(50_000), b"\x47" * 50_000, b"G\xff" * 25_000):
        path.write_bytes(content)
        assert stamps.first(path) is stamps.last(path) is None


def test_a_stream_may_last_longer_than_its_stamps(film: Path, tmp_path: Path) -> None:
    long = tmp_path / "long.ts"
    offset = f"{WRAPS_S - 3:.3f}"
    _ffmpeg("-i", str(film), "-c", "copy", "-output_ts_offset", offset, str(long))
    first, last = stamps.first(long), stamps.last(long)
    assert first is not None
    assert last is not None
    assert last.shown_s < first.shown_s
    assert stamps.after_s(first.shown_s, last.shown_s) == pytest.approx(2.9, abs=0.15)
