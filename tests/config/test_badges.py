"""Settings of the badge review: what is refused, and where a relative file lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mvsnap.config.load import load
from mvsnap.errors import BadConfig


def loaded(folder: Path, **badges: Any) -> Any:
    path = folder / "config" / "mvsnap.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump({"badges": badges}))
    return load(path, {}).badges


def test_a_file_of_the_directory_lies_beside_config(tmp_path: Path) -> None:
    assert loaded(tmp_path, directory="people.csv").directory == str(
        tmp_path / "people.csv"
    )
    url = "https://directory.example/people?all=1"
    assert loaded(tmp_path, directory=url).directory == url


def test_cameras_of_readers_and_the_room_are_checked_with_the_others(
    tmp_path: Path,
) -> None:
    path = tmp_path / "mvsnap.yaml"
    badges = {"camera_of_reader": {7: "q2sm-0000-0001"}, "mismatch_room": "Alarms"}
    path.write_text(yaml.safe_dump({"badges": badges}))
    settings = load(path, {})
    assert settings.cameras_named() == ("Q2SM-0000-0001",)
    assert settings.rooms_named() == ("Alarms",)
    assert settings.badges.camera_of_reader == {"7": "Q2SM-0000-0001"}


def test_a_reader_cannot_have_a_camera_that_only_records(tmp_path: Path) -> None:
    path = tmp_path / "mvsnap.yaml"
    recorder = {"cameras": {"Gate": {"url": "rtsp://camera.example/live"}}}
    badges = {"camera_of_reader": {"Main entrance": "gate"}}
    path.write_text(yaml.safe_dump({"badges": badges, "recorder": recorder}))
    said = "gate only records clips; expected the Meraki serial of a camera"
    with pytest.raises(BadConfig, match=said):
        load(path, {})


@pytest.mark.parametrize(
    ("badges", "said"),
    [
        ({"directory": "people.xls"}, "badges.directory: expected FILE.csv"),
        ({"directory": "https://a:b@x.example/p"}, "without user name or password"),
        ({"directory_url": "https://d.example/"}, "expected {user_id} in it"),
        ({"directory_url": "https://{user_id}.example/"}, "expected {user_id} in it"),
        ({"directory_url": "javascript:{user_id}"}, "expected an address like"),
        ({"directory_url": "https://d.example;x/{user_id}"}, "expected {user_id}"),
        ({"photo_hosts": ["https://photos.example"]}, "expected a host like"),
        ({"camera_of_reader": {"Gate": "camera"}}, "expected a Meraki serial"),
        ({"rooms": []}, "badges.rooms: no such setting"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, badges: dict[str, Any], said: str) -> None:
    with pytest.raises(BadConfig) as caught:
        loaded(tmp_path, **badges)
    assert said in str(caught.value)
