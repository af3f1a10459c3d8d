from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mvsnap import texts
from mvsnap.config.entries import Entry
from mvsnap.domain import Role
from mvsnap.errors import UpstreamError
from mvsnap.texts.camera_wordings import IN_DETAIL, NO_ROUTE, OFFLINE
from tests.servers.processes import wait_until
from tests.web.build import GATE, Web, log_in, send

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
URL = "https://shop.example/hook-of-the-shop"
LINES = "Write each line as &#34;path: value&#34;."
CHANNELS, SCHEDULES = "/settings/entries/channels", "/settings/entries/schedules"
PROGRAM = {"kind": "webhook", "name": "Till", "url": URL, "secret": SECRET}
GUARDS = {"name": "Guards", "kind": "webex", "room": "Night watch"}
MORNING = {"name": "Morning", "cron": "0 7 * * 1-5", "cameras": GATE}


@pytest.fixture
def web(tmp_path: Path) -> Web:
    return Web(tmp_path, channels=[GUARDS], site={"timezone": "Europe/Berlin"})


def known_at(web: Web, name: str) -> str:
    (found,) = (entry for entry in web.entries.all() if entry.name == name)
    return found.changed_at.isoformat()


def mistakes(page: str) -> dict[str, str]:
    return dict(re.findall(r'id="(\S+)-mistake">([^<]*)<', page))


def test_a_channel_is_added_changed_and_removed(web: Web, admin: FlaskClient) -> None:
    page = admin.get(CHANNELS).text
    assert "Guards" in page
    assert "From the file." in page
    assert send(admin, CHANNELS, **PROGRAM).status_code == 303
    assert "Send a test to Till" in admin.get(CHANNELS).text
    page = admin.get(f"{CHANNELS}/of/Till").text
    assert SECRET not in page
    assert URL not in page
    hours = {"when": "mon-fri 08:00-18:00\r\nsat", "group.messages": "3"}
    changed = PROGRAM | hours | {"url": "", "secret": ""}
    answer = send(admin, CHANNELS, known_at=known_at(web, "Till"), **changed)
    assert answer.status_code == 303
    (entry,) = web.entries.all()
    assert entry.value == {
        "kind": "webhook",
        "url": URL,
        "secret": SECRET,
        "when": [{"days": "mon-fri", "from": "08:00", "to": "18:00"}, {"days": "sat"}],
        "group": {"messages": "3"},
    }
    assert "mon-fri 08:00-18:00\nsat" in admin.get(f"{CHANNELS}/of/Till").text
    assert send(admin, f"{CHANNELS}/remove", name="Till").status_code == 303
    assert web.entries.all() == []
    assert "Send a test to Till" not in admin.get(CHANNELS).text
    said = [(c.what, c.before, c.after) for c in web.site.changes(6)]
    assert SECRET not in str(said)
    assert URL not in str(said)
    assert said == [
        ("channels.Till", "channel", "removed"),
        ("channels.Till.group.messages", "", "3"),
        ("channels.Till.when", "", "mon-fri 08:00-18:00, sat"),
        ("channels.Till.secret", "", "(hidden)"),
        ("channels.Till.url", "", "(hidden)"),
        ("channels.Till", "", "added, webhook"),
    ]


@pytest.mark.parametrize("name", [".", "..", " .. "])
def test_a_name_of_dots_has_no_address(web: Web, admin: FlaskClient, name: str) -> None:
    answer = send(admin, SCHEDULES, name=name, cron="0 7 * * *")
    assert answer.status_code == 400
    assert mistakes(answer.text)["name"] == "Enter a name that is not only dots."
    assert web.entries.all() == []
    assert send(admin, SCHEDULES, name="7.30", cron="30 7 * * *").status_code == 303
    assert admin.get(f"{SCHEDULES}/of/7.30").status_code == 200


def test_mistakes_name_the_field_and_repeat_no_secret(
    web: Web, admin: FlaskClient
) -> None:
    wrong = {"secret": "short-secret", "url": "ftp://x", "group.messages": "many"}
    answer = send(admin, CHANNELS, **PROGRAM | wrong | {"name": "a/b"})
    assert answer.status_code == 400
    assert mistakes(answer.text) == {
        "name": "Enter 1 to 60 characters, without a slash.",
        "group.messages": "Expected a valid integer, unable to parse string as an "
        "integer, got &#39;many&#39;.",
        "url": "Expected an address that starts with http:// or https://.",
        "secret": "Expected whsec_ and 24 to 64 bytes in base64.",
    }
    assert "short-secret" not in answer.text
    answer = send(admin, CHANNELS, **PROGRAM | {"name": "guards"})
    assert mistakes(answer.text) == {
        "name": "&#39;guards&#39; is another one&#39;s, too."
    }
    answer = send(admin, SCHEDULES, **MORNING | {"cameras": f"{GATE}\nGate"})
    assert set(mistakes(answer.text)) == {"cameras"}
    assert web.entries.all() == []


