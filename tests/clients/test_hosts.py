from __future__ import annotations

import pytest

from mvsnap.clients.hosts import MERAKI_HOSTS, is_trusted

OWN = "http://127.0.0.1:8080/api/v1"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://n123.meraki.com/api/v1/x", id="a shard"),
        pytest.param("https://api.meraki.ca/api/v1", id="Canada"),
        pytest.param("https://API.GOV-Meraki.com/api/v1", id="government, capitals"),
        pytest.param("http://127.0.0.1:8080/other", id="the very same origin"),
    ],
)
def test_merakis_hosts_and_the_own_origin_are_trusted(url: str) -> None:
    assert is_trusted(url, MERAKI_HOSTS, OWN)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://n123.meraki.com/api/v1", id="no TLS"),
        pytest.param("https://evilmeraki.com/", id="not on a label boundary"),
        pytest.param("https://meraki.com.evil.example/", id="a prefix"),
        pytest.param("https://api.meraki.com@evil.example/", id="a user name"),
        pytest.param("https://evil.example\\@api.meraki.com/", id="a backslash"),
        pytest.param("https://evil.example/.meraki.com", id="in the path"),
        pytest.param("https://evil.example#.meraki.com", id="in the fragment"),
        pytest.param("https://api.meraki.com\n.evil.example/", id="a line end"),
        pytest.param("http://127.0.0.1:8081/api/v1", id="another port"),
        pytest.param("https://127.0.0.1:8080/api/v1", id="another scheme"),
        pytest.param("file:///etc/passwd", id="a file"),
        pytest.param("//evil.example/", id="no scheme"),
        pytest.param("https://api.meraki.com:port/", id="no port number"),
        pytest.param("https://[::1/", id="a broken address"),
        pytest.param("", id="nothing"),
    ],
)
def test_nothing_else_is_trusted(url: str) -> None:
    assert not is_trusted(url, MERAKI_HOSTS, OWN)


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        pytest.param("http://127.0.0.1:9/x", True, id="loopback that was named"),
        pytest.param("http://192.0.2.1/x", False, id="named, but not loopback"),
    ],
)
def test_plain_http_is_only_for_simulators_on_loopback(url: str, trusted: bool) -> None:
    assert is_trusted(url, ("127.0.0.1", "192.0.2.1"), OWN) is trusted
