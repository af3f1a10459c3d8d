"""Head of a request: how much of it may come before anybody looks at it.

gunicorn reads up to 800 KiB; and some patterns that libraries apply
to headers take quadratic time, with every other thread waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from mvsnap.web.answers import ErrorAnswer, ErrorDetails, json_text

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BYTES = 16_384
# Werkzeug splits it by a quadratic pattern. Browsers send some 150 characters.
_MAX_ACCEPT = 1024
_ACCEPT = ("HTTP_ACCEPT", "HTTP_ACCEPT_LANGUAGE", "HTTP_ACCEPT_ENCODING")
_SPOKEN = ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")
TOO_LONG = ErrorAnswer(
    ErrorDetails(
        "head_too_long",
        f"The request's head is too long (expected at most {MAX_BYTES} bytes)",
    )
)
_REFUSAL = Response(json_text(TOO_LONG), 431, mimetype="application/json")


class HeadLimit:
    """WSGI middleware: 431 for a head of more than 16 KiB, whatever the server."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        if _length(environ) > MAX_BYTES:
            return _REFUSAL(environ, start_response)
        for name in _ACCEPT:
            if len(environ.get(name, "")) > _MAX_ACCEPT:
                del environ[name]  # as if it was not sent
        return self._app(environ, start_response)


def _length(environ: WSGIEnvironment) -> int:
    return sum(
        len(name) + len(value)
        for name, value in environ.items()
        if name in _SPOKEN or name.startswith("HTTP_")
    )
