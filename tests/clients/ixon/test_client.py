"""What is in the IXON Cloud: companies, routers, services, in both versions."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Response

from mvsnap.clients.ixon.client import Agent, Company, Ixon, ServiceToken
from mvsnap.simulator.ixon.ixon import FakeIxon
from tests.clients.fakes import (
    answering,
)
from tests.clients.ixon.stub import (
    TOKEN,
    as_json,
    client,
    fetched,
    refused,
    stub,
    success,
)


def test_lists_are_read_to_their_last_page(fake: FakeIxon, ixon: Ixon) -> None:
    fake.page_size = 1
    seen = ixon.agents()
    assert [(agent.name, agent.online) for agent in seen] == [
        ("Project D4 packaging robot", True),
        ("Packaging line 2", False),
    ]
    assert [
        a.query.get("page-after") for a in fake.asked if a.path == "/api/agents"
    ] == [
        None,
        fake.agents[0].id,
    ]


def test_a_service_has_what_a_recorder_needs(fake: FakeIxon, ixon: Ixon) -> None:
    fake.page_size = 1
    known = fake.agents[0].servers
    camera, rtsp = ixon.server(known[0].id), ixon.server(known[1].id)
    assert camera.agent == Agent(fake.agents[0].id, "Project D4 packaging robot", True)
    assert (camera.type, camera.port, camera.landing_page) == (
        "http",
        80,
        "/axis-cgi/mjpg/video.cgi",
    )
    assert [camera.gives_http, rtsp.gives_http] == [True, False]
    assert "ixon.agent_server_id" in refused(lambda: ixon.server("nothing")).message


def test_version_1_finds_a_service_and_opens_it(fake: FakeIxon, origin: str) -> None:
    server_id = fake.agents[1].servers[0].id
    with client(f"{origin}/v1", api_version=1) as ixon:
        found = ixon.server(server_id)
        assert (found.name, found.agent.online, found.type) == ("HMI", None, "")
        fake.agents[1].online = True
        assert fetched(ixon.open_web_access(server_id), "/a.jpg").status_code == 200
    assert {a.headers.get("Ixapi-Version") for a in fake.asked[:-1]} == {"1", None}


def test_version_1_opens_a_camera_as_it_speaks(fake: FakeIxon, origin: str) -> None:
    server_id = fake.agents[0].servers[0].id
    with client(f"{origin}/v1", api_version=1) as ixon:
        ixon.open_web_access(server_id, access_type="https")
        ixon.open_web_access(server_id)
    wanted = [call.json for call in fake.asked if call.path == "/v1/webaccess"]
    assert [body["method"] for body in wanted] == ["https", "http"]


def test_the_service_of_another_company_is_not_found(
    fake: FakeIxon, ixon: Ixon
) -> None:
    other = ixon.in_company(ixon.companies()[1].id)
    assert other.agents() == []
    error = refused(lambda: other.open_web_access(fake.agents[0].servers[0].id))
    assert (error.retry, "404" in error.message) == (False, True)
    assert len(ixon.agents()) == 2


def test_without_a_company_only_companies_can_be_asked_for(origin: str) -> None:
    with client(f"{origin}/api") as ixon:
        assert len(ixon.in_company("").companies()) == 2
        assert "ixon.company_id" in refused(ixon.in_company("").agents).message


@pytest.mark.parametrize(
    "page",
    [
        pytest.param({"data": [], "moreAfter": "a"}, id="the same page for ever"),
        pytest.param({"data": [{"publicId": "a"}], "moreAfter": 7}, id="a number"),
    ],
)
def test_a_list_without_end_is_left(page: dict[str, Any]) -> None:
    with stub({"GET /companies": as_json(page)}) as url, client(url) as ixon:
        error = refused(ixon.companies)
    assert ("never ends" in error.message, error.retry) == (True, False)


def test_a_discovery_in_pages_is_read_to_its_end() -> None:
    def answer(method: str, path: str) -> Response:
        if path == "/":
            row = {"rel": "AccessTokenList", "href": "/nowhere"}
            return as_json({"data": [row], "moreAfter": "AccessTokenList"})
        if path.startswith("/?page-after="):
            return as_json({"data": [{"rel": "CompanyList", "href": here[0] + "/c"}]})
        return success([{"publicId": "1", "name": "One\nline"}])

    here: list[str] = []
    with answering(answer) as url, client(url, ServiceToken(TOKEN)) as ixon:
        here.append(url)
        assert ixon.companies() == [Company("1", "One line")]
