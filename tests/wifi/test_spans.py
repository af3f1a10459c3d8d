"""Spans that hold no more visits than a page can go through."""

from __future__ import annotations

import pytest

from mvsnap.store import database
from mvsnap.wifi.batches import WifiStore
from mvsnap.wifi.model import WifiFilter
from mvsnap.wifi.spans import WifiSpans
from tests.wifi.build import YARD, at, observed, put

HOUR = WifiFilter(at(-60), at(120))


@pytest.fixture
def spans(db: database.Database) -> WifiSpans:
    store = WifiStore(db)
    # Two visits at noon, three a quarter of an hour later, one at half past.
    minutes = (0, 1, 16, 17, 18, 30)
    put(store, [observed(device, minute) for device, minute in enumerate(minutes)])
    return WifiSpans(db)


def test_a_span_with_few_visits_stays_whole(spans: WifiSpans) -> None:
    assert spans.last_with(HOUR, 6) == HOUR


@pytest.mark.parametrize(("most", "begin"), [(5, 15), (4, 15), (3, 30), (1, 30)])
def test_a_span_with_many_visits_begins_later(
    spans: WifiSpans, most: int, begin: int
) -> None:
    assert spans.last_with(HOUR, most) == WifiFilter(at(begin), at(120))


def test_the_last_quarter_stays_however_many_it_has(spans: WifiSpans) -> None:
    assert spans.last_with(HOUR, 0).since == at(30)


def test_visits_of_other_networks_do_not_count(spans: WifiSpans) -> None:
    other = WifiFilter(at(-60), at(120), network_id=YARD)
    assert spans.last_with(other, 0) == other


def test_it_never_begins_earlier_than_asked(spans: WifiSpans) -> None:
    late = WifiFilter(at(20), at(120))
    assert spans.last_with(late, 10) == late
    assert spans.last_with(late, 3).since == at(30)
