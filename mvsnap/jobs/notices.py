"""Notices of a job: who gets its messages now, decided when it first comes to that.

What is decided is stored before anything is sent, and a run that follows finds it. The
pictures and clips of a job are taken whatever was decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from mvsnap.clock import Clock
from mvsnap.core.notices import (
    SEND,
    Decision,
    Hours,
    Notice,
    NoticeState,
    admitted,
    by_count,
    by_hours,
    counted_camera,
    of_reply,
)
from mvsnap.domain import Event, EventKind, Job, JobId, TriggerKind
from mvsnap.jobs.notice_rules import NoticeRules
from mvsnap.store.events import Store
from mvsnap.store.notices import EarlierNotices, NoticeStore

# Somebody waits for what they have asked for.
_ASKED_NOW = (TriggerKind.COMMAND, TriggerKind.PAGE)


class JobNotices:
    def __init__(
        self, notices: NoticeStore, events: Store, rules: NoticeRules, clock: Clock
    ) -> None:
        self._notices = notices
        self._events = events
        self._rules = rules
        self._clock = clock

    def admitted(self, job: Job) -> Job:
        """Return the job with those destinations that its messages are sent to now."""
        known = self._notices.of_job(job.id)
        if job.trigger.kind in _ASKED_NOW:
            return admitted(job, known)
        first = self._first_of(job)
        replies_to = self._notices.of_job(first) if first else {}
        new = [
            room
            for room in job.rooms
            if room not in known and self._needs_notice(job, room, replies_to)
        ]
        if new and first is not None:
            new = self._begun_to(first, new, replies_to)
        if new:
            self._decide(job, new, replies_to, is_reply=first is not None)
            known = self._notices.of_job(job.id)
        is_due = [
            room
            for room, one in known.items()
            if one.due_at and one.state is NoticeState.NOW
        ]
        if is_due:
            self._notices.begun(job.id, is_due)
        # Who was notified by an escalation gets what follows, too.
        extra = {r: one for r, one in replies_to.items() if one.is_extra}
        return admitted(job, extra | known)

    def decide_again(self, late: Notice, job: Job) -> None:
        """Decide about what was kept back until now: the hours may have changed."""
        if late.is_extra:
            again = self.extra(late, late.room, self._clock.now())
            self._notices.decide_again(late, self._since(), lambda _room, _past: again)
            return
        first = self._first_of(job)
        replies_to = self._notices.of_job(first) if first else {}
        choose = self._chooser(job, replies_to, is_reply=first is not None)

        def choose_again(room: str, history: EarlierNotices) -> Notice:
            found = choose(room, history)
            is_sent = found.state is NoticeState.NOW
            return Notice(
                *(late.job_id, room, found.state, found.noted_at, late.camera),
                # Its job has to run for that.
                due_at=found.noted_at if is_sent else found.due_at,
                escalate_at=found.escalate_at,
            )

        self._notices.decide_again(late, self._since(), choose_again)

    def extra(self, notice: Notice, room: str, now: datetime) -> Notice:
        """Return the notice of a destination that an escalation adds.

        One that must not be notified now passes it on to the next at once.
        """
        rules = self._rules.of_room(room)
        decision = by_hours(rules.hours, now, self._rules.zone)
        is_sent, after = decision.state is NoticeState.NOW, rules.escalation
        escalate_at = now + after.after if after and is_sent else now if after else None
        return Notice(
            *(notice.job_id, room, decision.state, now),
            due_at=now if is_sent else decision.at,
            is_extra=True,
            escalate_at=escalate_at,
        )

    def _decide(
        self,
        job: Job,
        rooms: list[str],
        replies_to: Mapping[str, Notice],
        *,
        is_reply: bool,
    ) -> None:
        camera = "" if is_reply else counted_camera(job)
        choose = self._chooser(job, replies_to, is_reply=is_reply)
        self._notices.decide(job.id, rooms, camera, self._since(), choose)

    def _chooser(
        self, job: Job, replies_to: Mapping[str, Notice], *, is_reply: bool
    ) -> Callable[[str, EarlierNotices], Notice]:
        camera = "" if is_reply else counted_camera(job)

        def choose(room: str, history: EarlierNotices) -> Notice:
            # Not earlier: others may have decided while this waited for its turn.
            now = self._clock.now()
            rules = self._rules.of_room(room)
            hours = (*self._rules.of_rule(job.rule), *rules.hours)
            if is_reply:
                decision = self._of_reply(job, replies_to.get(room), hours, now)
                return Notice(job.id, room, decision.state, now, due_at=decision.at)
            is_of_site = not (camera or job.about)
            decision = by_hours(hours, now, self._rules.zone, never_drop=is_of_site)
            is_sent, after = decision.state is NoticeState.NOW, rules.escalation
            if is_sent and camera:
                decision = by_count(
                    rules.grouping, history.earlier, history.open_until, now
                )
            escalate_at = None
            if after and decision == SEND and not is_of_site:
                escalate_at = now + after.after
            return Notice(
                *(job.id, room, decision.state, now, camera),
                due_at=decision.at,
                escalate_at=escalate_at,
            )

        return choose

    def _of_reply(
        self,
        job: Job,
        first: Notice | None,
        hours: tuple[Hours, ...],
        now: datetime,
    ) -> Decision:
        before = Decision(first.state, first.due_at) if first else SEND
        event = self._about(job)
        is_end = event is not None and event.kind is EventKind.END
        if before.state is NoticeState.NOW and not is_end:
            return SEND  # a clip belongs to what was sent
        decision = of_reply(before, hours, now, self._rules.zone)
        if decision.state is NoticeState.GROUPED:
            return Decision(NoticeState.GROUPED)  # the count stands for it
        return decision

    def _needs_notice(
        self, job: Job, room: str, replies_to: Mapping[str, Notice]
    ) -> bool:
        if room in replies_to or self._rules.of_rule(job.rule):
            return True
        return self._rules.of_room(room).say_something

    def _begun_to(
        self, first: JobId, rooms: list[str], replies_to: Mapping[str, Notice]
    ) -> list[str]:
        """Return those where it is known what became of the message replied to.

        The newest job goes first in a long queue, so a reply may run before that. It
        then waits to be sent, and is decided when it is tried again.
        """
        delivered = {room for _, room in self._events.deliveries_of_job(first)}
        return [room for room in rooms if room in replies_to or room in delivered]

    def _first_of(self, job: Job) -> JobId | None:
        """Return the job that this one replies to, None if it begins a thread."""
        event = None if job.serials or job.clips else self._about(job)
        if event is None or event.job_id == job.id:
            return None
        return event.job_id

    def _about(self, job: Job) -> Event | None:
        return self._events.event(job.about) if job.about else None

    def _since(self) -> datetime:
        return self._clock.now() - self._rules.counted_within
