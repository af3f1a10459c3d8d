"""Webhooks of Webex are registered once, and repaired when Webex disables them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from mvsnap.clients.webex.client import Webex
from mvsnap.clients.webex.webhooks import WebexWebhooks
from mvsnap.errors import UpstreamError
from mvsnap.simulator.webex.webex import FakeWebex
from tests.conftest import Clouds

URL, SECRET = "https://mvsnap.example.com/webex", "a-secret"


@pytest.fixture
def webex(clouds: Clouds) -> Iterator[Webex]:
    with closing(Webex(clouds.webex_url, clouds.webex.bot_token)) as made:
        yield made


@pytest.fixture
def cloud(clouds: Clouds) -> FakeWebex:
    return clouds.webex


def ours(webex: Webex, *, url: str = URL, name: str = "mvsnap-1") -> WebexWebhooks:
    return WebexWebhooks(webex, name, url, SECRET)


def test_both_are_registered_once(webex: Webex, cloud: FakeWebex) -> None:
    assert len(ours(webex).repair(renew=True)) == 2
    assert ours(webex).repair(renew=False) == []
    assert {(h.resource, h.event, h.target_url, h.secret) for h in cloud.webhooks} == {
        ("messages", "created", URL, SECRET),
        ("attachmentActions", "created", URL, SECRET),
    }


def test_a_disabled_one_is_enabled_again(webex: Webex, cloud: FakeWebex) -> None:
    ours(webex).repair(renew=True)
    cloud.webhooks[0].is_active = False
    assert ours(webex).repair(renew=False) == ["messages repaired"]
    assert all(hook.is_active for hook in cloud.webhooks)


def test_another_address_or_secret_replaces_the_old(
    webex: Webex, cloud: FakeWebex
) -> None:
    ours(webex, url="https://old.example/webex").repair(renew=True)
    cloud.webhooks[1].secret = "an-old-secret"
    ours(webex).repair(renew=True)
    assert {(h.target_url, h.secret) for h in cloud.webhooks} == {(URL, SECRET)}
    assert len(cloud.webhooks) == 2


def test_two_that_were_registered_at_once_become_one(
    webex: Webex, cloud: FakeWebex
) -> None:
    ours(webex).repair(renew=True)
    cloud.webhooks.append(cloud.webhooks[0])
    assert len(ours(webex).repair(renew=False)) == 1
    assert len(cloud.webhooks) == 2


def test_those_of_another_gateway_with_the_same_bot_stay(
    webex: Webex, cloud: FakeWebex
) -> None:
    ours(webex, name="mvsnap-2", url="https://other.example/webex").repair(renew=True)
    ours(webex).repair(renew=True)
    assert len(cloud.webhooks) == 4


def test_a_wrong_token_is_said(clouds: Clouds) -> None:
    with (
        closing(Webex(clouds.webex_url, "another-token")) as webex,
        pytest.raises(UpstreamError, match="bot's token"),
    ):
        ours(webex).repair(renew=True)
