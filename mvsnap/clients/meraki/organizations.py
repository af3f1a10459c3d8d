"""Organizations of one key: all are asked, and one that refuses hides no other.

A key often sees organizations that its owner has forgotten, some without API access.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from mvsnap.clients.meraki.dashboard import Dashboard
from mvsnap.domain import Organization
from mvsnap.errors import UpstreamError

T = TypeVar("T")


@dataclass(slots=True)
class OrganizationAnswers(Generic[T]):
    """What each organization answered, and which refused, with the error.

    unsure: names in the settings of those of which some may answer later.
    """

    answered: list[tuple[Organization, T]] = field(default_factory=list)
    refused: list[tuple[Organization, UpstreamError]] = field(default_factory=list)
    unsure: set[str] = field(default_factory=set)

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


def ask_all(
    dashboards: Iterable[Dashboard],
    ask: Callable[[Dashboard, Organization], T],
    organizations_of: Callable[
        [Dashboard], list[Organization]
    ] = Dashboard.own_organizations,
) -> OrganizationAnswers[T]:
    """Return the answers of the organizations of every Dashboard of the settings.

    Raises:
        UpstreamError: the only one there is does not say which organizations it has.
    """
    every, found = tuple(dashboards), OrganizationAnswers[T]()
    for dashboard in every:
        try:
            organizations = organizations_of(dashboard)
        except UpstreamError as exc:
            if len(every) == 1:
                raise
            found.refused.append((_as_configured(dashboard), exc))
            found.unsure.add(dashboard.name)
            continue
        answers = ask_each(organizations, partial(ask, dashboard))
        found.answered += answers.answered
        found.refused += answers.refused
        # A key that is refused now may be replaced: what is known of it stays.
        if answers.may_change or (len(every) > 1 and answers.refused):
            found.unsure.add(dashboard.name)
    return found


def _as_configured(dashboard: Dashboard) -> Organization:
    return Organization(dashboard.organization_id or "", dashboard.name or "meraki")


def called(organization: Organization) -> str:
    """Return the name, with the id where it helps to find it."""
    name = " ".join(organization.name.split())
    both = f"{name} ({organization.id})"
    return both if name and organization.id else name or organization.id
