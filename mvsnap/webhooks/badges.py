"""Badge events that come as webhooks, by rules that say where their parts are."""

from __future__ import annotations

from mvsnap.badges.model import Swipe
from mvsnap.web.context import gateway
from mvsnap.webhooks.alarm import Alarm
from mvsnap.webhooks.badge_paths import BadgePaths, swipe_of
from mvsnap.webhooks.rules import matches


def swipes_of(alarm: Alarm) -> list[Swipe]:
    """Return the badge event that each rule with `badge` reads, each once.

    Raises:
        BadInput: a rule that matches finds none.
    """
    now, found = gateway().clock.now(), {}
    for rule in gateway().settings.webhooks.rules:
        badge = rule.badge
        if badge.configured and matches(rule.match, alarm.payload):
            paths = BadgePaths(badge.timestamp, badge.user_id, badge.reader)
            swipe = swipe_of(paths, alarm.payload, now)
            found[swipe.id] = swipe
    return list(found.values())
