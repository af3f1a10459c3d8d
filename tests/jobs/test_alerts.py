"""Messages about the site itself: once in each room, with what is so when sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mvsnap.core.report_text import ReportText
from mvsnap.core.troubles import Trouble
from mvsnap.domain import DeliveryState, Job, JobId
from mvsnap.simulator.faults import Fault
from mvsnap.values import replace
from tests.core import build
from tests.jobs.fakes import Crew

ROOMS = ("Site A - Alarms", "Site B - Alarms")
POST = "POST /v1/messages"
REPORTED, OVER = JobId("job-of-the-trouble"), JobId("job-of-its-end")


def begun(team: Crew, *names: str) -> None:
    began_at = team.clock.now() - timedelta(minutes=5)
    troubles = [
        Trouble(
            name, name, "camera", "offline", "See it.", began_at, reported_by=REPORTED
        )
        for name in names
    ]
    team.troubles.change(lambda known: [*known, *troubles])


def ended(team: Crew, *, over_by: str = "") -> None:
    now = team.clock.now()
    team.troubles.change(
        lambda known: [
            replace(one, ended_at=one.ended_at or now, over_by=over_by) for one in known
        ]
    )


def job(team: Crew, job_id: JobId, *rooms: str) -> Job:
    made = build.job(id=job_id, rooms=rooms or ROOMS, accepted_at=team.clock.now())
    return replace(made, serials=())


def texts(team: Crew, room: str = ROOMS[0]) -> list[str]:
    ids = {found.title: found.id for found in team.clouds.webex.rooms}
    return [one.markdown for one in team.messages if one.room_id == ids[room]]


def run_until_reported(team: Crew, todo: Job) -> None:
    for _ in range(20):
        if team.run(todo) is None:
            return
        team.clock.sleep(30)
    raise AssertionError("it waits for ever")


def test_each_room_learns_of_the_trouble_and_its_end(team: Crew) -> None:
    begun(team, "Gate")
    assert team.run(job(team, REPORTED)) is None
    team.clock.sleep(600)
    ended(team, over_by=OVER)
    for _ in range(2):  # once more, as after a crash
        assert team.run(job(team, OVER)) is None
        assert team.run(job(team, REPORTED)) is None
    for room in ROOMS:
        first, last = texts(team, room)
        assert "**In trouble**" in first
        assert "**Gate**: offline, since " in first
        assert "**Over**" in last
        assert "over after 15 min" in last


@pytest.mark.parametrize("first", [REPORTED, OVER])
def test_what_is_over_before_it_was_reported_is_one_message(
    team: Crew, first: JobId
) -> None:
    begun(team, "Gate")
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    reported = job(team, REPORTED)
    assert team.run(reported) is not None
    team.clock.sleep(600)
    ended(team, over_by=OVER)
    over = job(team, OVER)
    assert team.run(over) is not None
    team.clouds.webex.faults.clear()
    for each in sorted((reported, over), key=lambda one: one.id != first):
        run_until_reported(team, each)
    for room in ROOMS:
        (text,) = texts(team, room)
        assert "**Over**" in text
        assert "over after 15 min" in text


def test_one_room_waits_and_the_other_learns_of_the_end(
    team: Crew,
) -> None:
    begun(team, "Gate")
    assert team.run(job(team, REPORTED, ROOMS[0])) is None
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    reported = job(team, REPORTED)
    assert team.run(reported) is not None
    team.clock.sleep(60)
    ended(team, over_by=OVER)
    team.clouds.webex.faults.clear()
    run_until_reported(team, reported)
    run_until_reported(team, job(team, OVER))
    assert [len(texts(team, room)) for room in ROOMS] == [2, 1]
    assert "**Over**" in texts(team, ROOMS[1])[0]


def test_one_that_came_back_is_not_over(team: Crew) -> None:
    begun(team, "Gate")
    ended(team)
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    reported = job(team, REPORTED, ROOMS[0])
    assert team.run(reported) is not None
    team.troubles.change(lambda known: [replace(one, ended_at=None) for one in known])
    team.clouds.webex.faults.clear()
    run_until_reported(team, reported)
    assert "**In trouble**" in texts(team)[0]
    ended(team, over_by=OVER)
    assert team.run(job(team, OVER, ROOMS[0])) is None
    assert "**Over**" in texts(team)[1]


def test_many_troubles_are_a_short_list(team: Crew) -> None:
    begun(team, *(f"Camera {number:02}" for number in range(30)))
    assert team.run(job(team, REPORTED, ROOMS[0])) is None
    (text,) = texts(team)
    assert text.count("offline") == 10
    assert "and 20 more" in text


def test_an_unsure_message_says_so(team: Crew) -> None:
    begun(team, "Gate")
    team.clouds.webex.faults.add(Fault("reset", POST, after=True))
    reported = job(team, REPORTED, ROOMS[0])
    run_until_reported(team, reported)
    first, second = texts(team)
    assert "may be a duplicate" not in first
    assert "may be a duplicate" in second
    (delivery,) = team.store.deliveries_of_job(REPORTED).values()
    assert delivery.state is DeliveryState.SENT


def test_names_of_others_are_harmless(team: Crew) -> None:
    begun(team, "<@all> [here](https://bad.example)")
    assert team.run(job(team, REPORTED, ROOMS[0])) is None
    assert "<@all>" not in texts(team)[0]
    assert "](https" not in texts(team)[0]


def test_rows_go_after_their_time(team: Crew) -> None:
    begun(team, "Gate")
    ended(team, over_by=OVER)
    team.troubles.claim_for_message(REPORTED, ROOMS[0])
    before = team.clock.now() - timedelta(days=1)
    assert team.troubles.purge(before).removed == 0
    assert team.troubles.purge(team.clock.now() + timedelta(days=1)).removed == 1
    assert team.troubles.claim_for_message(REPORTED, ROOMS[0]) == []


def test_a_report_is_posted_once_in_each_room(team: Crew) -> None:
    team.public_url = "https://gateway.example"
    lines = ("700 entrances, +25% (560 the week before)", "Main *hall*: 700")
    team.report = ReportText("Visitors, Mon 22 Jun to Sun 28 Jun", lines, "/visitors/x")
    todo = job(team, JobId("job-of-the-report"))
    for _ in range(2):  # once more, as after a crash
        assert team.run(todo) is None
    for room in ROOMS:
        (text,) = texts(team, room)
        assert "**Visitors, Mon 22 Jun to Sun 28 Jun**" in text
        assert "- 700 entrances, +25% (560 the week before)" in text
        assert "*hall*" not in text.replace("\\*", "")
        assert "(https://gateway.example/visitors/x)" in text


def test_a_report_waits_while_the_room_cannot_be_reached(team: Crew) -> None:
    team.report = ReportText("Visitors", ("700 entrances",), "/visitors/report")
    todo = job(team, JobId("job-of-the-report"), ROOMS[0])
    team.clouds.webex.faults.add(Fault("503-html", POST, times=-1))
    assert team.run(todo) is not None
    team.clouds.webex.faults.clear()
    run_until_reported(team, todo)
    assert len(texts(team)) == 1
