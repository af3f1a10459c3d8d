"""`check` tries each channel without sending, `test-message` sends one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from mvsnap.cli.check import _checked, _reports, _rooms
from mvsnap.cli.check_channels import checks
from mvsnap.config.load import settings_of
from mvsnap.runtime import Parts
from tests.cli.run import ROOM, configure, mvsnap, settings
from tests.conftest import Clouds
from tests.servers.mail import mail_server, text_of
from tests.servers.receivers import receiver

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyBvbmx5"
HIDDEN = "hook-4f1c"


def mes(port: int) -> dict[str, Any]:
    url = f"http://127.0.0.1:{port}/{HIDDEN}"
    return {"name": "MES", "kind": "webhook", "url": url, "secret": SECRET}


def ops(port: int) -> dict[str, Any]:
    url = f"mailto://127.0.0.1:{port}/?from=cam@site.example&to=guard@site.example"
    return {"name": "Ops", "kind": "apprise", "url": url}


def guards(room: str = ROOM) -> dict[str, Any]:
    return {"name": "Guards", "kind": "webex", "room": room}


def tried(tree: dict[str, Any]) -> list[tuple[bool | None, str]]:
    found = [_checked(check) for _, check in checks(settings_of(tree))]
    return [(line.ok, line.text) for line in found]


def test_a_check_tries_each_channel_and_sends_nothing(clouds: Clouds) -> None:
    with receiver() as program, mail_server() as mail:
        every = [mes(program.port), ops(mail.port), guards(), guards("Nowhere")]
        every[3]["name"] = "Night"
        found = tried(settings(clouds) | {"channels": every})
        assert (program.asked, mail.kept, clouds.webex.messages) == (0, [], [])
    assert found[:3] == [
        (True, "MES: can be reached (it answers 405)"),
        (True, "Ops: E-Mail: the mail server can be reached"),
        (True, "Guards: can be reached"),
    ]
    assert found[3][0] is False
    assert "Nowhere" in found[3][1]


def test_a_check_says_which_channel_is_away(clouds: Clouds) -> None:
    with receiver() as program, mail_server() as mail:
        pass
    tree = settings(clouds) | {"channels": [mes(program.port), ops(mail.port)]}
    assert [ok for ok, _ in tried(tree)] == [False, False]
    assert HIDDEN not in str(tried(tree))


def test_a_channel_is_no_room_to_check_and_reaches_people_without_webex(
    tmp_path: Path, clouds: Clouds
) -> None:
    tree = settings(clouds) | {"data_dir": str(tmp_path)}
    tree["webex"]["room"] = [ROOM, "guards"]
    made = settings_of(tree | {"channels": [guards()]})
    Parts(made).store.close()
    assert _rooms(made).text == ROOM
    alone = settings_of({"channels": [mes(9)], "alerts": {"channel": "mes"}})
    assert _reports(alone) == []


def test_a_test_message_arrives_and_the_service_may_run_beside(
    tmp_path: Path, clouds: Clouds
) -> None:
    with receiver() as program:
        configure(
            tmp_path,
            settings(clouds) | {"channels": [mes(program.port)], "site": {"name": "A"}},
        )
        said = mvsnap(tmp_path, "test-message", "mes")
        assert (said.code, said.out) == (0, "Sent to MES.\n"), said.err
        (post,) = program.kept
    about = Webhook(SECRET).verify(post.body, post.headers)
    assert about["type"] == "mvsnap.test"
    assert "Test message" in about["data"]["text"]
    assert about["data"]["site"] == "A"


def test_a_test_message_that_is_refused_says_why(
    tmp_path: Path, clouds: Clouds
) -> None:
    with mail_server() as mail:
        mail.troubles = ["550", ""]
        configure(tmp_path, settings(clouds) | {"channels": [ops(mail.port)]})
        said = mvsnap(tmp_path, "test-message", "Ops", "--json")
        assert said.code == 1
        assert json.loads(said.out) == {
            "channel": "Ops",
            "sent": False,
            "error": "The channel Ops refused the mail (550)",
        }
        assert mvsnap(tmp_path, "test-message", "ops").code == 0
        (came,) = mail.kept
    assert "Test message" in came["Subject"]
    assert "Messages from here arrive" in text_of(came)


def test_a_test_message_goes_to_a_room_and_to_no_unknown_channel(
    tmp_path: Path, clouds: Clouds
) -> None:
    configure(tmp_path, settings(clouds))
    assert mvsnap(tmp_path, "test-message", ROOM).code == 0
    (message,) = clouds.webex.messages
    assert message.markdown.startswith("**Test message**")
    configure(tmp_path, {"channels": [mes(9)]})
    said = mvsnap(tmp_path, "test-message", "mess")
    assert said.code != 0
    assert "No channel is called 'mess'" in said.err
    assert "Did you mean MES?" in said.err
