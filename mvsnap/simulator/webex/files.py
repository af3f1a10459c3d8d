"""Webex files: where the bytes of a message come from, and how they are given out."""

from __future__ import annotations

import http.client
import posixpath
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Response, request

from mvsnap.simulator.webex.errors import WebexError
from mvsnap.simulator.webex.model import MAX_FILE_BYTES, SimFile, new_id

_FETCH_TIMEOUT_S = 5


def uploaded() -> list[SimFile]:
    """Return the `files` parts of a multipart request."""
    return [
        SimFile(
            new_id("CONTENT"),
            sent.filename or "file",
            sent.mimetype,
            sent.stream.read(MAX_FILE_BYTES + 1),
        )
        for sent in request.files.getlist("files")
    ]


def fetched(urls: Any) -> list[SimFile]:
    """Return what the public addresses of a JSON request lead to.

    Whatever answers 200 is taken, an HTML error page too: so does Webex.

    Raises:
        WebexError: not exactly one address, or nothing to be had there.
    """
    if not isinstance(urls, list) or len(urls) != 1:
        raise WebexError(400, "Only one file is allowed.")
    url = str(urls[0])
    if not url.startswith(("http://", "https://")):
        raise WebexError(400, "Unable to retrieve content.")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_FETCH_TIMEOUT_S) as answer:
            data: bytes = answer.read(MAX_FILE_BYTES + 1)
            kind: str = answer.headers.get_content_type()
    except urllib.error.HTTPError as exc:
        exc.close()
        raise WebexError(400, "Unable to retrieve content.") from exc
    except (OSError, ValueError, http.client.HTTPException) as exc:
        raise WebexError(400, "Unable to retrieve content.") from exc
    name = posixpath.basename(urlsplit(url).path) or "file"
    return [SimFile(new_id("CONTENT"), name, kind, data)]


def file_answer(file: SimFile, disposition: str = "attachment") -> Response:
    response = Response(file.data, content_type=file.content_type)
    names = {"filename": file.name.encode("ascii", "replace").decode()}
    if not file.name.isascii():
        # A header holds no other messages (RFC 6266).
        names["filename*"] = f"UTF-8''{quote(file.name, safe='')}"
    response.headers.set("Content-Disposition", disposition, **names)
    return response
