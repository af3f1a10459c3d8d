"""Every kind of message on every kind of channel, and a receiver like that of Teams."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from mvsnap.config.load import settings_of
from mvsnap.delivery.channels import Channels, open_channels
from mvsnap.delivery.kinds import KINDS, MessageKind
from mvsnap.delivery.message import Facts, Message
from mvsnap.domain import DeliveryState
from tests.core import build
from tests.core.build import GATE
from tests.delivery.test_kinds import FIVE, about, trouble
from tests.jobs.fakes import Crew
from tests.servers.certificates import make_pair
from tests.servers.mail import mail_server, text_of
from tests.servers.receivers import Post, Receiver, receiver

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
HIDDEN = "3f6b0c1d2e"
REPEAT = "This message may be a duplicate."
pytestmark = pytest.mark.filterwarnings(
    # The certificate of the receiver like that of Teams is its own.
    "ignore::urllib3.exceptions.InsecureRequestWarning"
)


@dataclass
class Receivers:
    """channels: by the name of each. texts: what came there, by that name."""

    channels: Channels
    texts: dict[str, Callable[[], list[str]]] = field(default_factory=dict)


def teams_url(port: int) -> str:
    return f"workflows://127.0.0.1:{port}/{HIDDEN}/{HIDDEN}?verify=no"


def of_teams(post: Post) -> str:
    """Return the texts of a card, as people see them."""
    (card,) = (one["content"] for one in json.loads(post.body)["attachments"])
    return "\n".join(part["text"] for part in card["body"] if "text" in part)


def of_program(post: Post) -> str:
    about: dict[str, Any] = Webhook(SECRET).verify(post.body, post.headers)
    return str(about["data"]["text"])


def entry(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "kind": kind} | more


@pytest.fixture(scope="module")
def receivers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receivers]:
    with ExitStack() as stack:
        pair = make_pair(tmp_path_factory.mktemp("teams"))
        mail = stack.enter_context(mail_server())
        ntfy, mes = (stack.enter_context(receiver()) for _ in range(2))
        teams = stack.enter_context(receiver(tls=pair))
        to = "from=cam@site.example&to=guard@site.example"
        every = [
            entry("Mail", "apprise", url=f"mailto://127.0.0.1:{mail.port}/?{to}"),
            entry("Ntfy", "apprise", url=f"ntfy://127.0.0.1:{ntfy.port}/topic-1"),
            entry("Teams", "apprise", url=teams_url(teams.port)),
            entry("MES", "webhook", url=f"http://127.0.0.1:{mes.port}/", secret=SECRET),
        ]
        yield Receivers(
            open_channels(settings_of({"channels": every})),
            {
                "Mail": lambda: [f"{m['Subject']}\n{text_of(m)}" for m in mail.kept],
                "Ntfy": lambda: [post.body.decode() for post in ntfy.kept],
                "Teams": lambda: [of_teams(post) for post in teams.kept],
                "MES": lambda: [of_program(post) for post in mes.kept],
            },
        )


def message(kind: MessageKind, name: str) -> Message:
    event, raised = about(kind)
    job = build.job(GATE, prefix="A prefix", rooms=(name,))
    facts = Facts(
        *(job, event, raised),
        camera="Gate",
        error="offline",
        troubles=(trouble("Gate"),),
        group=FIVE if kind is KINDS["group"] else None,
    )
    return Message(kind, kind.name, name, facts)


@pytest.mark.parametrize("name", ["Mail", "Ntfy", "Teams", "MES"])
def test_every_kind_of_message_arrives(
    team: Crew, receivers: Receivers, name: str
) -> None:
    team.channels = receivers.channels
    sender = team.sender()
    for kind in KINDS.values():
        assert sender.send_once(message(kind, name))
        text = receivers.texts[name]()[-1]
        assert "A prefix" in text, kind.name
        assert REPEAT not in text, kind.name
    assert len(receivers.texts[name]()) == len(KINDS)


@pytest.fixture
def teams(tmp_path: Path, team: Crew) -> Iterator[Receiver]:
    with receiver(tls=make_pair(tmp_path)) as made:
        one = entry("Teams", "apprise", url=teams_url(made.port))
        team.channels = open_channels(settings_of({"channels": [one]}))
        yield made


def test_teams_gets_the_words_with_the_link(team: Crew, teams: Receiver) -> None:
    assert team.run(team.job(GATE, rooms=("teams",), prefix="Door open")) is None
    (text,) = map(of_teams, teams.kept)
    assert "Door open" in text
    assert "[Video of that moment](https://" in text


@pytest.mark.parametrize("status", ["429", "502"])
def test_teams_is_waited_for(team: Crew, teams: Receiver, status: str) -> None:
    teams.troubles = [status]
    assert team.run(team.job(GATE, rooms=("teams",))) is None
    assert [REPEAT in of_teams(post) for post in teams.kept] == [False]


def test_teams_that_is_silent_gets_a_repeat_that_says_so(
    team: Crew, teams: Receiver
) -> None:
    teams.troubles = ["silent"]
    assert team.run(team.job(GATE, rooms=("teams",))) is None
    assert [REPEAT in of_teams(post) for post in teams.kept] == [False, True]


def test_teams_that_refuses_is_given_up_without_its_address(
    team: Crew, teams: Receiver
) -> None:
    teams.troubles = ["400"] * 4
    job = team.job(GATE, rooms=("teams",))
    assert team.run(job) is None
    (note,) = team.store.deliveries_of_job(job.id).values()
    assert note.state is DeliveryState.FAILED
    assert note.error is not None
    assert note.error.startswith("The channel Teams refused the message (400)")
    assert HIDDEN not in note.error
