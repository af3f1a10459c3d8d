"""`check`: whether people can log in with accounts that are kept elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mvsnap.cli.terminal import Check, CheckResult
from mvsnap.errors import AccountsAway

if TYPE_CHECKING:
    from mvsnap.config.model import Settings


def checks(settings: Settings, names: Callable[[], list[str]]) -> list[Check]:
    """Return the check of the backend; names: who may log in with it."""
    if settings.login.backend == "pam":
        return [("logins", lambda: _system_accounts(settings, names()))]
    if settings.login.backend == "oidc":
        return [("logins", lambda: _provider(settings))]
    return []


def _system_accounts(settings: Settings, names: list[str]) -> CheckResult:
    from mvsnap.web import accounts

    service = settings.login.pam_service
    mistakes = accounts.mistakes(service, names)
    if mistakes:
        return CheckResult(False, "; ".join(mistakes))
    where = accounts.service_file(service)
    return CheckResult(True, f"system accounts, through PAM: {where}")


def _provider(settings: Settings) -> CheckResult:
    """Fetch the discovery document and the keys, as the first person would."""
    from mvsnap.runtime.web_app import OIDC_EXTRA

    try:
        from mvsnap.oidc.provider import Provider
    except ImportError:
        return CheckResult(False, f"login.backend: oidc needs {OIDC_EXTRA}")
    issuer = settings.login.oidc.issuer
    try:
        found = Provider(settings.login.oidc).describe()
    except AccountsAway as exc:
        return CheckResult(False, f"{issuer}: {exc.why or exc.message}")
    # What the provider must know of this gateway.
    place = settings.site.public_url or "site.public_url"
    text = f"{issuer} {found}; redirect URI: {place}/login/oidc/callback"
    return CheckResult(True, text)
