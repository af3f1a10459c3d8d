"""What a command suggests to type works where it was typed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mvsnap.cli.usage import as_called


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "my venv" / "mvsnap"
    path.parent.mkdir()
    path.touch()
    path.chmod(0o755)
    return path


def test_a_program_that_is_not_on_the_path_is_named_by_its_own(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [".venv/bin/mvsnap", "serve"])
    monkeypatch.setenv("PATH", "/nowhere")
    assert as_called("init") == ".venv/bin/mvsnap init"
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert as_called("init") == f"'{program}' init"


def test_a_program_on_the_path_and_a_module_are_named_shortly(
    program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(program.parent))
    monkeypatch.setattr(sys, "argv", [str(program)])
    assert as_called("init") == "mvsnap init"
    monkeypatch.setattr(sys, "argv", ["/opt/mvsnap/mvsnap/__main__.py"])
    assert as_called("init") == "python -m mvsnap init"
