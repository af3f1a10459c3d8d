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

_ADVICE = {
    400: "Webex refused the request (400)",
    401: "Webex refused the bot's token (401): fix webex.bot_token, "
    "and waiting messages"
    " will be delivered",
    403: "Webex forbids this to the bot (403): check its rights in the room",
    404: "Webex cannot find this room, person or message (404): is "
    "the bot in the room?",
    415: "Webex does not accept this kind of file (415)",
    423: "Webex is still checking a file (423)",
    429: "Webex received too many messages from this bot (429)",
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
            f"Webex could not be reached: {exc.words}",
            retry=exc.again,
            unsure=posting and exc.sent,
        )
    if isinstance(exc, requests.TooManyRedirects):
        return UpstreamError(
            "Webex answered with a redirect: not followed", retry=False
        )
    if answer is None:
        kind = type(exc).__name__
        if _is_our_trouble(exc):
            return UpstreamError(
                f"The call to Webex could not be made ({kind})", retry=True
            )
        return UpstreamError(
            f"The call to Webex could not be made ({kind}): check webex.base_url and"
            " webex.bot_token",
            retry=False,
        )
    if answer.status_code == 200:
        return UpstreamError(
            "Webex returned an unexpected answer (200): is there a proxy"
            f" or a login page in between?{_tracking(answer, None, token)}",
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
    default = f"Webex reports an error ({status})" if status >= 500 else None
    advice = _ADVICE.get(status, default or f"Webex refused the request ({status})")
    return UpstreamError(
        advice + (f": {words}" if words else "") + _tracking(answer, body, token),
        # 401, too: with a corrected token the waiting messages must be delivered.
        retry=status in (401, 408, 423, 429) or status >= 500,
        retry_after_s=answers.retry_after_s(
            answer.headers.get("Retry-After"), datetime.now(UTC)
        ),
        # 502 and 503 come from in front of Webex; 500 and 504 may come from behind.
        unsure=posting and status in (500, 504),
    )


def _tracking(answer: requests.Response, body: Any, token: str) -> str:
    """Return ` [tracking id ...]`, which Cisco's support asks for."""
    found = body.get("trackingId") if isinstance(body, dict) else None
    found = found or answer.headers.get("TrackingID")
    return f" [tracking id {answers.clean(str(found), token)[:100]}]" if found else ""
