"""Messages of alarms: stored once, with their events, and as long as those."""

from __future__ import annotations

import json
from datetime import timedelta

from mvsnap.domain import EventId, EventKind
from mvsnap.store.events import Store
from mvsnap.store.events.alarm_messages import (
    MOST_BYTES,
    StoredMessage,
    add_alarm,
    message_of_alarm,
    purge_messages,
)
from tests.core.build import NOON, event

LATER = NOON + timedelta(days=1)


def test_a_message_is_stored_with_its_event_once(store: Store) -> None:
    alarm = event(kind=EventKind.ALARM)
    text = json.dumps({"text": "Tür \0 \ud800 offen"})
    first = StoredMessage.of(text, "line 3", ["doors", "all"])
    add_alarm(store, alarm, first)
    add_alarm(store, alarm, StoredMessage.of("{}", "another", []))
    found = message_of_alarm(store, alarm.id)
    assert found == StoredMessage(text, len(text), "line 3", ("doors", "all"))
    assert store.event(alarm.id) == alarm
    assert message_of_alarm(store, EventId("unknown")) is None


def test_a_long_message_is_not_kept_but_its_rules_are(store: Store) -> None:
    alarm = event(kind=EventKind.ALARM)
    text = json.dumps("x" * MOST_BYTES)
    add_alarm(store, alarm, StoredMessage.of(text, "line 3", ["all"]))
    found = message_of_alarm(store, alarm.id)
    assert found == StoredMessage("", MOST_BYTES + 2, "line 3", ("all",))


def test_messages_go_with_their_events(store: Store) -> None:
    alarm = event(kind=EventKind.ALARM)
    add_alarm(store, alarm, StoredMessage.of("{}", "line 3", []))
    assert purge_messages(store, LATER).removed == 0
    assert purge_messages(store, NOON, dry_run=True).removed == 0
    # As many as a purge removes, which takes their events first.
    assert purge_messages(store, LATER, dry_run=True).removed == 1
    store.purge(LATER)
    # What is not old yet stays: its event may not be there for all to see.
    assert purge_messages(store, NOON).removed == 0
    assert purge_messages(store, LATER, dry_run=True).removed == 1
    assert purge_messages(store, LATER).removed == 1
    assert message_of_alarm(store, alarm.id) is None
