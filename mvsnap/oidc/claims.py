"""Claims: what a provider says of a person, as text. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mvsnap.domain import PROVIDER_ACCOUNT

Claims = Mapping[str, Any]

_LONGEST_NAME = 64
_NAMES = ("preferred_username", "email", "name", "sub")
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._@-]+")
_MOST_VALUES = 10_000


@dataclass(frozen=True, slots=True)
class Identity:
    """A person as the provider knows them.

    values: of the claim that holds roles or groups.
    provider_session: id of the session there, "" if the provider gives none.
    """

    issuer: str
    subject: str
    name: str
    values: tuple[str, ...]
    provider_session: str
    id_token: str = field(repr=False)

    @property
    def account(self) -> str:
        """What identifies the person: names change, and are given to others."""
        return account_of(self.issuer, self.subject)

    @property
    def name_of_its_own(self) -> str:
        """A name for one whose name somebody else has here."""
        mark = self.account.removeprefix(PROVIDER_ACCOUNT)[:6]
        return f"{self.name[: _LONGEST_NAME - 7]}-{mark}"


def account_of(issuer: str, subject: str) -> str:
    return PROVIDER_ACCOUNT + digest(issuer, subject)


def digest(*parts: str) -> str:
    """Return one short text for several, whatever they contain."""
    text = "".join(f"{len(part)} {part}" for part in parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def name_of(claims: Claims) -> str:
    """Return a name as users have here: lower case, of few characters."""
    for claim in _NAMES:
        text = claims.get(claim)
        name = _plain(text[:200]) if isinstance(text, str) else ""
        if name:
            return name
    return "somebody"


def values_of(claims: Claims, path: str) -> tuple[str, ...] | None:
    """Return the texts of a claim, None if there is no such claim.

    An e-mail address counts only if the provider has checked it.
    """
    if path == "email" and claims.get("email_verified") is not True:
        return None
    found = _at(claims, path)
    if found is None:
        return None
    listed = found if isinstance(found, list) else [found]
    return tuple(text for text in listed[:_MOST_VALUES] if isinstance(text, str))


def _at(claims: object, path: str) -> object:
    """Return what is at a path; a name may itself contain dots, as in an address."""
    if not isinstance(claims, Mapping):
        return None
    if path in claims:
        return claims[path]
    for index, sign in enumerate(path):
        if sign == "." and path[:index] in claims:
            found = _at(claims[path[:index]], path[index + 1 :])
            if found is not None:
                return found
    return None


def _plain(text: str) -> str:
    """Return the nearest that a name may be: without accents, blanks as dashes."""
    apart = unicodedata.normalize("NFKD", text.strip().lower())
    ascii_only = apart.encode("ascii", "ignore").decode()
    return _NOT_IN_A_NAME.sub("-", ascii_only).strip("-")[:_LONGEST_NAME]
