"""What cannot be answered now is answered later, and never twice at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.exc import DataError

from mvsnap.bot.loop import AnswerLoop
from mvsnap.bot.requests import TAKEN_FOR, BotRequest
from mvsnap.clock import SystemClock
from mvsnap.core.webex_reports import BotRequestKind
from mvsnap.errors import UpstreamError
from tests.bot.build import Bot
from tests.servers.no_threads import no_more_threads
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
        made.loop.wake()

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


def test_a_question_is_answered_once_threads_can_begin_again(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    answered = list[str]()

    with running(bot, lambda request: answered.append(request.id)) as add:
        with no_more_threads():
            add("asked")
            wait_until(lambda: "answers: failed" in caplog.text, "it is tried")
        wait_until(lambda: answered == ["asked"], "the answer")


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


def test_what_the_database_never_takes_is_given_up(bot: Bot) -> None:
    """Otherwise it is taken again for ever, as if the database were away."""
    now = bot.crew.clock.now()

    def answer(_request: BotRequest) -> None:
        raise DataError("insert", {}, ValueError("a sign that it does not store"))

    bot.requests.note("odd", BotRequestKind.MESSAGE, now)
    made = AnswerLoop(bot.requests, answer, SystemClock(), now=lambda: now)
    for again in range(7):
        taken = bot.requests.take(now + 2 * again * TAKEN_FOR)
        assert taken is not None
        made._run(taken)
    last = bot.requests.take(now + 20 * TAKEN_FOR)
    assert last is not None
    made._run(last)
    assert bot.requests.take(now + 40 * TAKEN_FOR) is None


def test_the_end_waits_for_no_call_that_hangs(bot: Bot) -> None:
    begun, never = threading.Event(), threading.Event()
    clock = SystemClock()

    def answer(_request: BotRequest) -> None:
        begun.set()
        never.wait(60)

    made = AnswerLoop(bot.requests, answer, clock, now=clock.now)
    made.loop.start()
    bot.requests.note("hangs", BotRequestKind.MESSAGE, clock.now())
    made.loop.wake()
    assert begun.wait(10)
    (thread,) = (t for t in threading.enumerate() if t.name == "answer")
    clock.stop()
    made.loop.stop()
    made.wait(0.1)
    assert thread.is_alive()
    # The interpreter waits for the others.
    assert thread.daemon
    never.set()
    thread.join(10)


def test_what_is_being_answered_stays_this_process_s_own(bot: Bot) -> None:
    """Without its word, another process takes it after a while."""
    now = bot.crew.clock.now()
    bot.requests.note("one", BotRequestKind.MESSAGE, now)
    assert bot.requests.take(now) is not None
    later = now + 0.9 * TAKEN_FOR
    bot.requests.keep(["one"], later)
    assert bot.requests.take(now + 1.5 * TAKEN_FOR) is None
    again = bot.requests.take(later + 1.1 * TAKEN_FOR)
    assert again is not None
    assert again.tries == 2
    bot.requests.finish("one", later)
    bot.requests.keep(["one"], later)
    assert bot.requests.take(later + 9 * TAKEN_FOR) is None
