"""The wizard asks for further organizations of Meraki once the first one works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mvsnap.config.load import load
from mvsnap.config.model import Settings
from mvsnap.values import replace
from tests.cli.run import configure
from tests.cli.test_init import answered
from tests.clients.meraki.two_organizations import (
    ACME,
    DOOR,
    GATE,
    OTHER,
    TwoOrganizations,
    refused,
)
from tests.conftest import Clouds

# Name, zone, key, organization, all networks, all cameras.
FIRST = ("Hall", "Europe/Berlin", "key-one", "1", "0", "all")
# Key (the only organization that is left is chosen), all networks, all cameras.
SECOND = ("y", "key-two", "0", "all")


@pytest.fixture
def cloud() -> TwoOrganizations:
    return TwoOrganizations()


@pytest.fixture
def meraki(cloud: TwoOrganizations, clouds: Clouds) -> Iterator[Clouds]:
    with cloud.served() as origin:
        yield replace(clouds, dashboard_url=origin)


def made(folder: Path) -> Settings:
    return load(folder / "config" / "mvsnap.yaml", {})


def test_another_organization_is_written_with_its_time_zone(
    tmp_path: Path, meraki: Clouds
) -> None:
    # The name of the Dashboard is kept; no third organization, no token.
    answers = [*FIRST, *SECOND, "", "Asia/Tokyo", "", ""]
    done = answered(tmp_path, meraki, *answers)
    assert done.exit_code == 0, done.output
    assert "Another organization? [y/N]" in done.output
    assert "The only organization: Old trial" in done.output
    assert "key-two" not in done.output
    settings = made(tmp_path)
    assert (settings.meraki.organization_id, settings.meraki.cameras) == (ACME, (GATE,))
    (entry,) = settings.organizations
    assert (entry.name, entry.organization_id) == ("Old trial", OTHER)
    assert entry.api_key.get_secret_value() == "key-two"
    assert (entry.cameras, entry.timezone) == ((DOOR,), "Asia/Tokyo")
    text = (tmp_path / "config" / "mvsnap.yaml").read_text(encoding="utf-8")
    assert "#queue_size: " in text  # the rest of the sample is there, too


def test_what_was_complete_is_there_after_leaving_and_the_question_comes_again(
    tmp_path: Path, meraki: Clouds
) -> None:
    left = answered(tmp_path, meraki, *FIRST, more="")
    assert left.exit_code == 1
    assert "To go on: python -m mvsnap init" in left.output
    assert made(tmp_path).meraki.organization_id == ACME
    # The first key is kept; left before the answer to "Another organization?".
    kept = ("", "", "")
    left = answered(tmp_path, meraki, *kept, *SECOND, "North", "", more="")
    assert left.exit_code == 1
    (entry,) = made(tmp_path).organizations
    assert (entry.name, entry.timezone) == ("North", None)
    done = answered(tmp_path, meraki, *kept, "n", "")
    assert done.exit_code == 0, done.output
    assert made(tmp_path).organizations == (entry,)


def test_an_answer_that_cannot_be_is_asked_for_again(
    tmp_path: Path, meraki: Clouds
) -> None:
    path = configure(
        tmp_path,
        "organizations:  # ours\n"
        "  - name: North  # up there\n"
        "    api_key: key-of-north\n"
        "    organization_id: '303'\n",
    )
    # The name of another one, whatever its case; an unknown zone.
    answers = [*FIRST, *SECOND, "north", "South", "Mars/Crater", ""]
    # Now the key sees nothing that is not there already; then none is given.
    answers += ["y", "key-two", "y", "", "n", ""]
    done = answered(tmp_path, meraki, *answers)
    assert done.exit_code == 0, done.output
    assert "north is the name of another organization" in done.output
    assert "expected a time zone like Europe/Berlin" in done.output
    assert "sees no organization that is not set up already" in done.output
    assert [one.name for one in made(tmp_path).organizations] == ["North", "South"]
    after = path.read_text(encoding="utf-8")
    assert "organizations:  # ours" in after
    assert "# up there" in after


def test_an_organization_that_refuses_leaves_what_is_saved(
    tmp_path: Path, meraki: Clouds, cloud: TwoOrganizations
) -> None:
    cloud.refusals[f"/organizations/{OTHER}/devices"] = refused(404)
    done = answered(tmp_path, meraki, *FIRST, "y", "key-two", "0")
    assert done.exit_code == 1
    assert "Your answers are saved. To go on: python -m mvsnap init" in done.output
    assert made(tmp_path).meraki.organization_id == ACME
    assert made(tmp_path).organizations == ()
