"""Troubles in the store: changed in turn, whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from mvsnap.core.troubles import Trouble
from mvsnap.domain import JobId
from mvsnap.store import database
from mvsnap.store.troubles import TroubleStore
from mvsnap.values import replace

START = datetime(2026, 11, 2, 10, tzinfo=UTC)


@pytest.fixture
def store(db: database.Database) -> TroubleStore:
    return TroubleStore(db)


def known(store: TroubleStore) -> list[Trouble]:
    found: list[Trouble] = []

    def look(rows: Sequence[Trouble]) -> Sequence[Trouble]:
        found.extend(rows)
        return rows

    store.change(look)
    return found


def gate() -> Trouble:
    return Trouble("id of Gate", "Gate", "camera", "offline", "See it.", START)


def test_what_is_kept_comes_back(store: TroubleStore) -> None:
    store.change(lambda _: [gate()])
    assert known(store) == [gate()]
    reported = replace(gate(), reported_by="job", handed_over=False)
    store.change(lambda _: [reported])
    assert store.not_handed_over() == {JobId("job"): [reported]}
    store.handed_over(JobId("job"))
    assert store.not_handed_over() == {}
    store.change(lambda _: [])
    assert known(store) == []


def test_two_who_look_at_once_do_not_report_twice(store: TroubleStore) -> None:
    """Each would have begun a trouble of its own."""

    def look(number: int) -> None:
        def change(rows: Sequence[Trouble]) -> Sequence[Trouble]:
            return rows or [replace(gate(), id=f"{number}")]

        store.change(change)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(look, range(6)))
    assert len(known(store)) == 1


def test_of_two_messages_one_reports_the_end(store: TroubleStore) -> None:
    ended = START + timedelta(hours=1)
    over = replace(gate(), ended_at=ended, reported_by="on", over_by="off")
    store.change(lambda _: [over])
    assert store.claim_for_message(JobId("off"), "A") == [over]
    assert store.claim_for_message(JobId("on"), "A") == []
    assert store.claim_for_message(JobId("off"), "A") == [over]
    assert store.claim_for_message(JobId("on"), "B") == [over]
    assert store.claim_for_message(JobId("another"), "A") == []
