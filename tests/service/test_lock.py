"""requirements.lock: one version of each library, for everybody who installs."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def requirements(lines: list[str]) -> list[Requirement]:
    """Of a list with comments."""
    bare = [re.sub(r"(^|\s)#.*", "", line).strip() for line in lines]
    return [Requirement(line) for line in bare if line]


def wanted() -> list[Requirement]:
    """All that the program, its extras and its developers ask for, with bounds."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"].values()
    lines = [line for extra in extras for line in extra]
    return requirements(
        lines
        + project["build-system"]["requires"]
        + (ROOT / "requirements.txt").read_text().splitlines()
    )


TEXT = (ROOT / "requirements.lock").read_text()
LOCKED = requirements(TEXT.splitlines())


@pytest.mark.parametrize("asked", wanted(), ids=str)
def test_each_library_is_locked_within_its_bounds(asked: Requirement) -> None:
    name = canonicalize_name(asked.name)
    versions = [pin for pin in LOCKED if pin.name == name]
    assert versions, "not in requirements.lock: make lock ARGS=--no-upgrade"
    for pin in versions:
        (exactly,) = pin.specifier
        assert exactly.operator == "=="
        assert exactly.version in asked.specifier


def test_what_is_installed_is_what_is_locked() -> None:
    here = [pin for pin in LOCKED if pin.marker is None or pin.marker.evaluate()]
    assert {p.name: f"=={version(p.name)}" for p in here} == {
        p.name: str(p.specifier) for p in here
    }


def test_the_lock_holds_for_every_machine_and_registry() -> None:
    assert "://" not in TEXT
    assert "--hash" not in TEXT
