"""Who is believed about a request's address, scheme, host and prefix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import request

from mvsnap.config.model import Settings
from tests.web.build import KEY, READER, Web

EVENTS = "/api/v1.0/events"
SNAPSHOT = "/api/v1.0/getSnapshot?wait_s=0"


def seen(tmp_path: Path, peer: str, server: dict[str, Any], **headers: str) -> str:
    """Return address and URL of a request as the application sees it."""
    web = Web(tmp_path, server=server)
    environ = {"REMOTE_ADDR": peer} | {
        f"HTTP_X_FORWARDED_{name.upper()}": text for name, text in headers.items()
    }
    found: list[str] = []

    @web.app.before_request
    def note() -> None:
        found.append(f"{request.remote_addr} {request.url_root}")

    web.app.test_client().get("/healthz", environ_overrides=environ)
    web.close()
    return found[0]


NAMED = {"trusted_proxies": ["127.0.0.1", "10.0.0.0/24", "2001:db8::/64"]}


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "address"),
    [
        ("127.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.9", "198.51.100.7", "198.51.100.7"),
        ("2001:db8::1", "198.51.100.7", "198.51.100.7"),
        ("::ffff:10.0.0.9", "198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.7, 10.0.0.4", "198.51.100.7"),
        ("127.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("127.0.0.1", "[2001:db8:1::5]:80", "2001:db8:1::5"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "6.6.6.6, nonsense, 10.0.0.4", "10.0.0.4"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("198.51.100.1", "10.0.0.1", "198.51.100.1"),
        ("192.0.2.5", "198.51.100.7", "192.0.2.5"),
    ],
)
def test_the_caller_is_the_nearest_that_is_no_proxy(
    tmp_path: Path, peer: str, forwarded_for: str, address: str
) -> None:
    found = seen(tmp_path, peer, NAMED, **{"for": forwarded_for})
    assert found == f"{address} http://localhost/"


def test_many_hops_are_looked_at_from_the_near_end_only(tmp_path: Path) -> None:
    hops = ", ".join(["6.6.6.6", *["10.0.0.1"] * 500])
    assert seen(tmp_path, "127.0.0.1", NAMED, **{"for": hops}).startswith("10.0.0.1 ")


@pytest.mark.parametrize(
    ("peer", "forwarded", "headers", "root"),
    [
        ("10.0.0.1", [], {"proto": "https"}, "https://localhost/"),
        ("10.0.0.1", [], {"proto": "ftp"}, "http://localhost/"),
        ("192.0.2.5", [], {"proto": "https"}, "http://localhost/"),
        ("10.0.0.1", [], {"host": "evil.example"}, "http://localhost/"),
        ("10.0.0.1", [], {"prefix": "/evil"}, "http://localhost/"),
        ("10.0.0.1", ["host"], {"host": "cam.example"}, "http://cam.example/"),
        (
            "10.0.0.1",
            ["host"],
            {"host": "cam.example:8443"},
            "http://cam.example:8443/",
        ),
        ("10.0.0.1", ["host"], {"host": "a@b/c"}, "http://localhost/"),
        ("10.0.0.1", ["prefix"], {"prefix": "/mvsnap"}, "http://localhost/mvsnap/"),
        ("10.0.0.1", ["prefix"], {"prefix": "//evil.example"}, "http://localhost/"),
        ("192.0.2.5", ["host"], {"host": "evil.example"}, "http://localhost/"),
    ],
)
def test_host_and_prefix_count_only_if_asked(
    tmp_path: Path,
    peer: str,
    forwarded: list[str],
    headers: dict[str, str],
    root: str,
) -> None:
    found = seen(tmp_path, peer, NAMED | {"forwarded": forwarded}, **headers)
    assert found == f"{peer} {root}"


@pytest.mark.parametrize("server", [NAMED, {"trusted_proxies": 1}, {}], ids=str)
def test_without_a_proxy_nothing_forwarded_counts(
    tmp_path: Path, server: dict[str, Any]
) -> None:
    plain = seen(tmp_path, "192.0.2.5", server, host="evil.example", prefix="/evil")
    assert plain == "192.0.2.5 http://localhost/"


def test_wrong_keys_of_a_spoofing_client_are_counted(tmp_path: Path) -> None:
    web = Web(tmp_path, server={"trusted_proxies": ["10.0.0.1"]})
    client = web.client(None)
    client.environ_base["REMOTE_ADDR"] = "192.0.2.5"
    statuses = [
        client.get(
            EVENTS,
            headers={"X-API-Key": f"wrong-{n}", "X-Forwarded-For": f"10.9.0.{n}"},
        ).status_code
        for n in range(45)
    ]
    assert 429 in statuses


@pytest.mark.parametrize(
    ("public_url", "prefix", "expected"),
    [
        (None, "", "http://localhost/api/"),
        (None, "/mvsnap", "http://localhost/mvsnap/api/"),
        ("https://cam.example/mvsnap", "/mvsnap", "https://cam.example/mvsnap/api/"),
        ("https://cam.example/mvsnap", "", "https://cam.example/mvsnap/api/"),
        ("https://cam.example", "", "https://cam.example/api/"),
    ],
)
def test_links_are_right_below_a_path(
    tmp_path: Path, public_url: str | None, prefix: str, expected: str
) -> None:
    site = {} if public_url is None else {"public_url": public_url}
    web = Web(tmp_path, server=NAMED | {"forwarded": ["prefix"]}, site=site)
    headers = {"X-Forwarded-Prefix": prefix, "X-API-Key": KEY}
    client = web.client()
    answer = client.get(SNAPSHOT, headers=headers)
    assert answer.json is not None
    assert answer.json["job"]["url"].startswith(expected)
    described: Any = client.get("/api/v1.0/openapi.json", headers=headers).json
    root = public_url or prefix or "/"
    assert described["servers"] == [{"url": root}]


def test_metrics_need_a_key_everywhere(tmp_path: Path) -> None:
    web = Web(tmp_path)
    stranger = web.client(None)
    assert stranger.get("/metrics").status_code == 401
    assert stranger.get("/metrics", headers={"X-API-Key": READER}).status_code == 200


@pytest.mark.parametrize(
    ("given", "warns"), [(2, True), (0, False), ([], False), (["10.0.0.1"], False)]
)
def test_a_number_of_proxies_is_warned_about(given: object, warns: bool) -> None:
    settings = Settings.model_validate({"server": {"trusted_proxies": given}})
    assert settings.server.believes_anyone is warns
