"""Badge events that arrive as webhooks, by rules that map their fields."""

from __future__ import annotations

from mvsnap.badges.model import Swipe
from mvsnap.web.context import gateway
from mvsnap.webhooks.alarm import Alarm
from mvsnap.webhooks.badge_paths import BadgePaths, swipe_of
from mvsnap.webhooks.rules import matches


def swipes_of(alarm: Alarm) -> list[Swipe]:
    """Return the badge event of each rule with `badge`, without duplicates.

    Raises:
        BadInput: a rule matches, but the message has no badge event.
    """
    now, found = gateway().clock.now(), {}
    for rule in gateway().settings.webhooks.rules:
        badge = rule.badge
        if badge.configured and matches(rule.match, alarm.payload):
            paths = BadgePaths(badge.timestamp, badge.user_id, badge.reader)
            swipe = swipe_of(paths, alarm.payload, now)
            found[swipe.id] = swipe
    return list(found.values())
