"""What git asks before a commit is what `make lint` asks, with the same tools."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / ".pre-commit-config.yaml"
(LOCAL,) = yaml.safe_load(CONFIG.read_text())["repos"]
ENTRIES = [hook["entry"] for hook in LOCAL["hooks"]]


def test_the_configuration_is_valid() -> None:
    program = Path(sys.executable).with_name("pre-commit")
    subprocess.run([program, "validate-config", CONFIG], check=True)


def test_each_tool_is_installed_with_this_checkout() -> None:
    """From elsewhere it would be another version than that of requirements.lock."""
    assert LOCAL["repo"] == "local"
    for entry in ENTRIES:
        tool = entry.split()[0].replace(".venv/bin", str(Path(sys.executable).parent))
        assert shutil.which(tool), tool


def test_it_asks_all_that_make_lint_asks() -> None:
    (lint,) = re.findall(
        r"(?m)^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text()
    )
    asked = re.findall(r"\$\(BIN\)/(\w+(?: \w+)?)", lint)
    assert asked == ["ruff check", "ruff format", "mypy"]
    for command in asked:
        assert any(entry.startswith(f".venv/bin/{command}") for entry in ENTRIES)