def test_two_people_do_not_undo_each_other(web: Web, admin: FlaskClient) -> None:
    assert send(admin, SCHEDULES, **MORNING).status_code == 303
    again = send(admin, SCHEDULES, **MORNING)
    assert mistakes(again.text) == {"name": "An entry with this name already exists."}
    before = known_at(web, "Morning")
    first = send(admin, SCHEDULES, known_at=before, **MORNING, prefix="One")
    second = send(admin, SCHEDULES, known_at=before, **MORNING, prefix="Two")
    assert (first.status_code, second.status_code) == (303, 400)
    assert "Somebody else has changed this entry meanwhile" in second.text
    same = send(
        admin, SCHEDULES, known_at=known_at(web, "Morning"), **MORNING, prefix="One"
    )
    assert same.status_code == 303
    assert "No changes." in admin.get(SCHEDULES).text
    assert send(admin, SCHEDULES, known_at="then", **MORNING).status_code == 400
    send(admin, f"{SCHEDULES}/remove", name="Morning")
    assert send(admin, SCHEDULES, known_at=before, **MORNING).status_code == 404
    send(admin, f"{SCHEDULES}/remove", name="Morning")
    assert "already been removed" in admin.get(SCHEDULES).text


def test_what_is_tried_is_not_saved_and_its_secret_not_shown(
    web: Web, admin: FlaskClient
) -> None:
    tried = send(admin, CHANNELS, do="try", **PROGRAM)
    assert tried.status_code == 200
    assert SECRET not in tried.text
    assert web.entries.all() == []
    (address,) = re.findall(r'data-address="([^"]+)"', tried.text)

    def answer() -> object:
        return admin.get(address).json

    works = {"ok": True, "lines": ["Till works."], "picture": ""}
    wait_until(lambda: answer() == works, "the answer")
    assert web.tried[0].value["secret"] == SECRET
    # Of the one who tried it alone.
    web.add_user("other")
    other = web.browser()
    log_in(other, "other")
    assert other.get(address).status_code == 404
    trial = address.rpartition("/")[2]
    kept = PROGRAM | {"url": "", "secret": ""}
    assert send(other, CHANNELS, trial=trial, **kept).status_code == 400
    assert send(admin, CHANNELS, trial=trial, **kept).status_code == 303
    (entry,) = web.entries.all()
    assert entry.value == {"kind": "webhook", "url": URL, "secret": SECRET}


def test_an_entry_that_no_longer_fits_the_file_is_said_and_not_used(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, channels=[GUARDS])
    now = web.clock.now()
    other = Entry("channels", "guards", {"kind": "webex", "room": "Other"}, now, "anna")
    right = Entry("channels", "Shop", {"kind": "webex", "room": "Shop"}, now, "anna")
    assert web.entries.put(other, None, [])
    assert web.entries.put(right, None, [])
    admin = web.log_in(Role.ADMIN)
    page = admin.get(CHANNELS).text
    assert page.count("Not in use: ") == 1
    names = re.findall('Send a test to ([^"]+)', page)
    assert names == ["Shop", "Guards", "Alarms"]


def test_a_rule_that_names_a_new_camera_is_in_use_after_a_restart(
    web: Web, admin: FlaskClient
) -> None:
    now = web.clock.now()
    line = Entry("recording-cameras", "Line", {"url": "rtsp://127.0.0.1:9/a"}, now, "a")
    rule = {"match": {"title": ["Gripper*"]}, "actions": ["clip"], "cameras": ["Line"]}
    assert web.entries.put(line, None, [])
    assert web.entries.put(Entry("webhook-rules", "Gripper", rule, now, "a"), None, [])
    page = admin.get("/settings/entries/webhook-rules").text
    assert "In use after a restart: it names a camera" in page
    assert "Not in use" not in page


def test_only_admins(web: Web) -> None:
    reviewer = web.log_in(Role.REVIEWER)
    for path in (CHANNELS, f"{CHANNELS}/add", f"{CHANNELS}/of/x"):
        assert reviewer.get(path).status_code == 403
    assert send(reviewer, CHANNELS, **PROGRAM).status_code == 403
    assert send(reviewer, f"{CHANNELS}/remove", name="Till").status_code == 403
    assert web.entries.all() == []


def test_addresses_of_nothing(admin: FlaskClient) -> None:
    for path in (
        "/settings/entries/storage",
        f"{CHANNELS}/add?kind=fax",
        f"{CHANNELS}/of/Nobody",
        f"{SCHEDULES}/add?kind=webex",
        "/settings/entries/trials/unknown",
    ):
        assert admin.get(path).status_code == 404, path
    assert send(admin, CHANNELS, name="x").status_code == 404
    without = admin.post(CHANNELS, data=PROGRAM)
    assert without.status_code in (400, 403)


