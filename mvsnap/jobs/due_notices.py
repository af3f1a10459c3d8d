"""Does what is due about notices: late messages, counts of groups, escalations.

Every worker does this. What was decided is in the store before a job is handed over,
and each step may be repeated: a process that dies in between loses nothing. One that
fails does not hold up the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable
from datetime import timedelta
from typing import Protocol, TypeVar

from mvsnap.clock import SMALLEST_STEP, SystemClock
from mvsnap.core.notices import Notice, NoticeState
from mvsnap.domain import Job, JobId, Trigger, TriggerKind
from mvsnap.jobs.notice_rules import NoticeRules
from mvsnap.jobs.notices import JobNotices
from mvsnap.loop import Outages
from mvsnap.store.notices import NoticeStore
from mvsnap.store.notices.groups import NoticeGroup

log = logging.getLogger(__name__)
T = TypeVar("T", bound=Hashable)

# A run that was handed over has begun by then, or is handed over once more.
_AGAIN = timedelta(minutes=1)
# A job in its first run has to end it before it can be looked at again.
_SOON = timedelta(seconds=5)
# How long NTP usually takes to set the clock of a machine that has just started.
_SETTLED_AFTER = timedelta(minutes=2)
# As a trigger. Not a kind of its own: the release before could not read its jobs.
_BY = Trigger(TriggerKind.SCHEDULE, "grouping")


class JobsAgain(Protocol):
    """The parts of the list of jobs that this uses."""

    def known(self, job_id: JobId) -> Job | None: ...

    def resume(self, job_id: JobId) -> bool: ...


class DueNotices:
    """submit: accepts a job; one with a known id changes nothing."""

    def __init__(
        self,
        notices: NoticeStore,
        decisions: JobNotices,
        rules: NoticeRules,
        jobs: JobsAgain,
        submit: Callable[[Job], None],
        clock: SystemClock,
        outages: Outages = (),
    ) -> None:
        self._notices = notices
        self._decisions = decisions
        self._rules = rules
        self._jobs = jobs
        self._submit = submit
        self._clock = clock
        self._outages = outages
        self._failing: set[Hashable] = set()
        self._failed: set[Hashable] = set()

    def step(self) -> None:
        now = self._clock.now()
        self._failed = set()
        escalating = self._notices.to_escalate(now, self._clock.latest())
        self._each(self._escalate, filter(self._has_waited, escalating))
        due = self._notices.due(now)
        kept_back = [one for one in due if one.state is not NoticeState.NOW]
        self._each(self._decide_again, kept_back)
        if kept_back:
            due = self._notices.due(self._clock.now())
        sent = (one for one in due if one.state is NoticeState.NOW)
        self._each(self._resume, sent)
        longest = self._rules.counted_within + SMALLEST_STEP
        self._each(self._hand_over, self._notices.ended_groups(now, longest))
        self._failing = self._failed

    def _each(self, do: Callable[[T], None], found: Iterable[T]) -> None:
        for one in found:
            try:
                do(one)
            except self._outages:
                raise
            except Exception:
                # A bug with one of them must not keep back all others.
                self._failed.add(one)
                if one not in self._failing:
                    log.exception("notices: failed, will be tried again: %s", one)

    def _has_waited(self, notice: Notice) -> bool:
        """Return whether the time has passed, whatever the clock was set to since."""
        at = notice.escalate_at
        waits = at - notice.noted_at if at is not None else timedelta()
        # A clock that is ahead at the start is set by NTP soon, and then the shortest
        # of the ages counts. It waits no longer: somebody may have to come.
        is_settled = self._clock.passed_since_start() >= min(waits, _SETTLED_AFTER)
        return is_settled and self._clock.passed_since(notice.noted_at) >= waits

    def _decide_again(self, late: Notice) -> None:
        job = self._jobs.known(late.job_id)
        is_seen = late.is_extra and self._decisions.is_seen(late, job)
        if job is None or is_seen:
            why = "somebody has seen it" if is_seen else "nothing is known of it"
            log.info("%s is not notified of job %s: %s", late.room, late.job_id, why)
            self._notices.drop(late)
        else:
            self._decisions.decide_again(late, job)

    def _resume(self, notice: Notice) -> None:
        is_handed_over = self._jobs.resume(notice.job_id)
        if not is_handed_over and self._jobs.known(notice.job_id) is None:
            log.warning("nothing is known of job %s any more", notice.job_id)
            self._notices.drop(notice)
            return
        wait = _AGAIN if is_handed_over else _SOON
        self._notices.look_again(notice, self._clock.now() + wait)

    def _escalate(self, notice: Notice) -> None:
        now = self._clock.now()
        escalation = self._rules.of_room(notice.room).escalation
        job = self._jobs.known(notice.job_id)
        is_seen = self._decisions.is_seen(notice, job)
        rooms = escalation.rooms if escalation and not is_seen else ()
        extra = [self._decisions.extra(notice, room, now) for room in rooms]
        self._notices.escalate(notice, extra)
        if rooms:
            to = ", ".join(rooms)
            log.warning("nobody has confirmed job %s: notifying %s", notice.job_id, to)

    def _hand_over(self, group: NoticeGroup) -> None:
        self._submit(Job(group.id, _BY, (), group.ends_at, rooms=(group.room,)))
        self._notices.handed_over(group.id)
