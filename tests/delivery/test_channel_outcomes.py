"""Whether a channel takes messages is noted, for the status and for alerts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mvsnap.config.load import settings_of
from mvsnap.delivery.channel import FileLimits, OutgoingMessage
from mvsnap.delivery.channels import Channels, open_channels
from mvsnap.domain import Job, MessageId
from mvsnap.errors import UpstreamError
from mvsnap.status.model import Condition, Group, StatusRow
from mvsnap.status.read import used_services
from mvsnap.status.services import outage_text, service_rows
from mvsnap.texts import service_wordings, wordings
from mvsnap.texts.channel_wordings import (
    FROM_ONLY,
    THE_CHANNEL,
    UNREACHABLE,
    WEBEX_REFUSED_TOKEN,
)
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import NO_ANSWER
from mvsnap.upstreams import OUTCOMES, Outcome, Outcomes
from mvsnap.values import replace
from tests.conftest import Clouds
from tests.core.build import GATE
from tests.delivery.test_channels import TEAMS
from tests.jobs.fakes import Crew, crew
from tests.servers.receivers import receiver
from tests.web.test_status import NOW, SILENT, process, webex

OPS = "channel Ops"
GONE = UNREACHABLE(whose=THE_CHANNEL(name="Ops"), why=NO_ANSWER(limit_s=20))


class Picky:
    limits = FileLimits(picture_bytes=0, clip_bytes=0)
    trouble: UpstreamError | None = None

    def post(self, message: OutgoingMessage) -> MessageId:
        message.begin_sending()
        if self.trouble is not None:
            raise self.trouble
        return MessageId("1")


@pytest.fixture
def picky() -> Picky:
    return Picky()


@pytest.fixture
def team(tmp_path: Path, clouds: Clouds, picky: Picky) -> Iterator[Crew]:
    with crew(tmp_path, clouds) as made:
        made.channels = Channels(
            {},
            lambda: {"ops": (picky, "")},
            services=lambda: {"ops": OPS},
            outcomes=Outcomes(),
        )
        yield made


def noted(team: Crew) -> Outcome | None:
    assert isinstance(team.channels, Channels)
    return team.channels.outcomes.all().get(OPS)


def send(team: Crew, job: Job) -> None:
    with suppress(UpstreamError):
        team.run(job)


def test_a_channel_that_is_away_fails_until_it_takes_a_message(
    team: Crew, picky: Picky
) -> None:
    job = team.job(GATE, rooms=("ops",))
    picky.trouble = UpstreamError(GONE, retry=True)
    send(team, job)
    failing = noted(team)
    assert failing is not None
    assert (failing.error, failing.worked_s) == ("no answer within 20 s", None)
    picky.trouble = None
    team.clock.sleep(3600)
    send(team, job)
    works = noted(team)
    assert works is not None
    assert (works.error, works.failed_s) == ("", failing.failed_s)
    assert works.worked_s is not None


def test_one_message_that_is_refused_permanently_is_no_outage(
    team: Crew, picky: Picky
) -> None:
    picky.trouble = UpstreamError("The channel Ops refused it (413)", retry=False)
    send(team, team.job(GATE, rooms=("ops",)))
    assert noted(team) is None


def test_what_webex_sends_is_noted_by_its_client() -> None:
    outcomes = Outcomes()
    guards = Channels({}, lambda: {"guards": (TEAMS, "")}, outcomes=outcomes)
    with guards.noted("Guards"):
        pass
    assert outcomes.all() == {}


def test_the_status_has_a_row_for_each_channel() -> None:
    with receiver() as made:
        gone = made.port
    entry = {"kind": "webhook", "secret": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"}
    entry |= {"name": "MES north", "url": f"http://127.0.0.1:{gone}/"}
    room: dict[str, Any] = {"name": "Guards", "kind": "webex", "room": "Hall"}
    settings = settings_of({"channels": [entry, room], "webex": {"bot_token": "abc"}})
    used = used_services(settings, listens=False)
    assert used == ["webex", "channel MES north"]
    channels = open_channels(settings)
    with suppress(UpstreamError), channels.noted("mes NORTH"):
        raise UpstreamError("The webhook MES north answered (503)", retry=True)
    error = OUTCOMES.all()["channel MES north"].error
    state = replace(webex(error=error), name="channel MES north")
    *_, row = service_rows(used, [state], [process()], NOW, SILENT)
    assert (row.name, row.health) == ("Channel MES north", Condition.TROUBLE)
    assert outage_text(row) == "Channel MES north has been failing since"
    assert "mvsnap check" in row.advice


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (WEBEX_REFUSED_TOKEN(), "has been failing"),
        (service_wordings.ERROR(status=503), "has been failing"),
        (FROM_ONLY(what=service_wordings.BUSY(status=429), machines="gw-1"), "failing"),
        (wordings.NO_ANSWER(limit_s=5.0), "has not answered"),
        (FROM_ONLY(what=wordings.NOT_CONNECTED(), machines="gw-1"), "has not answered"),
    ],
)
def test_an_outage_says_whether_the_service_answers(why: Reason, said: str) -> None:
    row = StatusRow(Group.SERVICES, "Webex", Condition.TROUBLE, why)
    assert said in outage_text(row)
