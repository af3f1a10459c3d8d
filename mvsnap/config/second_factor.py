"""Settings of the second factor: which roles must log in with an authenticator app."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from mvsnap.config.values import Section
from mvsnap.domain import Role

Need = Literal["optional", "required"]


class SecondFactorSection(Section):
    viewer: Need = Field(
        "optional",
        description="optional or required: whether viewers need an authenticator app",
    )
    reviewer: Need = Field("optional", description="the same for reviewers")
    admin: Need = Field("optional", description="the same for admins")

    @property
    def required_of(self) -> frozenset[Role]:
        """The roles that cannot do anything without a second factor."""
        needs = self.model_dump()
        return frozenset(role for role in Role if needs[role] == "required")
