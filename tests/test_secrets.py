"""No key, token or picture address in a log line, an error or an answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mvsnap.config.load import load, settings_of
from mvsnap.config.model import Settings
from mvsnap.config.shape import Shape, shape_of
from mvsnap.errors import BadConfig
from mvsnap.simulator.faults import KINDS, Fault
from tests.gateway import KEY, Clouds, Gateway, clouds, gateway

WRONG_KEY = "a-wrong-key-somebody-typed"


def ask_in_every_way(served: Gateway) -> list[str]:
    """Return the texts of answers to good and bad requests."""
    session = served.session()
    root = f"{served.url}/api/v1.0"
    requests = [
        session.get(f"{root}/getSnapshot", params={"apikey": KEY}),
        session.get(f"{root}/getSnapshot", params={"apikey": WRONG_KEY}),
        session.get(f"{root}/getSnapshot", params={"apikey": KEY, "mvSerial": "x"}),
        session.get(f"{root}/getSnapshot", params={"apikey": KEY, "apikeys": KEY}),
        session.post(f"{root}/getSnapshot", json={"apikey": KEY, "wait_s": 20}),
        session.post(f"{root}/getSnapshot", json=[KEY]),
        session.get(f"{root}/events", params={"apikey": KEY}),
        session.get(f"{root}/events.csv", params={"apikey": KEY}),
        session.get(f"{served.url}/metrics", params={"apikey": KEY}),
        session.get(f"{served.url}/readyz"),
        session.get(f"{served.url}/nothing", params={"apikey": KEY}),
    ]
    return [answer.text for answer in requests]


def go_wrong_in_every_way(simulated: Clouds, served: Gateway) -> list[str]:
    texts = []
    for kind in sorted(KINDS):
        for cloud in (simulated.dashboard, simulated.webex):
            cloud.faults.add(Fault(kind, times=2, seconds=1.0))
        texts.append(served.snapshot(wait_s="3").text)
    return texts


@pytest.mark.slow
def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    with clouds() as simulated:
        settings = simulated.settings(server={"rate_per_minute": 100_000})
        with gateway(tmp_path, settings) as served:
            texts = ask_in_every_way(served)
            texts += go_wrong_in_every_way(simulated, served)
        texts.append(served.output())
        said = "\n".join(texts)
        dashboard, webex = simulated.dashboard, simulated.webex
        messages = "\n".join(message.markdown for message in webex.messages)
    assert dashboard.picture_secrets
    secrets = [KEY, WRONG_KEY, dashboard.api_key, webex.bot_token]
    secrets += dashboard.picture_secrets
    secrets += [url.rpartition("/")[2] for url in dashboard.picture_secrets]
    assert [secret for secret in secrets if secret in said] == []
    assert [secret for secret in secrets if secret in messages] == []


SECRET = "zq7-W%4"
Keys = tuple[str | int, ...]


def paths_of(section: type[BaseModel], above: Keys = ()) -> Iterator[tuple[Keys, bool]]:
    """Yield the path of every setting, and whether it is a secret."""
    for name, field in section.model_fields.items():
        shape, inner = shape_of(field)
        path = (*above, name)
        yield path, "SecretStr" in repr(field.annotation)
        if shape is not Shape.VALUE:
            entries: dict[Shape, Keys] = {Shape.LIST: (0,), Shape.NAMED: ("Gate",)}
            yield from paths_of(inner, path + entries.get(shape, ()))


def tree_of(path: Keys, value: object) -> Any:
    """Return settings in which this is the only one."""
    for key in reversed(path):
        value = {key: value} if isinstance(key, str) else [value]
    return value


PATHS = sorted(paths_of(Settings), key=str)


@pytest.mark.parametrize("path", [p for p, is_secret in PATHS if is_secret], ids=str)
def test_no_mistake_shows_a_secret_setting(path: Keys) -> None:
    values: list[Any] = [
        SECRET,
        [SECRET],
        {SECRET: SECRET},
        {"a": [SECRET]},
        [[SECRET]],
    ]
    for value in values:
        assert SECRET not in mistakes_of(tree_of(path, value))
    # A number: no other text of the message contains this one.
    assert "74747" not in mistakes_of(tree_of(path, 74747))
    # A misspelt name, or one level too high.
    assert SECRET not in mistakes_of(tree_of((*path[:-1], "kee"), SECRET))
    if above := path[:-1]:
        for value in (SECRET, [SECRET], 74747):
            said = mistakes_of(tree_of(above, value))
            assert SECRET not in said
            assert "74747" not in said


@pytest.mark.parametrize(
    "path", [p for p, is_secret in PATHS if not is_secret], ids=str
)
def test_no_mistake_shows_a_secret_inside_an_address(path: Keys) -> None:
    for value in (f"ftp://me:{SECRET}@host", f"me:{SECRET}@h", f"h://h/?key={SECRET}"):
        assert SECRET not in mistakes_of(tree_of(path, value)), value


def mistakes_of(tree: Any) -> str:
    try:
        settings_of(tree)
    except BadConfig as exc:
        return exc.message
    return ""


@pytest.mark.parametrize(
    "text",
    [
        f"webex: {{bot_token: *{SECRET}}}",
        f"webex: {{bot_token: !{SECRET} x}}",
        f"webex:\n  bot_token: &a {SECRET}: b",
        f"webex:\n  bot_token: '{SECRET}",
        f"webex:\n  bot_token: @{SECRET}",
        f"{SECRET}",
        f"[{SECRET}]",
    ],
)
def test_a_file_that_is_no_yaml_shows_no_secret(tmp_path: Path, text: str) -> None:
    path = tmp_path / "mvsnap.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadConfig) as caught:
        load(path, {})
    assert "zq7" not in caught.value.message
    assert str(path) in caught.value.message


def test_a_secret_in_place_of_its_file_is_not_shown(tmp_path: Path) -> None:
    variables = {"MVSNAP_WEBEX__BOT_TOKEN_FILE": SECRET}
    with pytest.raises(BadConfig) as caught:
        load(tmp_path / "mvsnap.yaml", variables)
    assert SECRET not in caught.value.message
