"""Cameras for the recorder: a real RTSP server, and a simulated HTTP camera."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.rtsp import RtspCamera, rtsp_camera


@pytest.fixture(scope="session")
def steady_camera(films: Path) -> Iterator[RtspCamera]:
    """A camera that nobody disturbs."""
    with rtsp_camera(films) as camera:
        yield camera


@pytest.fixture
def camera(films: Path) -> Iterator[RtspCamera]:
    """A camera of this test alone: it may be stopped, killed and so on."""
    with rtsp_camera(films) as own:
        yield own
