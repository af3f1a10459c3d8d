"""The films of the camera that replays them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.servers import rtsp_replay


def test_a_film_that_was_not_finished_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(line: list[str], **_: object) -> None:
        Path(line[-1]).write_bytes(b"half")
        raise subprocess.TimeoutExpired(line, 60)

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", killed)
        with pytest.raises(subprocess.TimeoutExpired):
            rtsp_replay.film(tmp_path, "vp8")
    assert not (tmp_path / "vp8-silent.mkv").exists()
