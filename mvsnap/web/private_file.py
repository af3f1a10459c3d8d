"""Pictures and videos as answers: for whoever is logged in, or has the key, now."""

from __future__ import annotations

from pathlib import Path

from flask import Response, send_file

# Nothing stays in a browser after the log-out: the way back in its history asks nobody.
# Nor in a cache in between; `no-cache` is for those that know no other word.
NOT_KEPT = "private, no-cache, no-store"


def private_file(path: Path, mimetype: str, *, name: str | None = None) -> Response:
    """Return a file, whole or the requested range.

    name: offer it as a download of this name, do not display it.
    """
    answer = send_file(
        path,
        mimetype=mimetype,
        conditional=True,
        etag=path.stem,
        as_attachment=name is not None,
        download_name=name,
    )
    answer.headers["Cache-Control"] = NOT_KEPT
    return answer
