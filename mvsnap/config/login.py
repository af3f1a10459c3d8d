"""Settings of log-ins: passwords kept here, system accounts, or an OIDC provider."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationError, model_validator

from mvsnap.config.second_factor import SecondFactorSection
from mvsnap.config.values import FileName, Secret, Section, Text, Url
from mvsnap.domain import LoginBackend, Role, User
from mvsnap.errors import BadConfig

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_DISCOVERY = "/.well-known/openid-configuration"
ANYBODY = "*"


def _issuer(url: str) -> str:
    place = urlsplit(url)
    if place.scheme != "https" and place.hostname not in _LOOPBACK:
        raise ValueError("expected an address that starts with https://")
    if url.endswith(_DISCOVERY):
        raise ValueError(f"expected the issuer, without {_DISCOVERY}")
    return url


class OidcRoles(Section):
    admin: tuple[Text, ...] = Field((), description="values that make an admin")
    reviewer: tuple[Text, ...] = Field((), description="values that make a reviewer")
    viewer: tuple[Text, ...] = Field(
        (), description='values that make a viewer; "*": everybody with an account'
    )

    def role_of(self, values: tuple[str, ...]) -> Role | None:
        """Return the highest role that one of a person's values leads to."""
        for role, wanted in (
            (Role.ADMIN, self.admin),
            (Role.REVIEWER, self.reviewer),
            (Role.VIEWER, self.viewer),
        ):
            if not set(wanted).isdisjoint(values) or ANYBODY in wanted:
                return role
        return None


class OidcSection(Section):
    """Empty, or complete."""

    issuer: Annotated[Url, AfterValidator(_issuer)] | None = Field(
        None, description="address of the provider, as in its discovery document"
    )
    client_id: Text | None = Field(
        None, description="client id that the provider has given this gateway"
    )
    client_secret: Secret | None = Field(
        None, description="client secret; none for a public client"
    )
    name: Text = Field(
        "", description="name of the provider on the login page; default: its host"
    )
    scopes: tuple[Text, ...] = Field(
        ("openid", "profile", "email"), description="scopes to ask for"
    )
    roles_claim: Text = Field(
        "groups",
        min_length=1,
        max_length=200,
        description="claim with roles or groups, with dots for claims inside claims, "
        "like realm_access.roles",
    )
    roles: OidcRoles = OidcRoles()
    local_admins: bool = Field(
        False,
        description="admins with a password of mvsnap can log in at /login/local, "
        "for when the provider is unavailable",
    )
    ca_file: Path | None = Field(
        None, description="CA certificate, for a provider with one of your own"
    )

    @property
    def shown_name(self) -> str:
        return self.name or urlsplit(self.issuer or "").hostname or "the provider"

    @model_validator(mode="after")
    def _nobody_becomes_admin_by_chance(self) -> OidcSection:
        if ANYBODY in (*self.roles.admin, *self.roles.reviewer):
            raise ValueError('roles: "*" is only possible for viewer')
        return self

    @model_validator(mode="after")
    def _complete(self) -> OidcSection:
        if not self.model_fields_set:
            return self
        missing = [name for name in ("issuer", "client_id") if not getattr(self, name)]
        if not any((self.roles.admin, self.roles.reviewer, self.roles.viewer)):
            missing.append("roles (nobody could log in)")
        if missing:
            raise ValueError(f"missing: {', '.join(missing)}")
        return self


def read_oidc(answers: dict[str, Any]) -> OidcSection:
    """Return the section of what a person answered.

    Raises:
        BadConfig
    """
    try:
        return OidcSection.model_validate(answers)
    except ValidationError as exc:
        said = [error["msg"].removeprefix("Value error, ") for error in exc.errors()]
    raise BadConfig(said)


class LoginSection(Section):
    backend: LoginBackend = Field(
        "local",
        description="local: passwords of mvsnap; pam: passwords of the system "
        "accounts; oidc: accounts of an OpenID Connect provider",
    )
    pam_service: FileName = Field(
        "mvsnap", description="PAM service: a file in /etc/pam.d"
    )
    oidc: OidcSection = OidcSection()
    session_hours: float = Field(
        12, gt=0, le=24 * 30, description="hours until users must log in again"
    )
    idle_minutes: float = Field(
        480,
        ge=1,
        le=60 * 24 * 30,
        description="minutes without use until users must log in again; pages that "
        "update themselves do not count as use",
    )
    second_factor: SecondFactorSection = SecondFactorSection()

    @property
    def takes_passwords(self) -> bool:
        """Whether there is a page that asks for a password at all."""
        return self.backend != "oidc" or self.oidc.local_admins

    def knows(self, user: User) -> bool:
        """Return whether the user was added for the way people log in now."""
        if self.backend == "oidc" and user.backend == "local":
            return self.oidc.local_admins and user.role is Role.ADMIN
        return user.backend == self.backend

    @model_validator(mode="after")
    def _provider_is_named(self) -> LoginSection:
        if self.backend == "oidc" and self.oidc.issuer is None:
            raise ValueError("oidc: missing: issuer, client_id, roles")
        return self

    @model_validator(mode="after")
    def _second_factor_is_asked_for(self) -> LoginSection:
        if self.backend != "local" and self.second_factor.required_of:
            raise ValueError(
                "second_factor: only with backend local; elsewhere, passwords and "
                "second factors are not those of mvsnap"
            )
        return self
