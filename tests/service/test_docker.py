"""Dockerfile and compose.yaml fit the program. Building needs a daemon: not here."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from compose_spec import PyOptions

from mvsnap.cli.serve import serve
from mvsnap.config.load import load
from mvsnap.config.server import ServerSection
from mvsnap.tls import load_chain
from tests.gateway import clouds, gateway
from tests.servers.certificates import make_pair
from tests.servers.s3 import ObjectStore

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = (ROOT / "compose.yaml").read_text()
SERVICES: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
OURS = {name: s for name, s in SERVICES.items() if s["image"] == "mvsnap"}
PORT = ServerSection().port


def instructions(word: str) -> Iterator[str]:
    """Yield what stands behind each instruction of the Dockerfile, in one line."""
    text = re.sub(r"(?m)^#.*\n", "", DOCKERFILE).replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith(f"{word} "):
            yield line.removeprefix(f"{word} ")


def test_the_dockerfile_is_clean() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [linter, "-"], input=DOCKERFILE, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_compose_is_as_specified() -> None:
    read = PyOptions(apply_merge=True).from_yaml
    read(COMPOSE).validate()
    # It does look: at what belongs together, too.
    wrong = COMPOSE.replace("secrets: [bucket]", "secrets: [nothing]")
    with pytest.raises(ValueError, match="not defined"):
        read(wrong).validate()


def test_what_is_copied_is_there_and_sent_to_the_daemon() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line[1:] for line in ignored if line.startswith("!")}
    copied = {
        source
        for line in instructions("COPY")
        if "--from" not in line
        for source in shlex.split(line)[:-1]
    }
    assert "*" in ignored
    assert copied == sent
    assert [name for name in copied if not (ROOT / name).exists()] == []


def test_the_image_installs_as_everybody_does_with_extras_that_exist() -> None:
    (install,) = (line for line in instructions("RUN") if "pip install" in line)
    assert "--constraint requirements.lock" in install
    (extras,) = re.findall(r"\.\[([a-z0-9,-]+)\]", install)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


def test_it_does_not_run_as_root() -> None:
    (user,) = instructions("USER")
    (uid,) = (line for line in instructions("ARG") if line.startswith("UID="))
    assert user == "$UID"
    assert int(uid.removeprefix("UID=")) > 0


def test_ports_and_folders_are_those_of_the_program() -> None:
    folder = [*instructions("WORKDIR")][-1]
    assert [*instructions("EXPOSE")] == [str(PORT)]
    assert SERVICES["web"]["ports"] == [f"{PORT}:{PORT}"]
    for name, service in OURS.items():
        settings, data = f"./config:{folder}/config", f"{name}:{folder}/data"
        assert service["volumes"] == [settings, data]


def test_the_services_together_have_every_role_once() -> None:
    roles = [
        role
        for service in OURS.values()
        for role in serve.make_context("serve", service["command"][1:])
        .params["roles"]
        .split(",")
    ]
    assert sorted(roles) == ["record", "sense", "web", "worker"]


def test_the_environment_holds_settings_and_no_secret(tmp_path: Path) -> None:
    """A secret is the name of a file which Docker puts there."""
    environ = dict(OURS["worker"]["environment"])
    secrets = {
        "DATABASE_URL": "postgresql+psycopg://mvsnap:secret@database/mvsnap\n",
        "STORAGE__S3__SECRET_KEY": "secret\n",
    }
    for name, value in secrets.items():
        variable = f"MVSNAP_{name}_FILE"
        given = Path(environ[variable])
        assert given.parent == Path("/run/secrets")
        assert given.name in OURS["worker"]["secrets"]
        (tmp_path / given.name).write_text(value)
        environ[variable] = str(tmp_path / given.name)
    settings = load(tmp_path / "config" / "mvsnap.yaml", environ)
    assert settings.database_url is not None
    assert settings.sense.host in SERVICES
    assert settings.storage.s3 is not None
    assert urlsplit(settings.storage.s3.endpoint_url or "").hostname in SERVICES


def test_the_bucket_takes_files_with_the_key_that_the_documentation_makes(
    tmp_path: Path,
) -> None:
    """Its command, with the same program from another package."""
    text = (ROOT / "docs" / "docker.md").read_text()
    makes = [line for line in text.splitlines() if "secrets/bucket" in line]
    (tmp_path / "secrets").mkdir()
    subprocess.run(["sh", "-ec", "\n".join(makes)], cwd=tmp_path, check=True)
    environ = OURS["worker"]["environment"]
    key = (tmp_path / "secrets" / "bucket-key").read_text().strip()
    given = [
        option.replace("/data", str(tmp_path)).replace(
            "/run/secrets/bucket", str(tmp_path / "secrets" / "bucket.json")
        )
        for option in SERVICES["bucket"]["command"]
    ]
    access_key = environ["MVSNAP_STORAGE__S3__ACCESS_KEY"]
    store = ObjectStore(tmp_path, given, access_key, key)
    try:
        store.start()
        bucket = environ["MVSNAP_STORAGE__S3__BUCKET"]
        store.client.put_object(Bucket=bucket, Key="a", Body=b"a picture")
        assert store.content(bucket, "a") == b"a picture"
    finally:
        store.stop()


def is_healthy(port: int) -> bool:
    (check,) = instructions("HEALTHCHECK")
    program, flag, code = json.loads(check.partition("CMD")[2])
    assert (program, flag) == ("python", "-c")
    here = code.replace(f":{PORT}/", f":{port}/")
    done = subprocess.run(
        [sys.executable, "-c", here], capture_output=True, check=False
    )
    return done.returncode == 0


def test_the_health_check_is_green_where_it_serves(tmp_path: Path) -> None:
    with clouds() as simulated, gateway(tmp_path, simulated.settings()) as served:
        assert is_healthy(served.port)
    assert not is_healthy(served.port)


class Alive(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_the_health_check_is_green_with_tls(tmp_path: Path) -> None:
    pair = make_pair(tmp_path)
    server = HTTPServer(("127.0.0.1", 0), Alive)
    server.socket = load_chain(pair.cert, pair.key).wrap_socket(
        server.socket, server_side=True
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    assert is_healthy(server.server_port)
    server.shutdown()
    thread.join()
    server.server_close()
