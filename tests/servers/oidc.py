"""A real OpenID Connect provider: panva's certified one, run by Node.js."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mvsnap.simulator.ports import free_port
from tests.servers.processes import NotThere, Program, require, running

ROOT = Path(__file__).parent.parent.parent
LIBRARY = ROOT / ".venv/npm/node_modules/oidc-provider/lib/index.js"
CLIENT, SECRET = "mvsnap", "a secret of the tests"


@contextmanager
def provider(gateway: str, people: dict[str, Any]) -> Iterator[tuple[str, Program]]:
    """Yield the issuer, for a gateway at this address, and the program.

    people: claims by the name that is typed at the login, with any password.
    """
    if not LIBRARY.exists():
        raise NotThere("no oidc-provider: .ci/install test")
    port = free_port()
    client = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [f"{gateway}/login/oidc/callback"],
        "post_logout_redirect_uris": [f"{gateway}/login"],
        "backchannel_logout_uri": f"{gateway}/login/oidc/logout",
        "backchannel_logout_session_required": True,
    }
    given = json.dumps({"port": port, "client": client, "people": people})
    script = Path(__file__).with_name("oidc_provider.mjs")
    args: list[str | Path] = [
        require("node", "nodejs"),
        script,
        LIBRARY.as_uri(),
        given,
    ]
    with running(args) as program:
        program.wait_for_output("the provider listens")
        yield f"http://127.0.0.1:{port}", program
