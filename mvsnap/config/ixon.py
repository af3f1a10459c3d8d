"""Settings of the IXON Cloud: which portal, which account, which camera."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator

from mvsnap.config.values import Secret, Section, Text, Url

# Source: the OpenAPI of version 2, and the entry point used by clients of version 1.
_PORTALS = {1: "https://api.ixon.net", 2: "https://portal.ixon.cloud/api"}
_COMPANY = re.compile(r"(\d{4}-){4}\d{4}")
_APPLICATION = re.compile(r"[0-9A-Za-z]{12}")


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def as_path(path: str) -> str:
    """Return a path on a camera with a leading slash; "" stays.

    Raises:
        ValueError: it is a complete URL, or not a path.
    """
    path = path.strip()
    if "://" in path or re.search(r"[\s\\#\x00-\x1f\x7f]", path):
        raise ValueError("expected a path like /axis-cgi/mjpg/video.cgi")
    return f"/{path.lstrip('/')}" if path else ""


AccessType = Literal["http", "https"]
Id = Annotated[Text, BeforeValidator(_trimmed), Field(min_length=1, max_length=64)]


class IxonSection(Section):
    """Empty, or complete: with anything but an address in it, all keys are required."""

    base_url: Url | None = Field(
        None,
        description="API of your portal; default: https://portal.ixon.cloud/api, or "
        "https://api.ixon.net with api_version 1",
    )
    api_version: int = Field(
        2,
        ge=1,
        le=2,
        description="2; use 1 only for a company that IXON has not migrated yet",
    )
    application_id: Id | None = Field(
        None, description="Application ID, from support@ixon.cloud"
    )
    token: Secret | None = Field(
        None, description="access token of an API service account (recommended)"
    )
    email: Text | None = Field(
        None,
        description="instead of a token: e-mail address of an account without "
        "two-factor login",
    )
    password: Secret | None = Field(None, description="password of that account")
    company_id: Id | None = Field(
        None, description="id of the company, like 1111-2222-3333-4444-5555"
    )
    agent_server_id: Id | None = Field(
        None, description="id of the HTTP web access service for the camera"
    )
    stream_path: Text = Field(
        "",
        description="path of the video or picture on the camera; default: the landing "
        "page of the service",
    )
    access_type: AccessType = Field(
        "http",
        description="http or https: how the camera is opened with api_version 1; with "
        "2, the option SSL of the service in the portal decides",
    )

    @property
    def url(self) -> str:
        return self.base_url or _PORTALS[self.api_version]

    @property
    def configured(self) -> bool:
        return self.application_id is not None

    @field_validator("email")
    @classmethod
    def _email(cls, email: str | None) -> str | None:
        if email is None:
            return None
        email = email.strip()
        # It is sent as `email:otp:password`.
        if "@" not in email or ":" in email or " " in email:
            raise ValueError("expected an e-mail address like gateway@example.com")
        return email

    @field_validator("token", "password")
    @classmethod
    def _something(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value():
            raise ValueError("must not be empty")
        return secret

    @field_validator("stream_path")
    @classmethod
    def _path(cls, path: str) -> str:
        return as_path(path)

    @model_validator(mode="before")
    @classmethod
    def _no_otp(cls, given: Any) -> Any:
        if isinstance(given, dict) and "otp" in given:
            raise ValueError(
                "otp: a one-time password expires in seconds and cannot be a setting:"
                " use the token of an API service account, or an account without"
                " two-factor login"
            )
        return given

    @model_validator(mode="after")
    def _complete(self) -> IxonSection:
        own = set(type(self).model_fields) - {"base_url", "api_version", "access_type"}
        if not any(getattr(self, name) for name in own):
            return self
        if self.token is not None and (self.email or self.password):
            raise ValueError("token: cannot be combined with email or password")
        if missing := self._missing():
            raise ValueError(f"missing: {'; '.join(missing)}")
        self._check_ids()
        return self

    def _missing(self) -> list[str]:
        missing = []
        if self.application_id is None:
            missing.append("application_id (request it from support@ixon.cloud)")
        if self.token is None and self.email is None and self.password is None:
            missing.append("token, or email and password")
        elif self.token is None and self.email is None:
            missing.append("email (password is set)")
        elif self.token is None and self.password is None:
            missing.append("password (email is set)")
        if self.company_id is None:
            missing.append("company_id")
        return missing

    def _check_ids(self) -> None:
        """Source: the patterns of the headers Api-Application and Api-Company, v2."""
        if self.api_version == 1:
            return
        if not _APPLICATION.fullmatch(self.application_id or ""):
            raise ValueError("application_id: expected 12 letters and digits")
        if not _COMPANY.fullmatch(self.company_id or ""):
            raise ValueError(
                "company_id: expected digits like 1111-2222-3333-4444-5555"
            )
