"""Settings of Meraki's Dashboard: one organization, or several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from pydantic import Field, SecretStr, field_validator

from mvsnap.config.values import (
    Destinations,
    Secret,
    Section,
    SerialText,
    Text,
    Timezone,
    Url,
)
from mvsnap.spelling import folded


class Meraki(Section):
    base_url: Url = Field(
        "https://api.meraki.com/api/v1",
        description="URL of the Dashboard API of your region",
    )
    api_key: Secret | None = Field(None, description="Dashboard API key")
    organization_id: Text | None = Field(None, description="organization id")
    network_id: Text | None = Field(
        None, description="use only cameras of this network"
    )
    cameras: tuple[SerialText, ...] = Field(
        (), description="default cameras (serials), for triggers that name none"
    )
    requests_per_s: float = Field(
        10,
        gt=0,
        le=10,
        description="share of the organization's limit of 10 requests per second",
    )
    picture_wait_s: float = Field(
        60, ge=5, le=600, description="seconds one attempt waits for a picture"
    )

    @property
    def configured(self) -> bool:
        """Whether the Dashboard can be asked at all."""
        return self.api_key is not None

    def with_key(self, key: str) -> Meraki:
        """Return the same with a key that is still to be tried."""
        return self.model_copy(update={"api_key": SecretStr(key)})


class OrganizationSection(Section):
    """What differs from `meraki`, which is an organization, too: the default one."""

    name: Text = Field(
        min_length=1, max_length=60, description="name of your choice, shown on pages"
    )
    api_key: Secret = Field(min_length=1, description="its Dashboard API key")
    organization_id: Text | None = Field(
        None, description="organization id; default: all that the key can see"
    )
    network_id: Text | None = Field(
        None, description="use only cameras of this network"
    )
    base_url: Url | None = Field(None, description="default: meraki.base_url")
    requests_per_s: float | None = Field(
        None, gt=0, le=10, description="default: meraki.requests_per_s"
    )
    timezone: Timezone | None = Field(
        None,
        description="time zone of times in messages and on pages about one of its "
        "cameras; default: site.timezone",
    )
    cameras: tuple[SerialText, ...] = Field(
        (), description="its default cameras (serials), for triggers that name none"
    )
    room: Destinations | None = Field(
        None,
        description="where messages about its cameras go if a trigger names no room; "
        "default: webex.room",
    )

    @field_validator("name")
    @classmethod
    def _is_one_line(cls, name: str) -> str:
        # It is part of log lines, of labels of metrics and of names on pages.
        if not name.isprintable() or name != name.strip():
            raise ValueError(f"{name!r} is not a name in one line (expected: North)")
        return name

    def completed(self, default: Meraki) -> Meraki:
        """Return it with what it leaves to `meraki`."""
        own = {
            "api_key": self.api_key,
            "organization_id": self.organization_id,
            "network_id": self.network_id,
            "cameras": self.cameras,
            "base_url": self.base_url or default.base_url,
            "requests_per_s": self.requests_per_s or default.requests_per_s,
        }
        return default.model_copy(update=own)


def clashes(
    default: Meraki, organizations: Iterable[OrganizationSection]
) -> Iterator[str]:
    """Yield why two entries cannot both be meant."""
    named = [
        (f"organizations.{number}", entry.name, entry.completed(default))
        for number, entry in enumerate(organizations)
    ]
    for (first, name, _), (second, other, _) in combinations(named, 2):
        if folded(name) == folded(other):
            yield f"{second}.name: {other!r} is the name of {first}, too"
    every = [("meraki", "", default), *named] if default.configured else named
    for (first, _, one), (second, _, two) in combinations(every, 2):
        yield from _overlaps(first, one, second, two)


def _overlaps(first: str, one: Meraki, second: str, two: Meraki) -> Iterator[str]:
    both = sorted(set(one.cameras) & set(two.cameras))
    if both:
        listed = ", ".join(both)
        yield (
            f"{second}.cameras: {listed} is in {first}.cameras, too; a camera belongs "
            "to one organization"
        )
    networks = one.network_id, two.network_id
    may_differ = all(networks) and networks[0] != networks[1]
    if one.organization_id and one.organization_id == two.organization_id:
        if not may_differ:
            yield f"{second}.organization_id: {first} has the same one"
    elif not one.organization_id and not two.organization_id and not may_differ:
        keys = (one.api_key, two.api_key)
        if keys[0] == keys[1]:
            yield (
                f"{second}.organization_id: {first} has the same api_key; name the "
                "organization that each is for"
            )
