"""API keys and webhook tokens that are made on the pages, and what they open."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from mvsnap.core.keys import KeyKind
from mvsnap.domain import Role
from mvsnap.store.audit import AuditFilter
from mvsnap.web.pages.key_form import KeyForm
from tests.clients.fakes import FakeClock
from tests.web.build import DOOR, GATE, KEY, READER, Web, send
from tests.web.clip_build import SETTINGS

KEYS, TOKENS = "/settings/keys", "/settings/webhooks"
EVENTS = "/api/v1.0/events"
SNAPSHOT = "/api/v1.0/getSnapshot?wait_s=0"
SECRET = re.compile(r"mvsnap_[a-z2-7]{47}")
IN_FILE: dict[str, Any] = {
    "tokens": [{"name": "IXON", "token": "a-token-of-the-settings-file"}]
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def web(tmp_path: Path, clock: FakeClock) -> Web:
    return Web(tmp_path, clock=clock, webhooks=IN_FILE)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """For tests of which none sees what another has left."""
    made = Web(tmp_path_factory.mktemp("data"), clock=FakeClock(), webhooks=IN_FILE)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_admin(shared: Web) -> FlaskClient:
    return shared.log_in()


def secret_in(page: TestResponse) -> str:
    assert page.status_code == 200, page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    found: list[str] = SECRET.findall(page.text)
    return found[0]


def make(admin: FlaskClient, name: str = "plc", at: str = KEYS, **fields: Any) -> str:
    usual = {"name": name} | ({"chosen": ["snapshot", "read"]} if at == KEYS else {})
    return secret_in(send(admin, at, **usual | fields))


def url_of(web: Web) -> str:
    (key,) = [key for key in web.keys.all() if key.name == "plc"]
    return f"{KEYS}/{key.id}"


def rotate(web: Web, admin: FlaskClient, overlap: str) -> TestResponse:
    page = admin.get(url_of(web))
    found = re.search(r'name="replaces" value="([a-z2-7]{8})"', page.text)
    assert found
    return send(admin, f"{url_of(web)}/rotate", overlap=overlap, replaces=found[1])


def status(web: Web, key: str, address: str = EVENTS, **how: Any) -> int:
    return web.client(key).get(address, **how).status_code


def test_a_key_is_shown_once_and_opens_what_its_scopes_say(
    web: Web, admin: FlaskClient
) -> None:
    key = make(admin, chosen=["read"])
    assert status(web, key) == 200
    assert status(web, key, SNAPSHOT) == 403
    assert status(web, key, "/metrics") == 200
    for page in (admin.get(KEYS), admin.get(url_of(web)), admin.get("/audit")):
        assert "plc" in page.text
        assert key not in page.text
        assert key[:15] in page.text or page.request.path == "/audit"
    assert key not in str(admin.get_cookie("mvsnap"))


@pytest.mark.parametrize(
    "ask",
    [
        lambda c, key: c.get(EVENTS, headers={"Authorization": f"Bearer {key}"}),
        lambda c, key: c.get(f"{EVENTS}?apikey={key}"),
        lambda c, key: c.post(
            "/api/v1.0/getSnapshot", json={"apikey": key, "wait_s": 0}
        ),
        lambda c, key: c.post("/webhook", json={"alarm": 1, "apikey": key}),
        lambda c, key: c.post("/webhook", json={"x": 1}, headers={"X-API-Key": key}),
        lambda c, key: c.post(
            "/api/v1.0/badges", headers={"X-API-Key": key}, data=b"[]"
        ),
    ],
    ids=["bearer", "query", "JSON body", "webhook body", "webhook header", "badges"],
)
def test_a_key_of_the_store_is_taken_wherever_one_of_the_file_is(
    shared: Web, shared_admin: FlaskClient, ask: Any
) -> None:
    name = f"plc {len(shared.keys.all())}"
    scopes = ["snapshot", "read", "webhook", "badges"]
    key = make(shared_admin, name, chosen=scopes)
    wrong = key[:-8] + "aaaaaaaa"
    assert ask(shared.client(None), key).status_code in {200, 202, 400}
    assert ask(shared.client(None), wrong).status_code == 401


def test_jobs_name_the_key(web: Web, admin: FlaskClient) -> None:
    web.client(make(admin)).get(SNAPSHOT)
    (job,) = web.accepted
    assert job.trigger.by == "plc"


def test_a_key_keeps_to_its_cameras_and_rooms(web: Web, admin: FlaskClient) -> None:
    key = make(admin, cameras=f"{GATE.lower()}\n", rooms="Yard\nAlarms")
    assert status(web, key, f"{SNAPSHOT}&mvSerial={GATE}") == 202
    assert status(web, key, f"{SNAPSHOT}&mvSerial={DOOR}") == 403
    assert status(web, key, f"{SNAPSHOT}&webexRoom=Lobby") == 403


def test_a_change_of_limits_holds_from_the_next_request_on(
    web: Web, admin: FlaskClient
) -> None:
    key = make(admin)
    other = web.fresh_app().test_client()  # as another process
    ask = {"headers": {"X-API-Key": key}}
    assert other.get(EVENTS, **ask).status_code == 200
    answer = send(admin, f"{url_of(web)}/limits", chosen="snapshot")
    assert answer.status_code == 303
    assert other.get(EVENTS, **ask).status_code == 403
    send(admin, f"{url_of(web)}/switch", on="0")
    refused = other.get(EVENTS, **ask)
    assert refused.status_code == 401
    assert refused.get_json()["error"]["message"] == "This API key is disabled"
    send(admin, f"{url_of(web)}/switch", on="1")
    assert other.get(SNAPSHOT, **ask).status_code == 202
    send(admin, f"{url_of(web)}/remove")
    removed = other.get(EVENTS, **ask)
    assert removed.get_json()["error"]["message"] == "Wrong API key"


def test_a_rotated_key_works_until_the_end_of_the_overlap(
    web: Web, admin: FlaskClient, clock: FakeClock
) -> None:
    old = make(admin)
    new = secret_in(rotate(web, admin, "1"))
    assert (status(web, old), status(web, new)) == (200, 200)
    clock.pass_time(3599)
    assert (status(web, old), status(web, new)) == (200, 200)
    clock.pass_time(1)
    assert (status(web, old), status(web, new)) == (401, 200)


def test_a_form_that_is_sent_twice_rotates_once(web: Web, admin: FlaskClient) -> None:
    make(admin)
    lookup = web.keys.all()[0].secrets[0].lookup
    fields = {"overlap": "24", "replaces": lookup}
    new = secret_in(send(admin, f"{url_of(web)}/rotate", **fields))
    again = send(admin, f"{url_of(web)}/rotate", **fields)
    assert again.status_code == 303
    assert "rotated meanwhile" in admin.get(url_of(web)).text
    assert status(web, new) == 200
    assert len(web.keys.all()[0].secrets) == 2


def test_a_key_expires_at_the_end_of_its_last_day_in_the_site_s_zone(
    tmp_path: Path,
) -> None:
    clock = FakeClock()  # 4 March 2026, 12:00 UTC
    web = Web(tmp_path, clock=clock, site={"timezone": "Europe/Berlin"})
    admin = web.log_in()
    key = make(admin, expires="2026-03-04")
    clock.pass_time(11 * 3600 - 1)
    assert status(web, key) == 200
    clock.pass_time(1)
    assert status(web, key) == 401


def test_the_last_use_is_shown_with_its_address(
    web: Web, admin: FlaskClient, clock: FakeClock
) -> None:
    key = make(admin)
    assert "Not used yet" in admin.get(KEYS).text
    client = web.client(key)
    client.environ_base["REMOTE_ADDR"] = "10.0.0.7"
    client.get(EVENTS)
    assert "Last used Wed 04 Mar 12:00:00 from 10.0.0.7" in admin.get(KEYS).text
    clock.pass_time(14 * 60)
    client.get(EVENTS)
    assert "Last used Wed 04 Mar 12:00:00 from" in admin.get(KEYS).text
    clock.pass_time(2 * 60)
    client.get(EVENTS)
    assert "Last used Wed 04 Mar 12:16:00 from" in admin.get(KEYS).text


def test_a_token_of_the_store_opens_its_address_and_no_other(
    web: Web, admin: FlaskClient
) -> None:
    token = make(admin, "machines", TOKENS, cameras=DOOR, rooms="Yard")
    client = web.client(None)
    assert client.post(f"/webhook/{token}", json={"alarm": 17}).status_code == 202
    (job,) = web.accepted
    assert (job.trigger.by, job.serials, job.rooms) == ("machines", (DOOR,), ("Yard",))
    assert client.get(EVENTS, headers={"X-API-Key": token}).status_code == 401
    key = make(admin, chosen=["webhook"])
    assert client.post(f"/webhook/{key}", json={"alarm": 17}).status_code == 401
    in_file = IN_FILE["tokens"][0]["token"]
    assert client.post(f"/webhook/{in_file}", json={"alarm": 1}).status_code == 202


def test_a_token_s_actions_count_for_alarms_without_a_rule(
    web: Web, admin: FlaskClient
) -> None:
    token = make(admin, "quiet", TOKENS, chosen="ignore")
    answer = web.client(None).post(f"/webhook/{token}", json={"alarm": 17})
    assert answer.get_json()["status"] == "ignored"
    assert web.accepted == []


def test_the_page_of_a_new_token_has_the_whole_address(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, site={"public_url": "https://mv.example/sub"})
    page = send(web.log_in(), TOKENS, name="IXON")
    assert f"https://mv.example/sub/webhook/{secret_in(page)}" in page.text


def test_those_of_the_file_are_listed_without_their_secrets(
    web: Web, admin: FlaskClient
) -> None:
    keys, tokens = admin.get(KEYS).text, admin.get(TOKENS).text
    for name in ("all", "reader", "button"):
        assert f">{name}</span>" in keys
    assert "from the settings file" in keys
    assert "IXON" in tokens
    for secret in (KEY, READER, IN_FILE["tokens"][0]["token"]):
        assert secret not in keys + tokens


@pytest.mark.parametrize(
    ("at", "fields", "said"),
    [
        (KEYS, {"name": ""}, "Enter 1 to 64 characters."),
        (KEYS, {"name": "a" * 65}, "Enter 1 to 64 characters."),
        (KEYS, {"name": "Reader"}, "taken by an entry of the settings file"),
        (KEYS, {"name": "IXON"}, "taken by an entry of the settings file"),
        (KEYS, {"name": "PLC"}, "taken by another key or token"),
        (KEYS, {"name": "a", "cameras": "Gate"}, "'Gate': expected a Meraki serial"),
        (KEYS, {"name": "a", "chosen": "fly"}, "'fly': Input should be"),
        (KEYS, {"name": "a", "chosen": []}, "Choose at least one."),
        (KEYS, {"name": "a", "expires": "2026-03-03"}, "This day is over."),
        (KEYS, {"name": "a", "expires": "tomorrow"}, "expected one like 2026-01-31"),
        (
            TOKENS,
            {"name": "a", "rooms": "\n".join(map(str, range(21)))},
            "expected at most 20 rooms",
        ),
        (TOKENS, {"name": "a", "chosen": ["clip", "ignore"]}, "cannot be combined"),
    ],
)
def test_a_mistake_is_shown_at_its_field_and_nothing_is_made(
    shared: Web,
    shared_admin: FlaskClient,
    at: str,
    fields: dict[str, Any],
    said: str,
) -> None:
    if not any(key.name == "plc" for key in shared.keys.all()):
        make(shared_admin)
    before = shared.keys.all()
    usual = {"chosen": ["read"]} if at == KEYS else {}
    answer = send(shared_admin, at, **usual | fields)
    assert answer.status_code in {400, 409}
    assert said in html.unescape(answer.text)
    assert not SECRET.search(answer.text)
    assert shared.keys.all() == before


def test_a_bad_overlap_rotates_nothing(web: Web, admin: FlaskClient) -> None:
    key = make(admin)
    for overlap in ("", "-1", "721", "9" * 9999):
        assert rotate(web, admin, overlap).status_code == 400
    assert len(web.keys.all()[0].secrets) == 1
    assert status(web, key) == 200


def test_a_huge_form_is_refused_or_cut_without_harm(
    web: Web, admin: FlaskClient
) -> None:
    answer = send(admin, KEYS, name="x" * 20_000, cameras="\n" * 9_000)
    assert answer.status_code == 400
    assert len(answer.text) < 100_000
    assert send(admin, KEYS, name="x" * 200_000).status_code == 413


def test_a_key_that_is_gone_is_404(admin: FlaskClient) -> None:
    assert admin.get(f"{KEYS}/nothing").status_code == 404
    assert send(admin, f"{KEYS}/nothing/remove").status_code == 404


def test_the_rate_and_the_lock_out_hold_for_keys_of_the_store(
    tmp_path: Path,
) -> None:
    web = Web(tmp_path, server={"rate_per_minute": 60})
    key = make(web.log_in())
    wrong = web.client(None)
    guesses = [
        wrong.get(EVENTS, headers={"X-API-Key": f"{key[:-8]}{n:08}"}).status_code
        for n in range(30)
    ]
    assert 429 in guesses
    answers = [status(web, key) for _ in range(70)]
    assert answers[:20] == [200] * 20  # a right key passes while others are locked out
    assert 429 in answers


def test_a_refused_key_is_slowed_as_a_wrong_one(web: Web, admin: FlaskClient) -> None:
    key = make(admin)
    send(admin, f"{url_of(web)}/switch", on="0")
    assert {status(web, key) for _ in range(45)} == {401, 429}
    assert status(web, READER) == 200


def test_without_the_store_a_key_of_it_is_503_and_one_of_the_file_is_known(
    web: Web, admin: FlaskClient
) -> None:
    key = make(admin)
    with web.store._db.writing() as connection:
        connection.execute(text("ALTER TABLE key_secrets RENAME TO away"))
    answer = web.client(key).get(EVENTS)
    assert answer.status_code == 503
    assert answer.get_json()["error"]["code"] == "storage_unavailable"
    assert status(web, READER) == 200
    assert status(web, "no-key-of-anybody") == 401


def test_no_secret_reaches_the_log(
    web: Web, admin: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key, token = make(admin), make(admin, "machines", TOKENS)
    status(web, key)
    web.client(None).post(f"/webhook/{token}", json={"alarm": 1})
    web.client(None).post(f"/webhook/{token}/", data=b"\xff")
    send(admin, f"{url_of(web)}/switch", on="0")
    status(web, key)
    assert "This API key is disabled from 127.0.0.1" in caplog.text
    assert not SECRET.search(caplog.text)
    lines = str([line.change for line in web.audit.lines(AuditFilter(), 99)])
    assert "API key plc" in lines
    assert not SECRET.search(lines)


def test_a_reviewer_gets_none_of_these_pages(web: Web) -> None:
    client = web.log_in(Role.REVIEWER)
    for address in (KEYS, TOKENS, "/settings/people"):
        assert client.get(address).status_code == 403


def test_a_key_of_the_store_alone_makes_the_service_ready(tmp_path: Path) -> None:
    web = Web(tmp_path, api_keys=[])

    def said() -> str:
        return str(web.client(None).get("/readyz").get_json()["parts"]["api_keys"])

    assert said() == "no api_keys: nobody can call the API"
    make(web.log_in())
    assert said() == "ok"


def test_the_page_of_clips_knows_senders_of_the_store(tmp_path: Path) -> None:
    web = Web(tmp_path, **SETTINGS | {"webhooks": {}, "api_keys": []})
    admin = web.log_in()
    assert "No alarm senders are set up yet" in admin.get("/clips").text
    make(admin, "machines", TOKENS)
    assert "No clips yet" in admin.get("/clips").text


@pytest.mark.parametrize("kind", list(KeyKind))
def test_each_choice_of_a_form_says_what_it_means(kind: KeyKind) -> None:
    form = KeyForm(kind, ZoneInfo("UTC"))
    assert [*form.about] == [*form.choices]
