"""What the SDK brings along."""

from __future__ import annotations

import subprocess
import sys

from tests.gateway import environment


def test_the_sdk_comes_without_what_is_never_used() -> None:
    code = (
        "import sys\n"
        "from mvsnap.clients.webex.sdk import webexteamssdk\n"
        "sdk = webexteamssdk()\n"
        "assert sdk is webexteamssdk()\n"
        "assert sdk.WebexTeamsAPI(access_token='x').messages\n"
        "assert not {'jwt', 'cryptography'} & set(sys.modules)\n"
        "import jwt\n"
        "assert jwt.encode\n"
    )
    args = [sys.executable, "-c", code]
    done = subprocess.run(args, env=environment(), capture_output=True, text=True)
    assert not done.stderr
