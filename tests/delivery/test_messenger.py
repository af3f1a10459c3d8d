"""Messages by Apprise to a real mail server and to a receiver like ntfy's."""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mvsnap.clients.messengers import outcome
from mvsnap.clients.messengers.messenger import Messenger
from mvsnap.config.load import settings_of
from mvsnap.config.model import Settings
from mvsnap.delivery.channels import open_channels
from mvsnap.delivery.plain_text import first_line, plain
from mvsnap.domain import CameraName, DeliveryState
from mvsnap.errors import BadConfig, UpstreamError
from mvsnap.texts.wording import Reason
from tests.clients.fakes import in_time, raw_server
from tests.conftest import Clouds
from tests.core.build import DOOR, GATE
from tests.jobs import test_clips
from tests.jobs.fakes import Crew, crew
from tests.servers.mail import MailServer, mail_server, text_of
from tests.servers.receivers import Post, Receiver, receiver

HIDDEN = "topic-7d1f"
REPEAT = "This message may be a duplicate."
KINDS = ("mail", "ntfy")


@dataclass(frozen=True)
class Shown:
    """What people see of a message. thread: what keeps it with others."""

    title: str
    text: str
    has_file: bool
    thread: str


@dataclass
class Site:
    kind: str
    server: MailServer | Receiver

    @property
    def url(self) -> str:
        if self.kind == "mail":
            place = f"mailto://127.0.0.1:{self.server.port}"
            return f"{place}/?from=cam@{HIDDEN}.example&to=guard@site.example"
        return f"ntfy://127.0.0.1:{self.server.port}/{HIDDEN}"

    @property
    def shown(self) -> list[Shown]:
        if isinstance(self.server, MailServer):
            return [
                Shown(
                    mail["Subject"],
                    text_of(mail),
                    any(mail.iter_attachments()),
                    mail["References"],
                )
                for mail in self.server.kept
            ]
        return [_of_ntfy(post) for post in self.server.kept]

    def status(self, of_mail: str, of_ntfy: str) -> str:
        return of_mail if self.kind == "mail" else of_ntfy

    def settings(self, **more: Any) -> Settings:
        entry = {"name": "Ops", "kind": "apprise", "url": self.url}
        return settings_of({"channels": [entry | more]})


def _of_ntfy(post: Post) -> Shown:
    """Return a message of ntfy: with a file it is in the address, else in the body."""
    query = {n: v[0] for n, v in parse_qs(urlsplit(post.path).query).items()}
    said = query if post.has_file else json.loads(post.body)
    title = said["title"]
    return Shown(title, said["message"], post.has_file, title.removeprefix("Re: "))


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    with ExitStack() as stack:
        if request.param == "mail":
            yield Site(request.param, stack.enter_context(mail_server()))
        else:
            yield Site(request.param, stack.enter_context(receiver()))


@pytest.fixture
def team(tmp_path: Path, clouds: Clouds, site: Site) -> Iterator[Crew]:
    with crew(tmp_path, clouds) as made:
        made.channels = open_channels(site.settings())
        yield made


def test_a_picture_comes_with_its_words_and_a_title_once(
    team: Crew, site: Site
) -> None:
    job = team.job(GATE, rooms=("ops",), prefix="Door open")
    assert team.run(job) is None
    assert team.run(job) is None
    (shown,) = site.shown
    assert shown.title.startswith("mvsnap: Door open · Gate North")
    assert "Video of that moment: https://" in shown.text
    assert shown.has_file
    assert "*" not in shown.title + shown.text
    assert team.messages == []


def test_an_outage_is_waited_for_and_leaves_no_doubt(team: Crew, site: Site) -> None:
    site.server.troubles = [site.status("451", "503"), site.status("421", "429")]
    assert team.run(team.job(GATE, rooms=("ops",))) is None
    assert [REPEAT in shown.text for shown in site.shown] == [False]
    if site.kind == "ntfy":
        assert max(team.clock.asleep) >= 3  # as it asked for


def test_an_answer_that_never_came_makes_a_repeat_that_says_so(
    team: Crew, site: Site
) -> None:
    site.server.troubles = ["silent"]
    assert team.run(team.job(GATE, rooms=("ops",))) is None
    assert [REPEAT in shown.text for shown in site.shown] == [False, True]


