"""Mismatches posted to a room: an event and a job, the same at every attempt."""

from __future__ import annotations

from pathlib import Path

from mvsnap.badges.model import Verdict
from mvsnap.domain import EventKind, Job
from mvsnap.errors import OverShare, QueueFull
from mvsnap.store.events import EventFilter
from tests.badges.crew import ROOM, BadgeCrew
from tests.jobs.fakes import crew as job_crew


def test_a_mismatch_becomes_an_event_and_a_job(crew: BadgeCrew) -> None:
    made = crew.swiped()
    crew.fetcher().fetch(made)
    crew.judge(made, Verdict.MISMATCH, "taller")
    crew.notifier().step()
    assert crew.jobs.submitted == []  # a slip can still be undone
    crew.clock.sleep(11)
    crew.notifier().step()
    (event,) = crew.store.events(EventFilter(kinds=(EventKind.MISMATCH,)), 5)
    (job,) = crew.jobs.submitted
    assert (job.about, job.rooms, job.serials) == (event.id, (ROOM,), ())
    assert event.details["note"] == "taller"
    assert crew.files.snapshot(event) is not None
    crew.files.remove(crew.again(made).picture_path or "")
    assert crew.files.snapshot(event) is not None  # it has its own
    crew.notifier().step()
    assert len(crew.jobs.submitted) == 1


def test_what_a_crash_left_half_done_gives_the_same_event_and_job(
    crew: BadgeCrew,
) -> None:
    crew.judge(crew.swiped(reader="Yard"), Verdict.MISMATCH)
    crew.clock.sleep(11)
    crew.jobs.refuse = QueueFull("full")
    crew.notifier().step()
    crew.jobs.refuse = None
    crew.notifier().step()
    (job,) = crew.jobs.submitted
    (event,) = crew.store.events(EventFilter(), 5)
    assert (event.id, event.serial) == (job.about, "")


def test_without_a_room_nobody_is_notified(crew: BadgeCrew) -> None:
    crew.judge(crew.swiped(), Verdict.MISMATCH)
    crew.clock.sleep(11)
    crew.notifier(None).step()
    assert (crew.jobs.submitted, crew.store.events(EventFilter(), 5)) == ([], [])
    crew.notifier().step()
    assert crew.jobs.submitted == []


def test_the_room_gets_the_picture_the_badge_and_the_note(
    tmp_path: Path, crew: BadgeCrew
) -> None:
    made = crew.swiped(user_id="47*11", reader="Gate")
    crew.fetcher().fetch(made)
    crew.judge(made, Verdict.MISMATCH, "not <b>her</b>")
    crew.clock.sleep(11)
    crew.notifier().step()
    with job_crew(tmp_path, crew.clouds) as workers:
        assert workers.run(crew.jobs.submitted[0]) is None
        assert workers.run(crew.jobs.submitted[0]) is None
    (message,) = crew.clouds.webex.messages
    assert "Badge mismatch" in message.markdown
    assert "Badge of **47∗11** at Gate" in message.markdown
    assert "not" in message.markdown
    assert "<b>" not in message.markdown
    assert "· anna" in message.markdown
    assert len(message.files) == 1


def test_a_reviewer_over_the_share_holds_up_no_other(crew: BadgeCrew) -> None:
    for reader in ("Yard", "Gate"):
        crew.judge(crew.swiped(reader=reader), Verdict.MISMATCH)
    crew.clock.sleep(11)
    refusals = iter((OverShare("enough"), None))
    was = crew.jobs.submit

    def submit(job: Job) -> None:
        crew.jobs.refuse = next(refusals)
        was(job)

    crew.jobs.submit = submit  # type: ignore[method-assign]
    crew.notifier().step()
    assert len(crew.jobs.submitted) == 1
