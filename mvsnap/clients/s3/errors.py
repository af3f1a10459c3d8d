"""Refusals of an object store, with a message that says where to look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mvsnap.clients.answers import retry_after_s
from mvsnap.errors import UpstreamError

_WORDS = {
    "InvalidAccessKeyId": "does not know storage.s3.access_key",
    "SignatureDoesNotMatch": "says that storage.s3.secret_key is wrong",
    "AccessDenied": "denies access to this key; it needs s3:PutObject and s3:GetObject",
    "NoSuchBucket": "has no such bucket (storage.s3.bucket)",
    "RequestTimeTooSkewed": "says that this machine's clock is wrong",
    "AuthorizationHeaderMalformed": "expects another storage.s3.region",
    "PermanentRedirect": "expects another storage.s3.region",
    "BadDigest": "received different bytes than were sent",
    "QuotaExceeded": "is full",
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


def refusal(answer: Mapping[str, Any], place: str) -> StoreError:
    """answer: `ClientError.response`; only its code is quoted, never its message."""
    about = answer.get("ResponseMetadata", {})
    status = int(about.get("HTTPStatusCode") or 0)
    reason = str(answer.get("Error", {}).get("Code") or "")
    reason = re.sub(r"[^A-Za-z0-9_.-]", "", reason)[:60]
    wait = about.get("HTTPHeaders", {}).get("retry-after")
    # The answer to a HEAD has no body: its code is the status alone.
    words = (
        _WORDS.get(reason)
        or f"answered {' '.join(filter(None, _said(status, reason)))}"
    )
    return StoreError(
        f"{place} {words}",
        retry=status >= 500 or status in _AGAIN or reason in ("SlowDown", "BadDigest"),
        retry_after_s=retry_after_s(wait, datetime.now(UTC)),
        answered=status or None,
        reason=reason,
    )


def trouble(exc: Exception, place: str) -> StoreError:
    """Return what happened to an exchange without an answer."""
    kind = type(exc).__name__
    if "Timeout" in kind:
        words = "did not answer in time"
    elif kind == "SSLError":
        words = (
            "cannot be trusted: is its certificate valid and this machine's time right?"
        )
    elif kind in ("EndpointConnectionError", "ProxyConnectionError"):
        words = "cannot be reached"
    elif kind in ("ParamValidationError", "InvalidRegionError"):
        return StoreError(f"{place}: a setting cannot be used ({kind})", retry=False)
    else:
        words = f"cannot be reached: the connection broke ({kind})"
    return StoreError(f"{place} {words}", retry=True)


def _said(status: int, reason: str) -> list[str]:
    return [str(status), reason if reason != str(status) else ""]
