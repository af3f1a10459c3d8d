"""What cannot be answered now is answered later, and never twice at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mvsnap.answers.loop import AnswerLoop
from mvsnap.answers.requests import BotRequest
from mvsnap.clock import SystemClock
from mvsnap.core.webex_reports import BotRequestKind
from mvsnap.errors import UpstreamError
from tests.answers.bot import Bot
from tests.servers.processes import wait_until


@contextmanager
def running(
    bot: Bot, answer: Callable[[BotRequest], None]
) -> Iterator[Callable[[str], None]]:
    """Run the loop; yields what adds a request."""
    clock = SystemClock()
    made = AnswerLoop(bot.requests, answer, clock, now=clock.now)

    def add(request_id: str) -> None:
        bot.requests.note(request_id, BotRequestKind.MESSAGE, clock.now())
        made.wake()

    made.loop.start()
    try:
        yield add
    finally:
        clock.stop()
        made.loop.stop()


def test_a_slow_answer_holds_up_no_other(bot: Bot) -> None:
    go_on, answered = threading.Event(), list[str]()

    def answer(request: BotRequest) -> None:
        if request.id == "slow":
            go_on.wait(10)
        answered.append(request.id)

    with running(bot, answer) as add:
        add("slow")
        add("quick")
        wait_until(lambda: answered == ["quick"], "the quick one")
        go_on.set()
        wait_until(lambda: answered == ["quick", "slow"], "the slow one")


def test_an_outage_is_waited_for_and_a_refusal_is_the_end(bot: Bot) -> None:
    tried = list[str]()

    def answer(request: BotRequest) -> None:
        tried.append(request.id)
        if request.id == "gone":
            raise UpstreamError("there is no such message", retry=False)
        if request.id == "bug":
            raise ZeroDivisionError
        if request.tries < 2:
            raise UpstreamError("Webex is down", retry=True)

    with running(bot, answer) as add:
        for one in ("gone", "bug", "later"):
            add(one)
        wait_until(lambda: tried.count("later") == 2, "a second try")
        wait_until(lambda: len(tried) == 4, "all")
    assert (tried.count("gone"), tried.count("bug")) == (1, 1)
