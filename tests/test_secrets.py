"""No key, token or picture address in a log line, an error or an answer."""

from __future__ import annotations

from pathlib import Path

import pytest

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
