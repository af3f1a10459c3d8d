"""What requests brings along, in processes of their own."""

from __future__ import annotations

import subprocess
import sys

from tests.gateway import environment

_GUESSES = "{'charset_normalizer', 'chardet'}"


def _run(*lines: str) -> None:
    code = "\n".join(("import sys", *lines))
    args = [sys.executable, "-c", code]
    done = subprocess.run(args, env=environment(), capture_output=True, text=True)
    assert not done.stderr


def test_what_guesses_encodings_is_imported_when_it_is_asked() -> None:
    _run(
        "import mvsnap.runtime.service",
        "import requests",
        f"assert not {_GUESSES} & set(sys.modules)",
        "answer = requests.Response()",
        "answer._content = 'Grüße aus der Küche, schöne'.encode('utf-8')",
        "assert answer.text.startswith('Grüße')",
        "import charset_normalizer as real",
        "assert requests.compat.chardet.detect is real.detect",
        "assert requests.compat.chardet.__version__ == real.__version__",
    )


def test_where_requests_is_there_already_it_stays_as_it_is() -> None:
    _run(
        "import requests",
        "before = set(sys.modules)",
        "import mvsnap.clients",
        f"assert {_GUESSES} & set(sys.modules) == {_GUESSES} & before != set()",
    )
