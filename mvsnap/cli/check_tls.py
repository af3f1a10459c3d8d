"""`check`: the certificate of the server, and whether links fit it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mvsnap import tls
from mvsnap.cli.terminal import Check, CheckResult

if TYPE_CHECKING:
    from mvsnap.config.model import Settings

# Whoever renews does so a month before the end; then two weeks are left to notice.
_SOON_DAYS = 14
_DAY_S = 86400


def checks(settings: Settings) -> list[Check]:
    return [("TLS", lambda: _tls(settings))] if settings.server.tls.pair else []


def _tls(settings: Settings) -> CheckResult:
    """Return a warning, not a failure: devices may not look at the date."""
    assert settings.server.tls.pair is not None
    cert, key = settings.server.tls.pair
    found = tls.validity(cert, key)
    warnings, until = [], ""
    if found.mistake:
        warnings.append(f"the certificate {found.mistake}: {cert}")
    elif found.until is not None:
        until = f"valid until {datetime.fromtimestamp(found.until, UTC):%Y-%m-%d}"
        if found.until - time.time() < _SOON_DAYS * _DAY_S:
            warnings.append(f"the certificate ends soon ({until}): {cert}")
    if (settings.site.public_url or "").startswith("http:"):
        warnings.append("site.public_url begins with http:, so links lead nowhere")
    if warnings:
        return CheckResult(None, "; ".join(warnings))
    return CheckResult(True, until)
