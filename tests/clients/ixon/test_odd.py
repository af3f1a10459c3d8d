"""Invalid answers of IXON, and what errors may say about them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from flask import Response, request

from mvsnap.clients.ixon.client import Ixon, ServiceToken
from mvsnap.errors import UpstreamError
from mvsnap.simulator.faults import Fault
from mvsnap.simulator.ixon.app import ixon_app
from mvsnap.simulator.ixon.ixon import FakeIxon
from mvsnap.simulator.server import serve
from tests.clients.fakes import (
    answering,
    drip,
    raw_server,
    read_request,
    unused_origin,
)
from tests.clients.ixon.stub import (
    ACCOUNT,
    APPLICATION,
    PASSWORD,
    TOKEN,
    Answer,
    as_json,
    client,
    redirect,
    refused,
    stub,
    success,
)


@pytest.mark.parametrize(
    ("kind", "retry", "words", "wait_s"),
    [
        pytest.param("429", True, "too busy (429)", 7, id="429"),
        pytest.param(
            "429-garbage-retry-after", True, "too busy (429)", None, id="429, garbage"
        ),
        pytest.param("500-html", True, "reports an error (500)", None, id="500"),
        pytest.param("502", True, "reports an error (502)", None, id="502"),
        pytest.param("503-html", True, "reports an error (503)", None, id="503"),
        pytest.param("html-200", True, "without JSON", None, id="a login page"),
        pytest.param("empty-404", False, "(404)", None, id="an empty 404"),
        pytest.param("reset", True, "the connection broke", None, id="a reset"),
    ],
)
@pytest.mark.parametrize("path", ["GET /api/$", "access-tokens", "agents"])
def test_every_error_says_whether_to_retry(
    fake: FakeIxon,
    ixon: Ixon,
    path: str,
    kind: str,
    retry: bool,
    words: str,
    wait_s: Any,
) -> None:
    fake.faults.add(Fault(kind, path, seconds=7))
    error = refused(ixon.agents)
    assert words in error.message
    assert (error.retry, error.retry_after_s) == (retry, wait_s)


@pytest.mark.parametrize(
    ("answer", "retry", "words"),
    [
        pytest.param(Response("", 200), True, "without JSON", id="empty"),
        pytest.param(Response("", 204), True, "without JSON", id="204"),
        pytest.param(as_json([1]), True, "without JSON", id="a list"),
        pytest.param(as_json({}), True, "than a list", id="no data"),
        pytest.param(
            as_json({"status": "error", "data": [{"message": "Bad x"}]}),
            False,
            "Bad x",
            id="an error with 200",
        ),
        pytest.param(as_json({"data": "x"}, 400), False, "(400)", id="odd error"),
        pytest.param(
            as_json({"data": [{"message": "Wrong", "propertyName": "a"}, 1]}, 422),
            False,
            "(422): a: Wrong",
            id="a property",
        ),
        pytest.param(redirect("https://192.0.2.1/"), False, "redirect", id="redirect"),
    ],
)
def test_odd_answers_become_words(answer: Response, retry: bool, words: str) -> None:
    with stub({"GET /companies": answer}) as url, client(url) as ixon:
        error = refused(ixon.companies)
    assert words in error.message
    assert error.retry is retry


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"secretId": ""}, id="empty"),
        pytest.param({"secretId": 7}, id="a number"),
        pytest.param([], id="nothing"),
    ],
)
def test_a_login_without_a_token_is_no_login(answer: Any) -> None:
    with stub({"POST /login": success(answer)}) as url, client(url) as ixon:
        error = refused(ixon.companies)
    assert error.message == "IXON returned no token after the login"
    assert error.retry


def test_a_server_that_drips_is_left_in_time() -> None:
    with (
        raw_server(partial(drip, head=b"HTTP/1.1 200 OK\r\n\r\n")) as url,
        client(url, timeout_s=0.3) as ixon,
    ):
        error = refused(ixon.companies)
    assert error.message == ("IXON is unreachable: no complete answer within 0.3 s")
    assert error.retry


def test_keys_are_not_sent_where_the_discovery_leads_astray(fake: FakeIxon) -> None:
    other = FakeIxon(application_id=APPLICATION)
    with serve(ixon_app(fake)) as origin, serve(ixon_app(other)) as astray:
        fake.links_to = astray
        with client(f"{origin}/api") as ixon:
            error = refused(ixon.companies)
    assert ("another server" in error.message, error.retry) == (True, False)
    assert other.asked == []


def test_an_api_that_names_nothing_is_not_ixons() -> None:
    with stub({"GET /": success([])}) as url, client(url) as ixon:
        error = refused(ixon.companies)
    assert "check ixon.base_url and ixon.api_version" in error.message


def troubles(url: str) -> list[str]:
    """Call everything against `url` and return the texts of all errors."""
    told = [repr(ACCOUNT), repr(ServiceToken(TOKEN))]
    for credentials in (ACCOUNT, ServiceToken(TOKEN)):
        with client(url, credentials, timeout_s=0.3) as ixon:
            told.append(repr(vars(ixon)))
            for call in (
                ixon.companies,
                ixon.agents,
                lambda ixon=ixon: ixon.open_web_access("x", limit_s=0.3),
            ):
                try:
                    told.append(repr(call()))
                except UpstreamError as exc:
                    told += [str(exc), repr(vars(exc)), repr(exc.__context__)]
                    told += traceback.format_exception(exc)
    return told


def places() -> Iterator[str]:
    """Yield clouds that refuse, drip, hang up, and repeat what they were sent."""
    yield unused_origin()
    yield "nonsense"
    for talk in (drip, read_request):
        with raw_server(talk) as url:  # type: ignore[arg-type]  # result unused
            yield url
    for status in (302, 403, 404, 429):
        again = partial(echo, status)
        with answering(lambda *_, again=again: again()) as url:
            yield url
    for status in (200, 400, 401, 500):
        again = partial(echo, status)
        for what in ("POST /login", "GET /companies", "POST /access"):
            with stub({what: again}) as url:
                yield url
        links: dict[str, Answer] = {"GET /?auth=very-secret-code": again}
        with stub(links) as url:
            links["POST /access"] = success({"url": f"{url}/?auth=very-secret-code"})
            yield url


def echo(status: int) -> Response:
    """Return an error that repeats the keys of the request, and a secret link."""
    sent = request.headers.get("Authorization", "")
    plain = PASSWORD if sent.startswith("Basic") else ""
    link = "https://192.0.2.1/?auth=very-secret-code"
    body = {"status": "error", "data": [{"message": f"bad {sent} {plain} {link}"}]}
    return as_json(body, status, Location=link)


def test_no_secret_is_revealed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    for url in places():
        told += troubles(url)
    told += [record.getMessage() for record in caplog.records]
    told += [record.exc_text or "" for record in caplog.records]
    assert len(told) > 200
    basic = ACCOUNT.basic().removeprefix("Basic ")
    for text in told:
        assert not any(s in text for s in ("very-secret", PASSWORD, basic)), text


def test_an_opened_camera_leaves_no_trace_in_log_and_repr(
    fake: FakeIxon, ixon: Ixon, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    access = ixon.open_web_access(fake.agents[0].servers[0].id)
    assert repr(access) == "WebAccess()"
    told = [record.getMessage() for record in caplog.records]
    assert "signed in to IXON" in told
    for text in told:
        assert not any(secret in text for secret in fake.secrets), text
