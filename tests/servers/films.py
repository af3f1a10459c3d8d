"""The films of the RTSP cameras: made once for all tests, not for each that has one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where they are; other workers use them at the same time."""
    made = of_this_run(tmp_path_factory) / "films"
    made.mkdir(exist_ok=True)
    return made


def of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all workers share."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
