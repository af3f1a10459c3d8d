"""Links to clips that people made, on SQLite and PostgreSQL: signed alike, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mvsnap.domain import EventId
from mvsnap.store import database
from mvsnap.store.shared_links import Shared
from mvsnap.store.users import UserStore
from tests.changes import log_line
from tests.core.build import NOON

CLIP, OTHER = EventId("clip"), EventId("clip 2")
LOG = log_line(NOON, "tests", "clip of Hall", "", "link")
HOUR = timedelta(hours=1)


@pytest.fixture
def people(db: database.Database) -> UserStore:
    return UserStore(db)


def test_the_links_of_a_clip_have_one_key_until_they_end(people: UserStore) -> None:
    links = people.shared_links
    assert links.of_clip(CLIP, NOON) is None
    key = links.share(CLIP, NOON + 2 * HOUR, LOG)
    assert links.share(CLIP, NOON + HOUR, LOG) == key
    other = links.share(OTHER, NOON + HOUR, LOG)
    assert links.of_clip(CLIP, NOON) == Shared(NOON + 2 * HOUR, key)
    assert links.of_clip(CLIP, NOON + 2 * HOUR) is None
    assert links.end(CLIP, LOG)
    assert not links.end(CLIP, LOG)
    assert links.of_clip(CLIP, NOON) is None
    assert links.of_clip(OTHER, NOON) == Shared(NOON + HOUR, other)
    assert key not in {other, links.share(CLIP, NOON + HOUR, LOG)}
    assert links.of_clip(EventId("\0"), NOON) is None


def test_links_that_ended_are_forgotten(people: UserStore) -> None:
    links, signs = people.shared_links, people.link_key()
    links.share(CLIP, NOON + HOUR, LOG)
    key = links.share(OTHER, NOON + 3 * HOUR, LOG)
    assert people.purge(NOON + 2 * HOUR).removed == 1
    assert links.of_clip(CLIP, NOON) is None
    assert links.of_clip(OTHER, NOON) == Shared(NOON + 3 * HOUR, key)
    assert people.link_key() == signs
