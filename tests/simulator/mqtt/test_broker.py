"""The broker of the demo and the tests: a real mosquitto."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mvsnap.simulator.mqtt.broker import HOST, BrokerError, Mosquitto, require


def listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=5).close()
    except OSError:
        return False
    return True


def test_a_broker_listens_for_the_length_of_the_block(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "new folder") as running:
        assert listens(running.port)
    assert not listens(running.port)


def test_a_broker_comes_back_on_its_port_after_a_kill(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as running:
        port, pid = running.port, running.pid
        running.kill()
        assert not listens(port)
        running.start()
        assert listens(port)
        assert (running.port, running.pid == pid) == (port, False)
        # While it is away, no connection of anybody gets that port from the kernel.
        given = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
        assert not int(given[0]) <= port <= int(given[1])


def test_keys_and_passwords_are_for_their_owner_alone(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, tls=True, username="mv", password="a:secret") as running:
        assert running.ca_file == tmp_path / "ca.pem"
    for name in ("ca.key", "server.key", "passwords", "mosquitto.conf"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600, name
    assert all(b"a:secret" not in file.read_bytes() for file in tmp_path.iterdir())


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        one = Mosquitto(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(BrokerError, match="taken by another program"):
            one.start()
        assert one.pid is None


def test_a_missing_program_is_reported_with_what_to_type() -> None:
    with pytest.raises(BrokerError, match="sudo apt-get install -y mosquitto"):
        require("no-such-mosquitto", "mosquitto")


def test_stopping_what_never_started_does_nothing(tmp_path: Path) -> None:
    Mosquitto(tmp_path).stop()
