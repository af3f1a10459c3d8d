"""`init` of log-ins: which backend, and what a provider needs to be asked for."""

from __future__ import annotations

from typing import Any, get_args

import click

from mvsnap.cli.questions import ask_invisible, ask_text, bad, ok
from mvsnap.cli.terminal import out
from mvsnap.config.login import OidcSection, read_oidc
from mvsnap.config.model import Settings
from mvsnap.domain import LoginBackend
from mvsnap.errors import AccountsAway, BadConfig

BACKENDS: tuple[LoginBackend, ...] = get_args(LoginBackend)


def ask_login(known: Settings, backend: LoginBackend | None) -> dict[str, Any]:
    """Return the answers; {} if no backend was chosen, or the provider is skipped."""
    if backend is None:
        return {}
    if backend != "oidc":
        return {"backend": backend}
    out.print("\n[bold]Logins[/bold]  a client at your OpenID Connect provider")
    while issuer := ask_text(
        "Issuer, like https://login.example/realms/firm", "to skip"
    ):
        answer = _ask_client(issuer, known)
        try:
            found = read_oidc(answer)
        except BadConfig as exc:
            bad("; ".join(exc.mistakes))
            continue
        if _try(found):
            return {"backend": backend, "oidc": answer}
    return {}


def _ask_client(issuer: str, known: Settings) -> dict[str, Any]:
    client_id = click.prompt("Client id", default=known.login.oidc.client_id)
    secret = ask_invisible("Client secret", "for none")
    claim = click.prompt(
        "Claim with roles or groups", default=known.login.oidc.roles_claim
    )
    admins = click.prompt("Group or role of admins")
    answer: dict[str, Any] = {"issuer": issuer, "client_id": client_id}
    answer |= {"client_secret": secret, "roles_claim": claim}
    answer |= {"roles": {"admin": [admins]}}
    return {key: value for key, value in answer.items() if value}


def _try(settings: OidcSection) -> bool:
    """Return whether the provider answers, or cannot be asked yet."""
    from mvsnap.runtime.web_app import OIDC_EXTRA

    try:
        from mvsnap.oidc.provider import Provider
    except ImportError:
        out.print(f"Not tried: {OIDC_EXTRA}", markup=False)
        return True
    try:
        ok(Provider(settings).describe())
    except AccountsAway as exc:
        bad(exc.why or exc.message)
        return False
    return True
