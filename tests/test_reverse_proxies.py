"""The samples of docs/https.md in a real nginx and Caddy, before a real gateway."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from html import unescape
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import requests
import yaml
from markdown_it import MarkdownIt
from requests.adapters import HTTPAdapter

from mvsnap.config.model import Settings
from mvsnap.simulator.ports import free_port
from tests.cli.run import mvsnap
from tests.gateway import KEY, Gateway, clouds, environment, gateway
from tests.servers.certificates import Pair, make_pair
from tests.servers.processes import require, running

ROOT = Path(__file__).parent.parent
PASSWORD = "a long enough password"
# Another address of loopback than the proxy's own.
VISITOR = "127.0.0.2"
SCANNING = {
    "token": "a-token-of-the-network",
    "validator": "a-validator-of-the-tests",
    "secret": "a-secret-of-the-tests",
}


@functools.cache
def samples() -> dict[str, list[str]]:
    """Return the code of the page by language, in its order."""
    found: dict[str, list[str]] = {}
    for token in MarkdownIt().parse((ROOT / "docs/https.md").read_text()):
        if token.type == "fence":
            found.setdefault(token.info, []).append(token.content)
    return found


def replaced(text: str, changes: dict[str, str]) -> str:
    """Replace each, which has to be there."""
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@dataclass(frozen=True)
class Place:
    """One of the two ways to be reached, as the page has it: settings and samples."""

    at: int  # which sample of each language
    settings: dict[str, Any]

    @property
    def public_url(self) -> str:
        url: str = self.settings["site"]["public_url"]
        return url

    @property
    def path(self) -> str:
        return urlsplit(self.public_url).path


# The first YAML of the page is about TLS without a proxy.
PLACES = {
    name: Place(at, yaml.safe_load(samples()["yaml"][at + 1]))
    for at, name in enumerate(("host", "path"))
}


def nginx(place: Place, port: int, to: int, pair: Pair, folder: Path) -> list[str]:
    whole = samples()["nginx"][0]
    sample = samples()["nginx"][place.at]
    if place.path:
        first_lines = whole.partition("\n\n")[0]
        sample = f"{first_lines}\n{sample}}}"
    sample = replaced(
        sample,
        {
            "listen 443": f"listen 127.0.0.1:{port}",
            "/etc/letsencrypt/live/cam.example/fullchain.pem": str(pair.cert),
            "/etc/letsencrypt/live/cam.example/privkey.pem": str(pair.key),
            "127.0.0.1:5004": f"127.0.0.1:{to}",
        },
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; user root; pid {folder}/pid; error_log stderr;\n"
        f"events {{}}\nhttp {{\n{temporary}\n{sample}\n}}\n"
    )
    program = require("nginx", "nginx")
    return [program, "-e", "stderr", "-p", str(folder), "-c", str(file)]


def caddy(place: Place, port: int, to: int, pair: Pair, folder: Path) -> list[str]:
    host = urlsplit(place.public_url).hostname
    # Bound to one address: on all of them, any connection may have the port already.
    opening = f"https://localhost:{port} {{\nbind 127.0.0.1\ntls {pair.cert} {pair.key}"
    sample = replaced(
        samples()["caddy"][place.at],
        {
            f"{host} {{": opening,
            "127.0.0.1:5004": f"127.0.0.1:{to}",
        },
    )
    file = folder / "Caddyfile"
    file.write_text(f"{{\nadmin off\nauto_https disable_redirects\n}}\n{sample}")
    program = require("caddy", "caddy")
    return [program, "run", "--config", str(file), "--adapter", "caddyfile"]


@pytest.fixture(scope="module", params=PLACES)
def behind(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Place, Gateway]]:
    """A gateway with the settings of the page, and a person who may log in."""
    place = PLACES[request.param]
    assert Settings.model_validate(place.settings)
    folder = tmp_path_factory.mktemp("gateway")
    with clouds() as simulated:
        known = simulated.settings(scanning={"endpoints": [SCANNING]}, **place.settings)
        known["site"] |= {"security_contact": "it@plant.example"}
        with gateway(folder, known) as served:
            add = ("users", "add", "anna", "--role", "admin", "--password-file", "-")
            said = mvsnap(folder, *add, stdin=PASSWORD)
            assert said.code == 0, said.err
            yield place, served


@dataclass
class Front:
    """A proxy in front, seen by a browser and by programs."""

    place: Place
    url: str  # instead of the public one
    session: requests.Session

    def here(self, url: str) -> str:
        """Return the address of a link, which has to begin with the public URL."""
        assert url.startswith(f"{self.place.public_url}/"), url
        return self.url + url.removeprefix(self.place.public_url)

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(urljoin(f"{self.url}/", path), timeout=90, **more)

    def post(self, path: str, **more: Any) -> requests.Response:
        return self.session.post(urljoin(f"{self.url}/", path), timeout=90, **more)

    def log_in(self) -> requests.Response:
        form = self.get("")
        fields = {"csrf_token": csrf_token(form.text), "name": "anna"}
        return self.post(form.url, data=fields | {"password": PASSWORD})


class From(HTTPAdapter):
    """Connects from the visitor's address."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, source_address=(VISITOR, 0))


