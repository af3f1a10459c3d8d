"""A bot between simulated clouds."""

from __future__ import annotations

import pytest

from tests.bot.build import Bot
from tests.jobs.fakes import Crew
from tests.jobs.fakes import team as team


@pytest.fixture
def bot(team: Crew) -> Bot:
    return Bot(team, team.folder)
