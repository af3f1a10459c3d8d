"""The description of the API holds: schemathesis tries what it allows, and more."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from mvsnap.config.model import Scope
from mvsnap.web import auth
from tests.gateway import KEY, clouds, environment, gateway
from tests.runtime.secret_settings import ANSWERS, SETTINGS
from tests.web.build import Web
from tests.web.described import described

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)


def test_every_answer_and_error_has_a_schema_with_a_name() -> None:
    for path, operations in described()["paths"].items():
        for method, operation in operations.items():
            for status, answer in operation["responses"].items():
                if answer.keys() == {"$ref"}:
                    continue
                for kind, content in answer.get("content", {}).items():
                    if kind == "application/json":
                        where = f"{method} {path} {status}"
                        assert content["schema"].keys() == {"$ref"}, where


def test_every_reference_of_the_description_leads_somewhere() -> None:
    components = described()["components"]
    text = json.dumps(described())
    named = set(re.findall(r'"#/components/(\w+)/(\w+)"', text))
    assert named
    assert [name for kind, name in named if name not in components[kind]] == []


def test_answers_are_held_against_the_description(tmp_path: Path) -> None:
    web = Web(tmp_path)
    assert web.client().get("/healthz").status_code == 200
    assert web.client(None).get("/api/v1.0/events").status_code == 401
    assert web.client().get("/api/v1.0/events").status_code == 200
    assert web.described[0].checked == 3


def test_control_an_answer_against_the_description_is_noted(tmp_path: Path) -> None:
    web = Web(tmp_path)
    web.app.view_functions["ops.healthz"] = auth.public(lambda: {"status": "ok"})
    assert web.client().get("/healthz").status_code == 200
    (wrong,) = web.described[0].wrong
    assert wrong == "GET /healthz 200: 'version' is a required property"
    web.described.clear()  # `close` would find it, too


@pytest.mark.slow
def test_no_request_gets_a_5xx_or_an_answer_the_description_does_not_allow(
    tmp_path: Path,
) -> None:
    with clouds() as simulated:
        simulated.dashboard.rate_limit = None
        server = {"rate_per_minute": 1_000_000, "queue_size": 100_000}
        keys = [{"name": "all", "key": KEY, "scopes": get_args(Scope)}]
        settings = simulated.settings(api_keys=keys, server=server, **SETTINGS)
        with gateway(tmp_path, settings) as served:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "run"),
                    f"{served.url}/api/v1.0/openapi.json",
                    *("--header", f"X-API-Key: {KEY}"),
                    *("--checks", CHECKS),
                    *("--max-examples", "25"),
                    *("--seed", "5004"),
                    *("--request-timeout", "90"),
                    "--suppress-health-check=all",
                    "--no-color",
                ],
                cwd=tmp_path,
                env=environment(SCHEMATHESIS_HOOKS="tests.runtime.right_secrets"),
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
            )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    answers = Counter((tmp_path / ANSWERS).read_text().splitlines())
    assert got_past_the_secrets(answers), answers


def got_past_the_secrets(answers: Counter[str]) -> bool:
    """Whether what asks for one was often admitted, at each of its addresses."""
    return all(
        answers[admitted] > 5
        for admitted in (
            "GET /scanning/{token} 200",
            "POST /scanning/{token} 200",
            "POST /webhook/{token} 202",
            "POST /webhook 202",
            "POST /api/v1.0/mutes 201",
        )
    )