def test_why_a_camera_cannot_be_tried_is_in_german(
    web: Web, admin: FlaskClient
) -> None:
    why = IN_DETAIL(what=OFFLINE(), detail=NO_ROUTE())
    web.refusal = UpstreamError(why, retry=True)
    texts.use("de")
    camera = {"name": "Line", "url": "rtsp://192.0.2.1/a"}
    tried = send(admin, "/settings/entries/recording-cameras", do="try", **camera)
    (address,) = re.findall(r'data-address="([^"]+)"', tried.text)
    said = "die Kamera ist nicht erreichbar (kein Weg zum Host)"
    expected = {"ok": False, "lines": [said], "picture": ""}
    wait_until(lambda: admin.get(address).json == expected, "the answer")


def test_a_webhook_rule_acts_at_once(web: Web, admin: FlaskClient) -> None:
    rules = "/settings/entries/webhook-rules"
    rule = {"name": "Gripper", "match": "title: Gripper*", "room": "Guards"}
    wrong = send(admin, rules, **rule | {"match": "Gripper*"})
    assert mistakes(wrong.text) == {"match": LINES}
    many = rule | {"actions": ["clip", "ignore"]}
    wrong = send(admin, rules, **many)
    assert set(mistakes(wrong.text)) == {"actions"}
    assert wrong.text.count(" checked") == 2
    assert send(admin, rules, **rule | {"actions": ["snapshot"]}).status_code == 303
    sent = web.client().post("/webhook", json={"title": "Gripper lost it"})
    assert sent.status_code == 202
    assert [job.rooms for job in web.accepted] == [("Guards",)]


RULE = {"name": "Jam", "match": "title: Jam*"}
ROOM = {"name": "Hall", "kind": "webex", "room": "Security Team"}


@pytest.mark.parametrize(
    ("section", "entry", "field"),
    [
        ("schedules", MORNING, "room"),
        ("webhook-rules", RULE, "room"),
        ("channels", ROOM, "room"),
        ("channels", ROOM | {"escalation.after_s": "60"}, "escalation.to"),
    ],
)
def test_a_room_the_bot_is_not_in_is_refused(
    web: Web, asking: FlaskClient, section: str, entry: dict[str, str], field: str
) -> None:
    address = f"/settings/entries/{section}"
    answer = send(asking, address, **entry | {field: "Security Taem"})
    assert answer.status_code == 400
    said = mistakes(answer.text)
    assert set(said) == {field}
    assert "similar: &#39;Security Team&#39;" in said[field]
    assert web.entries.all() == []
    # Guards is a channel; another bot may be in any room.
    right = entry | {field: "security team" if entry is ROOM else "Guards"}
    assert send(asking, address, **right).status_code == 303
    assert "may not arrive" not in asking.get(address).text


def test_a_room_of_another_bot_and_an_unknown_person_are_saved(
    web: Web, asking: FlaskClient
) -> None:
    other = ROOM | {"room": "Elsewhere", "bot_token": "token-of-another-bot"}
    assert send(asking, CHANNELS, **other).status_code == 303
    to_nobody = MORNING | {"room": "gaurd@example.com"}
    assert send(asking, SCHEDULES, **to_nobody).status_code == 303
    assert "Messages to gaurd@example.com may not arrive" in asking.get(SCHEDULES).text
    assert len(web.entries.all()) == 2


def test_what_another_process_tried_is_not_saved_without_its_secret(
    web: Web, admin: FlaskClient
) -> None:
    emptied = PROGRAM | {"secret": ""}
    answer = send(admin, CHANNELS, trial="of-another-process", **emptied)
    assert answer.status_code == 400
    assert "What was tried is no longer known here" in answer.text
    assert web.entries.all() == []


def test_a_saved_token_does_not_go_to_another_address(
    web: Web, admin: FlaskClient
) -> None:
    bot = {"kind": "webex", "name": "Night", "room": "Night watch"}
    token = "a-token-of-another-bot"
    assert send(admin, CHANNELS, **bot, bot_token=token).status_code == 303
    known = {"known_at": known_at(web, "Night")}
    elsewhere = bot | {"base_url": "http://127.0.0.1:9/v1", "bot_token": ""}
    for do in ("try", "save"):
        answer = send(admin, CHANNELS, do=do, **known, **elsewhere)
        assert mistakes(answer.text) == {
            "bot_token": "Enter it again: it would be sent to another address."
        }
    given = elsewhere | {"bot_token": token}
    assert send(admin, CHANNELS, **known, **given).status_code == 303


def test_an_address_that_is_only_slashes_is_refused(admin: FlaskClient) -> None:
    bot = {"kind": "webex", "name": "Night", "room": "Night watch", "bot_token": "abc"}
    answer = send(admin, CHANNELS, **bot, base_url="https://")
    assert set(mistakes(answer.text)) == {"base_url"}


def test_health_is_known_without_a_look_into_the_store(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_look() -> None:
        raise AssertionError("a probe asks for the settings")

    monkeypatch.setattr("mvsnap.store.settings.LiveSettings.state", no_look)
    assert web.client(None).get("/healthz").status_code == 200
