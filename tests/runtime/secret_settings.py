"""Settings with tokens and secrets that tests of the whole API know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

TOKEN = "a-token-of-the-tests-only"
SHARED = "a-shared-secret-of-the-tests"
SECRET = "a-scanning-secret-of-the-tests"
VALIDATOR = "a-validator-of-the-tests"
# In the working directory: a line for each call.
ANSWERS = Path("answers.txt")

SETTINGS: dict[str, Any] = {
    "webhooks": {"tokens": [{"name": "tests", "token": TOKEN}]}
    | {"meraki_shared_secret": SHARED},
    "scanning": {
        "endpoints": [{"token": TOKEN, "validator": VALIDATOR, "secret": SECRET}]
    },
}