def test_a_refusal_is_final_and_shows_no_secret(
    team: Crew, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    site.server.troubles = [site.status("550", "400")] * 9
    job = team.job(GATE, rooms=("ops",))
    assert team.run(job) is None
    (note,) = team.store.deliveries_of_job(job.id).values()
    assert note.state is DeliveryState.FAILED
    assert note.error is not None
    assert note.error.startswith("The channel Ops refused the m")
    # The mail server of the test has a log of its own.
    ours = [r.getMessage() for r in caplog.records if not r.name.startswith("mail.")]
    assert HIDDEN not in note.error + "".join(ours)
    assert site.shown == []


def test_a_picture_that_is_refused_leaves_the_words(team: Crew, site: Site) -> None:
    site.server.troubles = ["file"]
    job = team.job(GATE, rooms=("ops",))
    assert team.run(job) is None
    (shown,) = site.shown
    assert not shown.has_file
    assert "Picture not attached: it was refused there" in shown.text
    assert "Video of that moment: https://" in shown.text
    assert REPEAT not in shown.text


def test_what_comes_late_says_so(team: Crew, site: Site) -> None:
    accepted_at = team.clock.now() - timedelta(minutes=30)
    team.run(team.job(GATE, rooms=("ops",), accepted_at=accepted_at))
    assert "Delivered late:" in site.shown[0].text


def test_several_cameras_keep_their_subject(team: Crew, site: Site) -> None:
    assert team.run(team.job(GATE, DOOR, rooms=("ops",))) is None
    head, *replies = site.shown
    assert [reply.title for reply in replies] == [f"Re: {head.title}"] * 2
    assert {reply.thread for reply in replies} == {head.thread}


def test_a_clip_follows_as_a_file_or_as_words(team: Crew, site: Site) -> None:
    team.channels = open_channels(site.settings(attachment_max_mb=0.01))
    for size_bytes, has_file in ((5_000, True), (10_001, False)):
        job = test_clips.alarmed(team, clips=(CameraName("Robot"),), rooms=("ops",))
        team.run(job)
        reply = test_clips.recorded(team, job, size_bytes=size_bytes)
        assert team.run(reply) is None
        clip = site.shown[-1]
        assert clip.has_file is has_file
        assert ("on the gateway's Clips page" in clip.text) is not has_file


def test_without_files_words_go_alone(team: Crew, site: Site) -> None:
    team.channels = open_channels(site.settings(attachment_max_mb=0))
    team.run(team.job(GATE, rooms=("ops",)))
    assert [shown.has_file for shown in site.shown] == [False]


def test_teams_takes_no_file_and_a_short_text() -> None:
    url = f"workflows://teams.example/{HIDDEN}/signature"
    manner = Messenger(Reason("The channel Ops"), url).manner()
    assert not manner.takes_files
    assert manner.most_bytes == 1000


def test_a_check_sends_nothing(site: Site) -> None:
    found = open_channels(site.settings()).check("OPS")
    assert found in (
        "E-Mail: the mail server can be reached",
        "ntfy: can be reached (it answers 405)",
    )
    assert site.shown == []


def test_a_check_says_that_nobody_is_there(site: Site) -> None:
    with receiver() as gone:
        pass
    site.server.port = gone.port
    with pytest.raises(UpstreamError, match="could not be reached") as caught:
        open_channels(site.settings()).check("ops")
    assert HIDDEN not in caught.value.message


@pytest.mark.parametrize("url", ["", "ops@example.com", "mailto:ops@example.com"])
def test_a_wrong_address_is_a_mistake_that_does_not_show_it(url: str) -> None:
    entry = {"name": "Ops", "kind": "apprise", "url": url}
    with pytest.raises(BadConfig) as caught:
        settings_of({"channels": [entry]})
    (mistake,) = caught.value.mistakes
    assert mistake.startswith("channels.0.url: expected an address of Apprise")
    assert mistake.endswith("got (hidden)")


def test_a_service_that_apprise_does_not_know_is_said_by_name() -> None:
    entry = {"name": "Ops", "kind": "apprise", "url": f"nobody://{HIDDEN}"}
    channels = open_channels(settings_of({"channels": [entry]}))
    with pytest.raises(UpstreamError, match="The channel Ops: its address") as caught:
        channels.check("ops")
    assert HIDDEN not in caught.value.message


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("**A** · **Gate**  \n_Late: 3_", "A · Gate\nLate: 3"),
        ("[Play](https://x.example/a_b_?c=_d_)", "Play: https://x.example/a_b_?c=_d_"),
        ("_a_b_ and c_d", "a_b and c_d"),
        ("**Gate**: _It was not_.", "Gate: It was not."),
        ("", ""),
    ],
)
def test_plain_text_has_no_marks_and_whole_addresses(markdown: str, text: str) -> None:
    assert plain(markdown) == text
    assert first_line(markdown) == text.partition("\n")[0]


def test_plain_text_of_anything_takes_no_time() -> None:
    began = time.process_time()
    for text in ("[" * 20_000, "[a](" * 9_000, "_" * 30_000, "*_" * 15_000):
        plain(text)
    assert time.process_time() - began < 2, os.cpu_count()


@pytest.mark.parametrize("greeting", [b"", b"220 hello\r\n"], ids=["greets", "answers"])
def test_a_mail_server_that_never_comes_to_an_end_is_left(
    monkeypatch: pytest.MonkeyPatch, greeting: bytes
) -> None:
    """A tarpit keeps whom it takes for a spammer with a line now and then."""
    monkeypatch.setattr(outcome, "_OPERATION_S", 0.5)

    def talk(connection: socket.socket) -> None:
        connection.sendall(greeting)
        if greeting:
            connection.recv(1000)
        pause = threading.Event()
        while not pause.wait(0.05):
            connection.sendall(b"250-wait\r\n" if greeting else b"220-wait\r\n")

    with raw_server(talk) as origin:
        place = f"mailto://127.0.0.1:{urlsplit(origin).port}"
        url = f"{place}/?from=cam@{HIDDEN}.example&to=guard@site.example"
        mail = Messenger(Reason("Ops"), url)
        with pytest.raises(UpstreamError) as caught:
            in_time(lambda: mail.send("text", "title"))
    assert (caught.value.retry, caught.value.unsure) == (True, False)
    assert HIDDEN not in str(caught.value)


def test_a_mail_server_found_after_the_time_is_left_as_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first address of its name takes all of it, the second never ends."""
    monkeypatch.setattr(outcome, "_OPERATION_S", 0.3)
    real = socket.create_connection

    def connected(*args: Any, **given: Any) -> socket.socket:
        threading.Event().wait(0.6)  # for the address that nobody answers at
        return real(*args, **given)

    def talk(connection: socket.socket) -> None:
        pause = threading.Event()
        while not pause.wait(0.05):
            connection.sendall(b"220-wait\r\n")

    with raw_server(talk) as origin:
        monkeypatch.setattr(socket, "create_connection", connected)
        mail = outcome.Smtplib().SMTP
        with pytest.raises(TimeoutError, match="no time"):
            in_time(lambda: mail("127.0.0.1", urlsplit(origin).port, timeout=5))
