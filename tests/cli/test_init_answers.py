"""`init` without questions: one file for many gateways; and the schema of settings."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest

from mvsnap.config.load import load
from mvsnap.config.reference import schema
from tests.cli.run import Said, mvsnap
from tests.conftest import Clouds

ORGANIZATION = "simulated works"
ANSWERS = """\
all:
  site: {timezone: Europe/Berlin}
  webex: {room: Site A - Alarms}
  storage: {retention_days: 14}
pi-berlin:
  site: {name: Berlin}
  meraki: {network: Site A, cameras: all}
  schedules: [{cron: "0 7 * * *"}]
pi-rome:
  site: {name: Roma, timezone: Europe/Rome}
  meraki: {organization: "%(organization)s", cameras: ["%(camera)s"]}
"""


@pytest.fixture
def folder(tmp_path: Path, clouds: Clouds) -> Path:
    first = next(iter(clouds.dashboard.cameras.values()))
    names = {"organization": ORGANIZATION, "camera": str(first.name).upper()}
    (tmp_path / "answers.yaml").write_text(ANSWERS % names)
    return tmp_path


def init(folder: Path, clouds: Clouds, *args: str, **environ: str) -> Said:
    given = {
        "MVSNAP_MERAKI__BASE_URL": clouds.dashboard_url,
        "MVSNAP_MERAKI__API_KEY": clouds.dashboard.api_key,
        "MVSNAP_WEBEX__BASE_URL": clouds.webex_url,
        "MVSNAP_WEBEX__BOT_TOKEN": clouds.webex.bot_token,
    }
    return mvsnap(folder, "init", "--answers", "answers.yaml", *args, **given | environ)


def test_one_file_makes_many_gateways(folder: Path, clouds: Clouds) -> None:
    done = init(folder, clouds, "--name", "PI-Berlin")
    assert done.code == 0, done.err
    assert "Your API key" in done.out

    found = load(folder / "config" / "mvsnap.yaml")
    assert (found.site.name, found.site.timezone) == ("Berlin", "Europe/Berlin")
    assert found.storage.retention_days == 14
    assert found.webex.room == "Site A - Alarms"
    assert found.schedules[0].cron == "0 7 * * *"
    assert found.meraki.organization_id
    assert found.meraki.network_id
    assert found.meraki.cameras
    first_key = found.api_keys[0].key

    # Another time: the file keeps its key and what was added to it.
    done = init(folder, clouds, "--name", "pi-rome")
    assert done.code == 0, done.err
    found = load(folder / "config" / "mvsnap.yaml")
    assert (found.site.name, found.site.timezone) == ("Roma", "Europe/Rome")
    assert len(found.meraki.cameras) == 1
    assert [each.key for each in found.api_keys] == [first_key]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("network: Site A", "network: Nowhere"), "meraki.network: expected one of"),
        (("timezone: Europe/Berlin", "timezone: Berlin"), "site.timezone"),
        (("pi-berlin:", "pi-other:"), "has no gateway 'pi-berlin', only: pi-other"),
        (("retention_days", "retention_day"), "did you mean"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(
    folder: Path, clouds: Clouds, change: tuple[str, str], said: str
) -> None:
    path = folder / "answers.yaml"
    path.write_text(path.read_text().replace(*change))

    done = init(folder, clouds, "--name", "pi-berlin")

    assert done.code == 1
    assert said in done.err
    assert not (folder / "config" / "mvsnap.yaml").exists()


def test_a_name_that_is_not_there_hides_no_other_mistake(
    folder: Path, clouds: Clouds
) -> None:
    path = folder / "answers.yaml"
    wrong = path.read_text().replace("network: Site A", "network: Nowhere")
    path.write_text(wrong.replace("retention_days", "retention_day"))

    done = init(folder, clouds, "--name", "pi-berlin")

    assert done.code == 1
    _, *mistakes = done.err.splitlines()
    assert len(mistakes) == 2, done.err
    assert "meraki.network: expected one of" in mistakes[0]
    assert "retention_day" in mistakes[1]


def test_for_the_account_of_a_service_the_next_command_is_the_installation(
    folder: Path, clouds: Clouds
) -> None:
    done = init(folder, clouds, "--name", "pi-berlin")
    assert done.out.splitlines()[-1].endswith("mvsnap check")
    if os.geteuid() == 0:
        (folder / "data").mkdir()
        os.chown(folder / "data", 65534, 65534)
        done = init(folder, clouds, "--name", "pi-berlin")
        assert done.out.splitlines()[-1] == "Next: sudo make install"


def test_the_schema_knows_every_setting_and_refuses_others() -> None:
    check = jsonschema.Draft202012Validator(schema())
    check.check_schema(schema())
    tree = {"server": {"port": 5004}, "meraki": {"organization_id": 123456}}
    assert list(check.iter_errors(tree)) == []
    (mistake,) = check.iter_errors({"server": {"prt": 5004}})
    assert "prt" in mistake.message
    (mistake,) = check.iter_errors({"server": {"port": "abc"}})
    assert list(mistake.path) == ["server", "port"]
    for given in (
        {"recorder": {"cameras": {"Robot": {"ixon": True, "recode": False}}}},
        {"recorder": {"cameras": {"Robot": {"url": "rtsp://a/b", "framerate": 5}}}},
        {"sense": {"protocol": 5}},
    ):
        assert list(check.iter_errors(given)) == []


def test_the_command_prints_the_schema(tmp_path: Path) -> None:
    done = mvsnap(tmp_path, "schema")
    assert json.loads(done.out)["title"] == "Settings of mvsnap"
