"""`check` logs in to the broker for Home Assistant and leaves nothing there."""

from __future__ import annotations

from pathlib import Path

from mvsnap.cli.check_home_assistant import checks
from mvsnap.config.load import settings_of
from mvsnap.config.model import Settings
from mvsnap.simulator.mqtt.broker import Mosquitto
from mvsnap.simulator.ports import free_port
from tests.home_assistant.subscriber import Subscriber


def settings(port: int, **more: object) -> Settings:
    own = {"enabled": True, "host": "127.0.0.1", "port": port}
    return settings_of({"home_assistant": own | more})


def test_a_broker_and_its_login_are_tried(tmp_path: Path) -> None:
    login = {"username": "home", "password": "a-password"}
    with Mosquitto(tmp_path / "broker", username="home", password="a-password") as mqtt:
        ((_, right),) = checks(settings(mqtt.port, **login))
        assert right().ok
        ((_, wrong),) = checks(settings(mqtt.port, **login | {"password": "another"}))
        assert wrong().ok is False
        assert "refused" in wrong().text
        assert "another" not in wrong().text


def test_it_says_nothing_on_the_broker(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as mqtt:
        seen = Subscriber(mqtt.port)
        ((_, check),) = checks(settings(mqtt.port))
        assert check().ok
        seen.publish("end", "1")
        assert set(seen.last) <= {"end"}
        seen.stop()


def test_no_broker_there() -> None:
    port = free_port()
    ((name, check),) = checks(settings(port))
    assert check().ok is False
    assert check().text == f"127.0.0.1:{port}: Connection refused"
    assert name == "Home Assistant"


def test_without_home_assistant_there_is_no_line() -> None:
    assert checks(settings_of({})) == []
