"""A bot between simulated clouds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bot.build import Bot
from tests.conftest import Clouds
from tests.jobs.fakes import Crew, crew


@pytest.fixture
def team(tmp_path: Path, clouds: Clouds) -> Iterator[Crew]:
    with crew(tmp_path, clouds) as made:
        yield made


@pytest.fixture
def bot(team: Crew) -> Bot:
    return Bot(team, team.folder)
