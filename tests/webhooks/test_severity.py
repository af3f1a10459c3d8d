"""How bad an alarm is, in the words of many senders."""

from __future__ import annotations

from typing import Any

import pytest

from mvsnap.core.severity import Severity
from mvsnap.domain import JobId
from mvsnap.webhooks.event import alarm_event
from mvsnap.webhooks.severity import severity
from tests.core.build import BUTTON, NOON
from tests.webhooks.build import ixon, meraki, sent

CRITICAL, WARNING, INFO = Severity


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (meraki(alertLevel="critical"), CRITICAL),
        (meraki(alertLevel="informational"), INFO),
        (meraki(alertLevel="purple"), None),
        (ixon(), WARNING),
        (ixon(systemLabel="alarm-high"), CRITICAL),
        (ixon(systemLabel="alarm-low"), INFO),
        (ixon(systemLabel="device-transfer"), None),
        ({"title": "Pump", "severity": "ERROR"}, CRITICAL),
        ({"title": "Pump", "Priority": " Medium "}, WARNING),
        ({"title": "Pump", "level": 3, "priority": "P5"}, INFO),
        ({"title": "Pump", "payload": {"severity": "warning"}}, WARNING),
        ({"title": "Pump", "commonLabels": {"severity": "critical"}}, CRITICAL),
        ({"title": "Pump", "severity": {"a": 1}}, None),
        ({"title": "Pump", "severity": "high" * 20}, None),
        ({"title": "Pump"}, None),
    ],
)
def test_the_words_of_a_sender_become_merakis(
    message: dict[str, Any], expected: Severity | None
) -> None:
    assert severity(sent(message)) is expected


def test_the_event_of_an_alarm_has_its_severity() -> None:
    job_id = JobId("11111111-1111-4111-8111-111111111111")
    event = alarm_event(sent(meraki(alertLevel="warning")), job_id, BUTTON, NOON)
    assert event.details["severity"] == "warning"
    event = alarm_event(sent(meraki(alertLevel="")), job_id, BUTTON, NOON)
    assert "severity" not in event.details
