"""`migrate`, as a person runs it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mvsnap.config.load import load
from tests.cli.run import mvsnap

SECRETS = ("key-of-the-dashboard", "token-of-the-bot", "key-of-24-characters-long")
INI = f"""\
[meraki]
apiKey = {SECRETS[0]}
mvserial = Q2SM-0000-0001
[webex]
webexBotToken = {SECRETS[1]}
[apigw]
serverPort = 5010
apigwToken = {SECRETS[2]}
[other]
password = {SECRETS[0]}
"""
RUN = "from pathlib import Path\nPath('it-was-run').touch()\nMQTT_PORT = 1884\n"


def test_an_old_file_becomes_settings_that_can_be_checked(tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text(INI)
    (tmp_path / "config.py").write_text(RUN)
    done = mvsnap(tmp_path, "migrate", "config.ini", "config.py")
    assert done.code == 0, done.err
    path = tmp_path / "config" / "mvsnap.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = load(path, {})
    assert (made.server.port, made.sense.port) == (5010, 1884)
    assert sorted(made.secrets()) == sorted(SECRETS)
    assert "meraki.mvserial -> meraki.cameras: Q2SM-0000-0001" in done.out
    assert "meraki.apiKey -> meraki.api_key: (hidden)" in done.out
    assert "not moved: other.password: not known" in done.err
    assert not [text for text in SECRETS if text in done.out + done.err]
    assert not (tmp_path / "it-was-run").exists()


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    (tmp_path / "old.ini").write_text("[apigw]\nserverPort = 5010\n")
    new = tmp_path / "new.yaml"
    new.write_text("site: {name: Gate}\n")
    refused = mvsnap(tmp_path, "migrate", "old.ini", "--output", "new.yaml")
    assert (refused.code, new.read_text()) == (1, "site: {name: Gate}\n")
    assert "new.yaml exists" in refused.err
    done = mvsnap(tmp_path, "migrate", "old.ini", "--output", "new.yaml", "--force")
    assert (done.code, load(new, {}).site.name) == (0, "")
    assert load(new, {}).server.port == 5010
    assert stat.S_IMODE(new.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "text", "code", "said"),
    [
        ("old.py", "OTHER = 1\x1b[2J\n", 1, "not Python"),
        ("old.yml", '"a\\e[2Jb": 1\n', 1, "not moved: a?[2Jb: not known"),
        ("old.txt", "a = 1", 1, "expected a file named"),
        ("missing.ini", None, 2, "does not exist"),
    ],
)
def test_what_cannot_be_used_writes_nothing(
    tmp_path: Path, name: str, text: str | None, code: int, said: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    done = mvsnap(tmp_path, "migrate", name)
    assert done.code == code
    assert said in done.err
    assert "\x1b" not in done.out + done.err
    assert not (tmp_path / "config").exists()
