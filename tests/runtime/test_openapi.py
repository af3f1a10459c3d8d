"""The description of the API holds: schemathesis tries what it allows, and more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.gateway import KEY, clouds, environment, gateway

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)


@pytest.mark.slow
def test_no_request_gets_a_5xx_or_an_answer_the_description_does_not_allow(
    tmp_path: Path,
) -> None:
    with clouds() as simulated:
        simulated.dashboard.rate_limit = None
        server = {"rate_per_minute": 1_000_000, "queue_size": 100_000}
        with gateway(tmp_path, simulated.settings(server=server)) as served:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "schemathesis.cli", "run"),
                    f"{served.url}/api/v1.0/openapi.json",
                    *("--header", f"X-API-Key: {KEY}"),
                    *("--checks", CHECKS),
                    *("--max-examples", "60"),
                    *("--seed", "5004"),
                    *("--request-timeout", "90"),
                    "--suppress-health-check=all",
                    "--no-color",
                ],
                cwd=tmp_path,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
            )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
