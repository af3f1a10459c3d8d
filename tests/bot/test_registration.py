"""Of several processes one at a time registers the webhooks."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from mvsnap.bot.registration import Registration
from mvsnap.clients.webex.webhooks import WebexWebhooks
from mvsnap.jobs.executors import acquire_leadership
from mvsnap.store.sharing.leadership import FileLeadership
from tests.bot.build import Bot


def test_two_that_begin_at_once_register_each_webhook_once(
    bot: Bot, tmp_path: Path
) -> None:
    acquire = partial(acquire_leadership, tmp_path, "webex-webhooks")
    first, second = (FileLeadership(acquire) for _ in range(2))
    webex = bot.crew.webex
    assert webex is not None
    later: list[float | None] = []

    def webhooks() -> WebexWebhooks:
        if not later:  # the other one begins in the middle of this one's work
            later.append(other.step())
        return WebexWebhooks(webex, "mvsnap-1", "https://example.com/webex", "x")

    other = Registration(webhooks, second)
    assert Registration(webhooks, first).step() is None
    assert later == [5.0]
    assert other.step() is None
    assert [h.resource for h in bot.webex.webhooks] == ["messages", "attachmentActions"]
