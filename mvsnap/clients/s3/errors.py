"""Refusals of an object store, with a message that says where to look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mvsnap.clients.answers import retry_after_s
from mvsnap.errors import UpstreamError
from mvsnap.texts import service_wordings as wordings
from mvsnap.texts.wording import Reason

_WORDS = {
    "InvalidAccessKeyId": wordings.UNKNOWN_KEY,
    "SignatureDoesNotMatch": wordings.WRONG_SECRET,
    "AccessDenied": wordings.DENIES,
    "NoSuchBucket": wordings.NO_BUCKET,
    "RequestTimeTooSkewed": wordings.WRONG_CLOCK,
    "AuthorizationHeaderMalformed": wordings.OTHER_REGION,
    "PermanentRedirect": wordings.OTHER_REGION,
    "BadDigest": wordings.BAD_DIGEST,
    "QuotaExceeded": wordings.FULL,
}
_AGAIN = (408, 429)


class StoreError(UpstreamError):
    """answered: the HTTP status, None without an answer; reason: S3's own code."""

    def __init__(
        self,
        message: str,
        *,
        retry: bool,
        retry_after_s: float | None = None,
        answered: int | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(message, retry=retry, retry_after_s=retry_after_s)
        self.answered = answered
        self.reason = reason


def refusal(answer: Mapping[str, Any], place: Reason) -> StoreError:
    """answer: `ClientError.response`; only its code is quoted, never its message."""
    about = answer.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode") or 0)
    reason = str(answer.get("Error", {}).get("Code") or "")
    reason = re.sub(r"[^A-Za-z0-9_.-]", "", reason)[:60]
    wait = about.get("HTTPHeaders", {}).get("retry-after")
    # The answer to a HEAD has no body: its code is the status alone.
    if reason in _WORDS:
        why = _WORDS[reason](place=place)
    elif reason in ("", str(status)):
        why = wordings.ANSWERED(place=place, status=status)
    else:
        why = wordings.ANSWERED_SO(place=place, status=status, name=reason)
    return StoreError(
        why,
        retry=status >= 500 or status in _AGAIN or reason in ("SlowDown", "BadDigest"),
        retry_after_s=retry_after_s(wait, datetime.now(UTC)),
        answered=status or None,
        reason=reason,
    )


def trouble(exc: Exception, place: Reason) -> StoreError:
    """Return what happened to an exchange without an answer."""
    kind = type(exc).__name__
    if "Timeout" in kind:
        why = wordings.SILENT(place=place)
    elif kind == "SSLError":
        why = wordings.UNTRUSTED(place=place)
    elif kind in ("EndpointConnectionError", "ProxyConnectionError"):
        why = wordings.UNREACHABLE(place=place)
    elif kind in ("ParamValidationError", "InvalidRegionError"):
        return StoreError(wordings.BAD_SETTING(place=place, name=kind), retry=False)
    else:
        why = wordings.BROKE(place=place, name=kind)
    return StoreError(why, retry=True)