def csrf_token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert found, page
    return found[1]


@pytest.fixture(scope="module")
def fronts(
    behind: tuple[Place, Gateway], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Front]]:
    with ExitStack() as stack:
        yield {
            command.__name__: stack.enter_context(
                proxy(command, *behind, tmp_path_factory.mktemp("proxy"))
            )
            for command in (nginx, caddy)
        }


@pytest.fixture(params=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, fronts: dict[str, Front]) -> Front:
    return fronts[request.param]


@contextmanager
def proxy(
    command: Callable[[Place, int, int, Pair, Path], list[str]],
    place: Place,
    served: Gateway,
    folder: Path,
) -> Iterator[Front]:
    pair, port = make_pair(folder), free_port()
    args = command(place, port, served.port, pair, folder)
    env = environment(HOME=str(folder), XDG_DATA_HOME=str(folder))
    with running(args, env=env) as program, requests.Session() as session:
        session.trust_env = False
        session.verify = str(pair.cert)
        session.headers["Accept"] = "text/html,*/*;q=0.8"
        session.mount("https://", From())
        front = Front(place, f"https://localhost:{port}{place.path}", session)

        def serves() -> bool:
            try:
                return front.get("healthz").status_code == 200
            except requests.ConnectionError:
                return False

        program.wait_for(serves, "the proxy serves")
        yield front


def test_from_log_in_to_log_out(front: Front) -> None:
    front.session.headers["X-Forwarded-For"] = "6.6.6.6"
    entered = front.log_in()
    assert entered.status_code == 200
    assert [one.status_code for one in entered.history] == [303]
    the_cookie_is_for_this_place(front)
    every_address_is_below_the_path(front, entered.text)
    token = {"csrf_token": csrf_token(front.get("settings/mutes").text)}
    sent = front.post("settings/mutes", data=token | {"minutes": "5"})
    assert sent.url == f"{front.url}/settings/mutes"
    assert "anna" in sent.text
    rows = front.get("audit.csv").text
    assert VISITOR in rows  # and not what the visitor says
    assert "6.6.6.6" not in rows
    assert front.post("logout", data=token).url == f"{front.url}/login"
    assert front.get("settings").url.startswith(f"{front.url}/login?next=")


def the_cookie_is_for_this_place(front: Front) -> None:
    jar: CookieJar = front.session.cookies
    (cookie,) = jar
    assert cookie.name == ("__Secure" if front.place.path else "__Host") + "-mvsnap"
    assert cookie.path == (front.place.path or "/")
    assert cookie.secure


def every_address_is_below_the_path(front: Front, page: str) -> None:
    found = re.findall(r'(?:href|src|action|data-[\w-]+)="(/[^"]*)"', page)
    assert len(found) > 10
    for path in {unescape(path) for path in found}:
        assert path.startswith(f"{front.place.path}/"), path
        if not path.endswith("/logout"):
            assert front.get(path).status_code == 200, path


def test_programs_get_links_that_work(front: Front) -> None:
    address = "api/v1.0/getSnapshot?wait_s=60"
    taken = front.get(address, headers={"X-API-Key": KEY})
    assert taken.status_code == 200, taken.text
    answer = taken.json()
    (camera,) = answer["cameras"]
    for link, kind in (
        (answer["job"]["url"], "application/json"),
        (camera["snapshot_url"], "image/jpeg"),
    ):
        got = front.get(front.here(link), headers={"X-API-Key": KEY})
        assert (got.status_code, got.headers["Content-Type"]) == (200, kind)
    described = front.get("api/v1.0/openapi.json").json()
    assert described["servers"] == [{"url": front.place.public_url}]
    table = front.get("api/v1.0/events.csv", headers={"X-API-Key": KEY})
    assert table.status_code == 200
    assert len(table.text.splitlines()) > 1


def test_large_bodies_are_for_scanning_alone(front: Front) -> None:
    text = b'{"text": "' + b"x" * 1_300_000 + b'"}'
    assert front.post("webhook", data=text).status_code == 413
    there = f"scanning/{SCANNING['token']}"
    assert front.get(there).text == SCANNING["validator"]
    assert front.post(there, data=text).status_code == 401
    whole = text.replace(b"{", b'{"secret": "a-secret-of-the-tests", ', 1)
    assert front.post(there, data=whole).status_code == 400


def test_what_is_reached_without_a_login(front: Front) -> None:
    told = front.get("healthz").headers["Strict-Transport-Security"]
    assert told == "max-age=31536000"
    at_the_root = front.get("/.well-known/security.txt")
    assert at_the_root.text.startswith("Contact: mailto:it@plant.example\n")
    if front.place.path:
        assert front.get(front.url).url == f"{front.url}/login?next={front.place.path}/"
