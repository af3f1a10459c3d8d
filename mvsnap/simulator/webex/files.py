"""Webex files: the content of a message's files, uploaded, fetched and served."""

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
    """Return the contents of the public addresses of a JSON request.

    Whatever answers 200 is used, even an HTML error page: Webex does the same.

    Raises:
        WebexError: not exactly one address, or it is not available.
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
        # A header can have no other characters (RFC 6266).
        names["filename*"] = f"UTF-8''{quote(file.name, safe='')}"
    response.headers.set("Content-Disposition", disposition, **names)
    return response
