"""Webex errors: every way a call fails, as one UpstreamError in our own words. Pure.

No text of an SDK or requests exception is used: they contain the token and local paths.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import requests

from mvsnap.clients import answers
from mvsnap.clients.transport import ExchangeFailed
from mvsnap.errors import UpstreamError
from mvsnap.texts import channel_wordings as wordings
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import WITH

_ADVICE = {
    401: wordings.WEBEX_REFUSED_TOKEN(),
    403: wordings.WEBEX_FORBIDS(),
    404: wordings.WEBEX_UNKNOWN(),
    415: wordings.WEBEX_FILE_KIND(),
    423: wordings.WEBEX_FILE_CHECKED(),
    429: wordings.WEBEX_BUSY(),
}


def translate(
    exc: Exception, answer: requests.Response | None, token: str, *, posting: bool
) -> UpstreamError:
    """Return our error for what the SDK raised.

    answer: the last answer of the call, None if there was none.
    posting: the call sends a message, so it may have arrived without our knowing.
    """
    if isinstance(exc, ExchangeFailed):
        return UpstreamError(
            wordings.WEBEX_UNREACHABLE(why=exc.words),
            retry=exc.again,
            unsure=posting and exc.sent,
        )
    if isinstance(exc, requests.TooManyRedirects):
        return UpstreamError(wordings.WEBEX_REDIRECTS(), retry=False)
    if answer is None:
        kind = type(exc).__name__
        if _is_our_trouble(exc):
            return UpstreamError(wordings.WEBEX_NOT_CALLED(name=kind), retry=True)
        return UpstreamError(wordings.WEBEX_NOT_CALLABLE(name=kind), retry=False)
    if answer.status_code == 200:
        return UpstreamError(
            _tracked(wordings.WEBEX_UNEXPECTED(), answer, None, token),
            retry=True,
            unsure=posting,
        )
    return _refusal(answer, token, posting=posting)


def _is_our_trouble(exc: Exception) -> bool:
    """Return whether this machine failed, such as by too many open files; that passes.

    The SDK turns an OSError of the picture into an AttributeError while closing it.
    """
    of_requests = isinstance(exc, requests.RequestException)
    return isinstance(exc, OSError | AttributeError) and not of_requests


def _refusal(answer: requests.Response, token: str, *, posting: bool) -> UpstreamError:
    status = answer.status_code
    body = answers.parse_json(answer.content)
    said = body.get("message") if isinstance(body, dict) else None
    # The message alone: the errors beside it repeat it.
    if isinstance(said, str):
        words = answers.clean(said, token)
    else:
        words = answers.reason(answer.content, token)
    other = wordings.WEBEX_ERROR if status >= 500 else wordings.WEBEX_REFUSED
    why = _ADVICE.get(status) or other(status=status)
    if words:
        why = WITH(first=why, then=words)
    return UpstreamError(
        _tracked(why, answer, body, token),
        # 401, too: with a corrected token the waiting messages must be delivered.
        retry=status in (401, 408, 423, 429) or status >= 500,
        retry_after_s=answers.retry_after_s(
            answer.headers.get("Retry-After"), datetime.now(UTC)
        ),
        # 502 and 503 come from in front of Webex; 500 and 504 may come from behind.
        unsure=posting and status in (500, 504),
    )


def _tracked(why: Reason, answer: requests.Response, body: Any, token: str) -> Reason:
    """Return it with the tracking id, which Cisco's support asks for."""
    found = body.get("trackingId") if isinstance(body, dict) else None
    found = found or answer.headers.get("TrackingID")
    if not found:
        return why
    return wordings.TRACKED(what=why, id=answers.clean(str(found), token)[:100])
