"""One GET to a watcher that expects it: healthchecks.io, Uptime Kuma and alike.

The address contains the secret: no error and no log line has it.
"""

from __future__ import annotations

import requests

from mvsnap import __version__
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.errors import UpstreamError
from mvsnap.texts.service_wordings import HEARTBEAT, IT_ANSWERED, UNKNOWN_ADDRESS
from mvsnap.texts.wordings import ADDRESS_UNUSABLE

_TIMEOUT_S = 10.0
_MOST_BYTES = 64 * 1024
# healthchecks.io says 200 to any address.
_NOT_FOUND = b"not found"


def ping(url: str) -> None:
    """Say that all is well.

    Raises:
        UpstreamError: the watcher did not take note.
    """
    with guard(
        requests.Session(), url, secret=True, max_body_bytes=_MOST_BYTES
    ) as http:
        http.headers["User-Agent"] = f"mvsnap/{__version__}"
        try:
            answer = http.get(url, timeout=_TIMEOUT_S, allow_redirects=False)
        except ExchangeFailed as exc:
            raise UpstreamError(HEARTBEAT(why=exc.words), retry=exc.again) from None
        except (requests.RequestException, ValueError):
            words = HEARTBEAT(why=ADDRESS_UNUSABLE())
            raise UpstreamError(words, retry=False) from None
    status = answer.status_code
    if not 200 <= status < 300:
        raise UpstreamError(HEARTBEAT(why=IT_ANSWERED(status=status)), retry=True)
    if _NOT_FOUND in answer.content[:200].lower():
        raise UpstreamError(HEARTBEAT(why=UNKNOWN_ADDRESS()), retry=False)
