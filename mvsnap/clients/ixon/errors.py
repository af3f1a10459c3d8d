"""IXON errors: every refusal of the IXON Cloud, in our own words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import requests

from mvsnap.clients import answers
from mvsnap.errors import UpstreamError

# Source: texts that clients of the live API look for.
_OTP = ("one-time password", "2fa", "two factor", "two-factor")
_OFFLINE = "not online"

# What to do, by status: with a configured token, after a login, during a login.
TOKEN_ADVICE = {
    401: "IXON refused the token (401): create a new one for the API service account"
    " and set ixon.token",
    403: "IXON forbids this (403): the account needs the right to see the device and"
    " its web access in this company; check ixon.company_id and ixon.application_id",
    404: "IXON does not know this company, device or service (404): check"
    " ixon.company_id and ixon.agent_server_id",
}
ACCOUNT_ADVICE = TOKEN_ADVICE | {
    401: "IXON refused the token of a new login (401): check ixon.application_id",
}
_LOGIN = "check ixon.email, ixon.password and ixon.application_id"
LOGIN_ADVICE = {
    401: f"IXON refused the login (401): {_LOGIN}",
    403: f"IXON refused the login (403): {_LOGIN}",
    404: "IXON has no login at this address (404): check "
    "ixon.base_url and ixon.api_version",
}
_OTP_ADVICE = (
    "IXON requires a one-time password for this account (two-factor login), which a"
    " gateway cannot provide: create an API service account and set ixon.token, or use"
    " an account without two-factor login"
)


class AgentOffline(UpstreamError):
    """The router at the machine has no connection to IXON; it may return."""

    def __init__(self) -> None:
        super().__init__(
            "The IXON router of this camera is offline: is it switched on and connected"
            " to the internet?",
            retry=True,
        )


class NotAllowed(UpstreamError):
    """IXON refused the token, the password, or the permission."""


def refusal(
    answer: requests.Response, now: datetime, advice: Mapping[int, str], *secrets: str
) -> UpstreamError:
    """Return the error of an answer other than 2xx.

    secrets: texts that must be removed from IXON's message.
    """
    status = answer.status_code
    words = answers.clean(_messages(answers.parse_json(answer.content)), *secrets)
    words = words or answers.reason(answer.content, *secrets)
    said = words.casefold()
    if 400 <= status < 500:
        if any(mark in said for mark in _OTP):
            return NotAllowed(f"{_OTP_ADVICE} (IXON: {words})", retry=False)
        if _OFFLINE in said:
            return AgentOffline()
    if 300 <= status < 400:
        return UpstreamError(
            f"IXON answered with a redirect ({status}), not followed: check"
            " ixon.base_url",
            retry=False,
        )
    tail = f": {words}" if words else ""
    if status in (408, 429) or status >= 500:
        trouble = "is too busy" if status == 429 else "reports an error"
        wait_s = answers.retry_after_s(answer.headers.get("Retry-After"), now)
        return UpstreamError(
            f"IXON {trouble} ({status}){tail}", retry=True, retry_after_s=wait_s
        )
    do = advice.get(status, f"IXON refused the request ({status})")
    kind = NotAllowed if status in (401, 403) else UpstreamError
    return kind(do + tail, retry=False)


def parsed(answer: requests.Response, *secrets: str) -> dict[str, Any]:
    """Return the JSON object of a 2xx answer.

    Raises:
        UpstreamError: it is not an object, or one that says "error" despite the 2xx.
    """
    body = answers.parse_json(answer.content)
    if not isinstance(body, dict):
        raise UpstreamError(
            f"IXON answered {answer.status_code} without JSON: is there a proxy or"
            " a login page in between?",
            retry=True,
        )
    if body.get("status") == "error":
        words = answers.clean(_messages(body), *secrets)
        raise UpstreamError(f"IXON refused the request: {words}", retry=False)
    return body


def _messages(body: Any) -> str:
    """Return the texts of an error body; anything else has none.

    {"status": "error", "type": "Error", "data": [{"message": "Value is required",
    "propertyName": "expiresIn", "listIndex": null}]}
    """
    data = body.get("data") if isinstance(body, dict) else None
    rows = data if isinstance(data, list) else [data]
    texts = []
    for row in rows:
        if not isinstance(row, dict):
            continue
        message, name = row.get("message"), row.get("propertyName")
        if isinstance(message, str) and message:
            texts.append(f"{name}: {message}" if isinstance(name, str) else message)
    return "; ".join(texts)
