"""Each request is stored once and taken by one process at a time."""

from __future__ import annotations

from datetime import timedelta

from mvsnap.core.webex_reports import BotRequestKind
from mvsnap.store.old_bot_requests import purge_requests
from tests.bot.build import Bot

MESSAGE = BotRequestKind.MESSAGE
A_WHILE = timedelta(minutes=3)


def test_a_request_is_noted_once(bot: Bot) -> None:
    now = bot.crew.clock.now()
    assert bot.requests.note("a", MESSAGE, now)
    assert not bot.requests.note("a", BotRequestKind.PRESS, now)


def test_the_oldest_is_taken_once(bot: Bot) -> None:
    now, requests = bot.crew.clock.now(), bot.requests
    requests.note("b", MESSAGE, now)
    requests.note("a", BotRequestKind.PRESS, now - A_WHILE)
    first, second = requests.take(now), requests.take(now)
    assert first
    assert second
    assert [(r.id, r.kind, r.tries) for r in (first, second)] == [
        ("a", BotRequestKind.PRESS, 1),
        ("b", MESSAGE, 1),
    ]
    assert requests.take(now) is None


def test_what_a_dead_process_took_is_taken_again(bot: Bot) -> None:
    now, requests = bot.crew.clock.now(), bot.requests
    requests.note("a", MESSAGE, now)
    requests.take(now)
    again = requests.take(now + A_WHILE)
    assert again
    assert again.tries == 2
    requests.finish("a", now + A_WHILE)
    assert requests.take(now + 2 * A_WHILE) is None
    # A second report of it, hours later.
    assert not requests.note("a", MESSAGE, now + 9 * A_WHILE)


def test_what_is_put_back_waits(bot: Bot) -> None:
    now, requests = bot.crew.clock.now(), bot.requests
    requests.note("a", MESSAGE, now)
    requests.take(now)
    requests.put_back("a", now + timedelta(seconds=5))
    assert requests.take(now + timedelta(seconds=4)) is None
    assert requests.take(now + timedelta(seconds=6)) is not None


def test_old_ones_go(bot: Bot) -> None:
    now = bot.crew.clock.now()
    bot.requests.note("a", MESSAGE, now)
    assert purge_requests(bot.db, now).removed == 0
    assert purge_requests(bot.db, now + A_WHILE).removed == 1
