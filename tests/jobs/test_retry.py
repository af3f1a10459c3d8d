from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta

import pytest

from mvsnap.domain import JobId
from mvsnap.errors import UpstreamError
from mvsnap.jobs.retry import RepeatLimit, defer_delay_s, retrying
from tests.jobs.fakes import JumpingClock


def trouble(*, retry: bool = True, after_s: float | None = None) -> UpstreamError:
    return UpstreamError("away", retry=retry, retry_after_s=after_s)


def failing(*errors: UpstreamError) -> Callable[[], str]:
    """Return a call that raises these, one each time, then works."""
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "worked"

    return call


def test_what_works_is_called_once_and_waits_for_nothing() -> None:
    clock = JumpingClock()
    assert retrying(failing(), clock) == "worked"
    assert clock.asleep == []


def test_pauses_grow_to_fifteen_seconds_and_differ_a_little() -> None:
    clock = JumpingClock()
    errors = [trouble() for _ in range(8)]
    assert retrying(failing(*errors), clock, limit_s=600) == "worked"
    planned = [0.5, 1, 2, 4, 8, 15, 15, 15]
    assert len(clock.asleep) == len(planned)
    for slept, plan in zip(clock.asleep, planned, strict=True):
        assert plan * 0.8 <= slept <= plan * 1.2
    assert clock.asleep != planned


def test_what_cannot_work_later_is_raised_at_once() -> None:
    clock, final = JumpingClock(), trouble(retry=False)
    with pytest.raises(UpstreamError) as caught:
        retrying(failing(trouble(), final), clock)
    assert caught.value is final
    assert len(clock.asleep) == 1


def test_after_a_minute_the_last_error_is_raised() -> None:
    clock = JumpingClock()
    errors = [trouble() for _ in range(100)]
    with pytest.raises(UpstreamError):
        retrying(failing(*errors), clock)
    assert 30 < clock.monotonic() <= 60


def test_a_service_that_names_its_waiting_time_gets_it() -> None:
    clock = JumpingClock()
    assert retrying(failing(trouble(after_s=20)), clock) == "worked"
    assert clock.asleep == [20]


def test_a_waiting_time_shorter_than_the_pause_does_not_hurry() -> None:
    clock = JumpingClock()
    errors = [trouble(after_s=0) for _ in range(5)]
    assert retrying(failing(*errors), clock) == "worked"
    assert clock.asleep[-1] >= 8 * 0.8


def test_a_waiting_time_that_does_not_fit_is_not_waited_for() -> None:
    clock = JumpingClock()
    with pytest.raises(UpstreamError):
        retrying(failing(trouble(after_s=61)), clock)
    assert clock.asleep == []


def test_a_stopped_clock_ends_the_repeating() -> None:
    clock = JumpingClock()
    clock.stop()
    with pytest.raises(UpstreamError):
        retrying(failing(trouble()), clock)


def test_other_errors_are_not_repeated() -> None:
    def broken() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        retrying(broken, JumpingClock())


@pytest.mark.parametrize(
    ("age_s", "asked_s", "delay_s"),
    [
        pytest.param(0, None, 10, id="new"),
        pytest.param(40, None, 10, id="40 seconds"),
        pytest.param(60, None, 15, id="a minute"),
        pytest.param(1200, None, 300, id="20 minutes"),
        pytest.param(2400, None, 600, id="40 minutes"),
        pytest.param(86000, None, 600, id="nearly a day"),
        pytest.param(60, 120, 120, id="the service asks for more"),
        pytest.param(1200, 5, 300, id="the service asks for less"),
        pytest.param(60, 99999, 3600, id="the service asks for too much"),
        pytest.param(-5, None, 10, id="a clock set back"),
    ],
)
def test_a_deferred_job_waits_a_quarter_of_its_age(
    age_s: float, asked_s: float | None, delay_s: float
) -> None:
    assert defer_delay_s(timedelta(seconds=age_s), asked_s) == delay_s


def test_few_repeat_a_call_and_the_others_give_their_threads_back() -> None:
    clock, limit = JumpingClock(), RepeatLimit(most=1)
    one, other = JobId("one"), JobId("other")
    with limit.one(one) as may_repeat, limit.one(other) as may_not:
        assert retrying(failing(trouble()), clock, may_repeat=may_repeat) == "worked"
        with pytest.raises(UpstreamError):
            retrying(failing(trouble()), clock, may_repeat=may_not)
        assert may_repeat()
        with limit.one(one) as also_may:
            assert also_may()  # another camera of the same job
        with limit.one(other) as still_not:
            assert not still_not()
    with limit.one(other) as may_repeat:
        assert may_repeat()


def test_a_command_repeats_the_call_of_each_camera() -> None:
    """Nothing runs it again: a picture that is not repeated would be lost."""
    limit = RepeatLimit()
    with ExitStack() as calls:
        may = [calls.enter_context(limit.one(JobId(str(n)))) for n in range(30)]
        assert all(one() for one in may)
