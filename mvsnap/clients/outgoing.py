"""Requests to receivers that an admin chose: a webhook, a messenger.

Each has a time limit and no second attempt, follows no redirect, and no error or log
line has its address, which is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from mvsnap import __version__
from mvsnap.clients import answers
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.errors import UpstreamError
from mvsnap.texts import channel_wordings as wordings
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import WITH

_TIMEOUT_S = 20.0
_MOST_BYTES = 1024 * 1024
# What is right or wrong for ever: the same request will not be accepted later.
_FINAL = frozenset((400, 402, 405, 406, 409, 410, 411, 413, 414, 415, 422, 431, 451))


def send(method: str, url: str, *, timeout_s: float, **given: Any) -> requests.Response:
    """Make one request, as `requests.request` does.

    Raises:
        requests.RequestException: there was no answer.
    """
    with guard(
        requests.Session(), url, secret=True, max_body_bytes=_MOST_BYTES
    ) as http:
        http.headers["User-Agent"] = f"mvsnap/{__version__}"
        given |= {"timeout": timeout_s, "allow_redirects": False}
        return http.request(method, url, **given)


def unreachable(whose: Reason, exc: Exception) -> UpstreamError:
    """Return our error for an exchange without an answer. whose: who did not answer."""
    if isinstance(exc, ExchangeFailed):
        return UpstreamError(
            wordings.UNREACHABLE(whose=whose, why=exc.words),
            retry=exc.again,
            unsure=exc.sent,
        )
    kind = type(exc).__name__
    return UpstreamError(wordings.NOT_CALLABLE(whose=whose, name=kind), retry=False)


def refusal(whose: Reason, answer: requests.Response, *secrets: str) -> UpstreamError:
    """Return our error for an answer that says that nothing was accepted.

    A wrong key or address can be corrected, and then what waits arrives: only what is
    wrong with the message itself is final.
    """
    status = answer.status_code
    if 300 <= status < 400:
        why = wordings.REDIRECTS(whose=whose, status=status)
        return UpstreamError(why, retry=False)
    words = answers.reason(answer.content, *secrets)
    kind = wordings.REPORTS_ERROR if status >= 500 else wordings.REFUSED
    if status == 429:
        kind = wordings.TOO_MANY
    why = kind(whose=whose, status=status)
    return UpstreamError(
        WITH(first=why, then=words) if words else why,
        retry=status not in _FINAL,
        retry_after_s=answers.retry_after_s(
            answer.headers.get("Retry-After"), datetime.now(UTC)
        ),
        unsure=status in (500, 504),
    )


def deliver(
    whose: Reason, url: str, body: bytes, headers: Mapping[str, str], *secrets: str
) -> None:
    """Post a body to a receiver.

    whose: the receiver, as errors name it. secrets: are in no error.

    Raises:
        UpstreamError: it was not accepted, or nobody knows.
    """
    try:
        answer = send("POST", url, timeout_s=_TIMEOUT_S, data=body, headers=headers)
    except (requests.RequestException, ValueError) as exc:
        trouble = unreachable(whose, exc)
    else:
        if 200 <= answer.status_code < 300:
            return
        trouble = refusal(whose, answer, url, *secrets)
    # Not inside `except`: the library's exception contains the address.
    raise trouble


def reached(whose: Reason, url: str) -> str:
    """Ask what a receiver allows, which sends nothing; return what it answered.

    Raises:
        UpstreamError: it cannot be reached, or is down.
    """
    try:
        answer = send("OPTIONS", url, timeout_s=_TIMEOUT_S)
    except (requests.RequestException, ValueError) as exc:
        trouble = unreachable(whose, exc)
    else:
        if answer.status_code not in (500, 502, 503, 504):
            return f"can be reached (it answers {answer.status_code})"
        trouble = refusal(whose, answer, url)
    raise trouble
