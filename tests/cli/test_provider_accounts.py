"""`users`, `check` and `serve` where people log in with a provider."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mvsnap.cli import main
from mvsnap.config.load import load
from mvsnap.config.model import Settings
from mvsnap.errors import BadConfig
from mvsnap.simulator.ports import free_port
from tests.cli.run import configure, mvsnap
from tests.cli.test_users import add, roles
from tests.oidc.odd_provider import CLIENT, SECRET, new_key, odd_provider
from tests.web.build import Web


def settings(issuer: str, /, **more: Any) -> dict[str, Any]:
    ours = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET}
    oidc = {**ours, "roles": {"admin": ["it"]}, **more}
    return {
        "login": {"backend": "oidc", "oidc": oidc},
        "site": {"public_url": "https://gate.example/mvsnap"},
    }


def log_ins(folder: Path) -> str:
    lines = mvsnap(folder, "check").out.splitlines()
    return next(line for line in lines if " logins " in line)


def test_check_asks_the_provider_and_says_what_it_must_know(tmp_path: Path) -> None:
    with odd_provider(new_key()) as odd:
        configure(tmp_path, settings(odd.url))
        line = log_ins(tmp_path)
        assert line.startswith("ok")
        assert "signs with RS256, ES256" in line
        assert "https://gate.example/mvsnap/login/oidc/callback" in line
        odd.document = {"issuer": "https://evil.example"}
        line = log_ins(tmp_path)
        assert line.startswith("bad")
        assert "the issuer there is 'https://evil.example'" in line
    line = log_ins(tmp_path)
    assert line.startswith("bad")
    assert "connection refused" in line


def test_users_are_added_by_the_provider_or_are_local_admins(tmp_path: Path) -> None:
    issuer = f"http://127.0.0.1:{free_port()}"
    configure(tmp_path, settings(issuer))
    said = add(tmp_path, "anna")
    assert said.code == 1
    assert "the provider adds people" in said.err
    configure(tmp_path, settings(issuer, local_admins=True))
    assert add(tmp_path, "anna").code == 0
    assert roles(tmp_path) == {"anna": "admin"}


def test_init_asks_about_the_provider_and_tries_it(tmp_path: Path) -> None:
    # Site and zone; no Meraki, Webex, IXON and cameras; then the provider, three times.
    skipped = ["Site A", "UTC", "", "", "", ""]
    path = tmp_path / "config" / "mvsnap.yaml"
    away = f"http://127.0.0.1:{free_port()}"
    with odd_provider(new_key()) as odd:
        client = [CLIENT, SECRET, "groups", "it"]
        plain = "http://login.example"
        answers = [*skipped, plain, *client, away, *client, odd.url, *client]
        said = CliRunner().invoke(
            main,
            ["--config", str(path), "init", "--logins", "oidc"],
            input="\n".join(answers) + "\n",
            env={"COLUMNS": "200"},
        )
    assert said.exit_code == 0, said.output
    assert "expected an address that starts with https://" in said.output
    assert "connection refused" in said.output
    login = load(path).login
    assert (login.backend, login.oidc.issuer) == ("oidc", odd.url)
    assert login.oidc.roles.admin == ("it",)
    assert SECRET not in said.output


def test_a_missing_library_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [n for n in sys.modules if n.startswith("mvsnap.oidc")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "authlib.oidc.core", None)
    with pytest.raises(BadConfig, match="pip install 'Authlib"):
        Web(tmp_path, **settings("https://login.example"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"issuer": "http://login.example"}, "starts with https://"),
        ({"issuer": "https://a.example/.well-known/openid-configuration"}, "without"),
        ({"client_id": None}, "missing: client_id"),
        ({"roles": {}}, "nobody could log in"),
        ({"roles": {"admin": ["*"]}}, "only possible for viewer"),
    ],
)
def test_mistakes_in_the_settings_are_named(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Settings.model_validate(settings("https://login.example", **wrong))


def test_without_a_provider_there_is_no_backend() -> None:
    with pytest.raises(ValueError, match="oidc: missing: issuer, client_id, roles"):
        Settings.model_validate({"login": {"backend": "oidc"}})


def test_who_does_not_use_a_provider_loads_nothing_of_it(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from tests.web.build import Web; "
        f"Web(Path({str(tmp_path)!r})); "
        "print([n for n in sys.modules if n.startswith(('authlib', 'joserfc'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"
