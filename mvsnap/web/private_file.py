"""Pictures and videos as answers: for whoever is logged in, or has the key, now."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, cast

from flask import Response, request, send_file
from werkzeug.wsgi import FileWrapper

from mvsnap.errors import EvidenceAway, NotFound, UpstreamError
from mvsnap.store.files.evidence import EvidenceStream

log = logging.getLogger(__name__)

# Nothing stays in a browser after the log-out: the way back in its history asks nobody.
# Nor in a cache in between; `no-cache` is for those that know no other word.
NOT_KEPT = "private, no-cache, no-store"


_READ_BYTES = 256 * 1024


def private_file(
    file: Path | EvidenceStream,
    mimetype: str,
    *,
    etag: str = "",
    name: str | None = None,
) -> Response:
    """Return a file, whole or the requested range; a stored one is closed at the end.

    etag: default: the file's name. name: offer it as a download of this name, do not
    display it.
    """
    if isinstance(file, Path):
        answer = send_file(
            file,
            mimetype=mimetype,
            conditional=True,
            etag=etag or file.stem,
            as_attachment=name is not None,
            download_name=name,
        )
    else:
        answer = _streamed(file, mimetype, etag)
        if name is not None:
            answer.headers.set("Content-Disposition", "attachment", filename=name)
    answer.headers["Cache-Control"] = NOT_KEPT
    return answer


def private_picture(path: Path | None, missing: str) -> Response:
    """Return a picture. Raises NotFound, with this text, where there is none."""
    if path is None:
        raise NotFound(missing)
    return private_file(path, "image/jpeg")


def _streamed(file: EvidenceStream, mimetype: str, etag: str) -> Response:
    answer = Response(
        FileWrapper(cast("IO[bytes]", file), _READ_BYTES),
        mimetype=mimetype,
        direct_passthrough=True,
    )
    answer.call_on_close(file.close)
    answer.content_length = file.size_bytes
    answer.last_modified = file.changed_at
    answer.set_etag(etag)
    answer.make_conditional(
        request.environ, accept_ranges=True, complete_length=file.size_bytes
    )
    if answer.status_code in (200, 206) and request.method != "HEAD":
        parts = iter(cast("Iterable[bytes]", answer.response))
        try:
            first = next(parts, b"")
        except UpstreamError as exc:
            raise EvidenceAway("The bucket broke off; try again") from exc
        answer.response = _with_rest(first, parts)
    return answer


def _with_rest(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    """Yield all parts. Raises TimeoutError, for the connection to be closed amid it."""
    yield first
    try:
        yield from rest
    except UpstreamError as exc:
        log.warning("a clip broke off while it was sent: %s", exc.message)
        raise TimeoutError from None
