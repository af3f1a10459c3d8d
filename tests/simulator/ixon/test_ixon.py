"""The simulated IXON Cloud behaves as its description and its clients say."""

from __future__ import annotations

from typing import Any

import pytest

from mvsnap.simulator.faults import Fault
from mvsnap.simulator.ixon.ixon import COMPANY_ID
from tests.simulator.ixon.client import Client, words


def test_the_discovery_of_version_2_needs_only_the_version(client: Client) -> None:
    answer = client.fetch(f"{client.origin}/api/", headers={"Api-Version": "2"})
    rows = {row["rel"]: row for row in answer.json()["data"]}
    assert rows["AgentServerList"]["href"] == (
        f"{client.origin}/api/agents/{{agentId}}/servers"
    )
    assert rows["WebAccess"]["methods"] == ["POST"]
    assert answer.json()["moreAfter"] is None
    assert client.fetch(f"{client.origin}/api/").status_code == 400


def test_the_discovery_of_version_1_wants_the_application_and_has_links(
    client: Client,
) -> None:
    body = client.ask("GET", "/", version=1).json()
    assert {"rel": "WebAccessList", "href": f"{client.origin}/v1/webaccess"} in body[
        "links"
    ]
    assert (body["type"], body["count"]) == ("Discovery", len(body["links"]))
    refused = client.ask("GET", "/", version=1, headers={"IXapi-Application": "x"})
    assert refused.status_code == 403


@pytest.mark.parametrize("version", [1, 2])
def test_a_login_gives_a_token_that_works_until_it_ends(
    client: Client, version: int
) -> None:
    answer = client.sign_in(version=version)
    assert answer.status_code == 201
    token = answer.json()["data"]["secretId"]
    assert len(token) == 32
    bearer = {"Authorization": f"Bearer {token}"}
    asked = client.ask("GET", "/companies", version=version, headers=bearer)
    assert asked.json()["data"][0] == {
        "publicId": COMPANY_ID,
        "name": "Simulated Works",
    }
    client.ixon.expire_tokens()
    asked = client.ask("GET", "/companies", version=version, headers=bearer)
    assert words(asked) == (401, None, "Authentication failed")


@pytest.mark.parametrize(
    ("otp", "message"),
    [("", "One-Time Password required"), ("000000", "One-Time Password failed")],
)
def test_an_account_with_two_factor_login_wants_a_one_time_password(
    client: Client, otp: str, message: str
) -> None:
    client.ixon.otp = "123456"
    assert words(client.sign_in(otp)) == (401, None, message)
    assert client.sign_in("123456").status_code == 201


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(59, 400), (60, 201), (5_184_000, 201), (5_184_001, 400), (None, 400), ("x", 400)],
)
def test_a_token_lives_from_a_minute_to_sixty_days(
    client: Client, seconds: Any, status: int
) -> None:
    answer = client.sign_in(expires_in=seconds)
    assert answer.status_code == status
    if status == 400:
        assert words(answer)[1] == "expiresIn"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Authorization": "Bearer x"}, 401, id="another token"),
        pytest.param({"Authorization": ""}, 401, id="no token"),
        pytest.param({"Api-Application": "short"}, 400, id="a malformed application"),
        pytest.param({"Api-Application": "abcdef123456"}, 403, id="another one"),
        pytest.param({"Api-Company": "1111"}, 400, id="a malformed company"),
        pytest.param(
            {"Api-Company": "9999-" * 4 + "9999"}, 403, id="a foreign company"
        ),
        pytest.param({"Api-Version": "1"}, 400, id="another version"),
    ],
)
def test_each_header_is_checked(
    client: Client, headers: dict[str, str], status: int
) -> None:
    assert words(client.ask("GET", "/agents", headers=headers))[0] == status


def test_signing_out_ends_the_token(client: Client) -> None:
    bearer = {"Authorization": f"Bearer {client.sign_in().json()['data']['secretId']}"}
    path = "/access-tokens/me"
    assert client.ask("GET", path, headers=bearer).status_code == 200
    assert client.ask("DELETE", path, headers=bearer).status_code == 200
    assert client.ask("GET", path, headers=bearer).status_code == 401


def test_lists_come_in_pages(client: Client) -> None:
    first = client.ask("GET", "/agents", params={"page-size": 1}).json()
    assert [row["name"] for row in first["data"]] == ["Project D4 packaging robot"]
    query = {"page-size": 1, "page-after": first["moreAfter"]}
    second = client.ask("GET", "/agents", params=query).json()
    assert [row["name"] for row in second["data"]] == ["Packaging line 2"]
    assert second["moreAfter"] is None
    for wrong in ({"page-size": 0}, {"page-after": "nothing"}):
        assert client.ask("GET", "/agents", params=wrong).status_code == 400


@pytest.mark.parametrize(
    ("fields", "picked"),
    [
        pytest.param(None, {"name"}, id="none asked for"),
        pytest.param("name", {"name"}, id="one"),
        pytest.param("activeVpnSession.vpnAddress", {"activeVpnSession"}, id="a dot"),
        pytest.param("servers(name,type),name", {"servers", "name"}, id="inner ones"),
        pytest.param("*", {"name", "activeVpnSession", "servers"}, id="all"),
    ],
)
def test_an_answer_holds_the_fields_asked_for(
    client: Client, fields: str | None, picked: set[str]
) -> None:
    query = {} if fields is None else {"fields": fields}
    robot, line = client.ask("GET", "/agents", params=query).json()["data"]
    assert set(robot) == {"publicId", *picked}
    if "activeVpnSession" in picked:
        assert robot["activeVpnSession"]["vpnAddress"]
        assert line["activeVpnSession"] is None
    if fields == "servers(name,type),name":
        assert set(robot["servers"][0]) == {"publicId", "name", "type"}


@pytest.mark.parametrize("fields", ["nonsense", "servers(name", "name)"])
def test_fields_that_cannot_be_are_refused(client: Client, fields: str) -> None:
    assert client.ask("GET", "/agents", params={"fields": fields}).status_code == 400


def test_version_1_knows_ids_and_names_only(client: Client) -> None:
    body = client.ask("GET", "/agents", version=1).json()
    assert [set(row) for row in body["data"]] == [{"publicId", "name"}] * 2
    assert (body["count"], body["links"]) == (2, [])


def test_calls_are_listed_and_go_wrong_on_demand(client: Client) -> None:
    client.ixon.faults.add(Fault("429", "agents", seconds=7))
    answer = client.ask("GET", "/agents")
    assert (answer.headers["Retry-After"], words(answer)[0]) == ("7", 429)
    added = client.fetch(
        f"{client.origin}/fault", "POST", json={"kind": "401", "path": "agents"}
    )
    assert added.status_code == 201
    assert words(client.ask("GET", "/agents"))[0] == 401
    assert client.ask("GET", "/agents").status_code == 200
    assert [asked.path for asked in client.ixon.asked] == ["/api/agents"] * 3


@pytest.mark.parametrize("path", ["/nothing", "/agents/x/servers"])
def test_what_does_not_exist_is_an_error_of_the_api(client: Client, path: str) -> None:
    assert words(client.ask("GET", path))[0] == 404
