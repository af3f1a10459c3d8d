"""Which broker is used for Home Assistant, and which mistakes are named."""

from __future__ import annotations

from typing import Any

import pytest

from mvsnap.config.load import settings_of
from mvsnap.errors import BadConfig
from mvsnap.runtime.home_assistant import login

SENSE = {"host": "cameras.local", "port": 8883, "tls": True, "username": "a"}


def test_without_a_host_the_broker_of_sense_is_used() -> None:
    settings = settings_of({"sense": SENSE, "home_assistant": {"enabled": True}})
    found = login(settings)
    assert (found.host, found.port, found.tls) == ("cameras.local", 8883, True)
    assert found.username == "a"


def test_with_a_host_nothing_of_sense_is_used() -> None:
    own = {"enabled": True, "host": "ha.local", "password": "a-password"}
    settings = settings_of({"sense": SENSE, "home_assistant": own})
    found = login(settings)
    assert (found.host, found.port, found.tls) == ("ha.local", 1883, False)
    assert (found.username, found.password) == (None, "a-password")
    assert "a-password" in settings.secrets()
    assert "a-password" not in repr(settings)


@pytest.mark.parametrize(
    ("given", "mistake"),
    [
        ({"username": "x"}, "username: set, but host is missing"),
        ({"port": 8883}, "port: set, but host is missing"),
        ({"host": "h", "ca_file": "ca.pem"}, "ca_file: set, but tls is off"),
        ({"topic_prefix": "a/#"}, "topic_prefix"),
        ({"topic_prefix": "/a"}, "topic_prefix"),
        ({"topic_prefix": "a" * 101}, "topic_prefix"),
        ({"topic_prefix": "homeassistant"}, "must not be discovery_prefix"),
        ({"discovery_prefix": ""}, "discovery_prefix"),
    ],
)
def test_mistakes_are_named(given: dict[str, Any], mistake: str) -> None:
    with pytest.raises(BadConfig) as caught:
        settings_of({"home_assistant": given})
    (line,) = caught.value.mistakes
    assert line.startswith("home_assistant")
    assert mistake in line
