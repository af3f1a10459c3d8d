"""Organizations of one key: all are asked, and one that refuses hides no other.

A key often sees organizations that its owner has forgotten, some without API access.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from mvsnap.domain import Organization
from mvsnap.errors import UpstreamError

T = TypeVar("T")


@dataclass(slots=True)
class OrganizationAnswers(Generic[T]):
    """What each organization answered, and which refused, with the error."""

    answered: list[tuple[Organization, T]] = field(default_factory=list)
    refused: list[tuple[Organization, UpstreamError]] = field(default_factory=list)

    @property
    def may_change(self) -> bool:
        """Return whether an organization that refused may answer later."""
        return any(error.retry for _, error in self.refused)

    def refusals(self) -> list[str]:
        """Return a sentence for each organization that refused."""
        return [
            f"organization {called(organization)} is left out: {error.message}"
            for organization, error in self.refused
        ]

    def require_one(self) -> None:
        """Raise the first refusal if no organization answered.

        Raises:
            UpstreamError
        """
        if self.answered or not self.refused:
            return
        organization, error = self.refused[0]
        raise UpstreamError(
            f"organization {called(organization)}: {error.message}",
            retry=self.may_change,
            retry_after_s=error.retry_after_s,
        )


def ask_each(
    organizations: Iterable[Organization], ask: Callable[[Organization], T]
) -> OrganizationAnswers[T]:
    """Return the answers of all; an UpstreamError of one is kept as its refusal."""
    found = OrganizationAnswers[T]()
    for organization in organizations:
        try:
            found.answered.append((organization, ask(organization)))
        except UpstreamError as exc:
            found.refused.append((organization, exc))
    return found


def called(organization: Organization) -> str:
    """Return the name, with the id where it helps to find it."""
    name = " ".join(organization.name.split())
    return f"{name} ({organization.id})" if name else organization.id
