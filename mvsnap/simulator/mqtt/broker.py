"""Broker: a real mosquitto on 127.0.0.1, for the demo, the tests and the benchmarks."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

from mvsnap.child_environment import child_environment
from mvsnap.simulator.ports import free_port

HOST = "127.0.0.1"

_LIMIT_S = 10.0
_EVERY_S = 0.02
_LOGIN_ATTEMPTS = 5  # a free port may be in use again before mosquitto has it


class BrokerError(RuntimeError):
    """No mosquitto, or it does not start; says what to type, or its own output."""


class Mosquitto:
    """One mosquitto; its folder has settings, certificates, messages and its log.

    It runs for the duration of a `with` block, or from `start` to `stop`.
    A port of 0 becomes a free one at the first start and stays, also after a restart.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        username: str | None = None,
        password: str | None = None,
        tls: bool = False,
        persistence: bool = False,
        max_inflight: int | None = None,
        max_queued: int = 0,
    ) -> None:
        """persistence: sessions and their messages survive a stop, but not a kill.

        max_inflight: QoS 1 messages sent and not yet acknowledged, per client;
            0 is no limit, None is mosquitto's own (20).
        max_queued: messages kept per client; 0 is no limit (mosquitto's own 1000).
        """
        self.port = port
        self.log_file = folder / "mosquitto.log"
        self.ca_file = folder / "ca.pem" if tls else None
        self._folder = folder
        self._any_port = port == 0
        self._login = (username, password or "") if username else None
        self._settings = [
            f"max_queued_messages {max_queued}",
            f"persistence {str(persistence).lower()}",
        ]
        if max_inflight is not None:
            self._settings.append(f"max_inflight_messages {max_inflight}")
        self._popen: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        return None if self._popen is None else self._popen.pid

    def start(self) -> None:
        """Start it and return when it accepts connections.

        Raises:
            BrokerError: no mosquitto on this machine, or it did not start.
        """
        program = require("mosquitto", "mosquitto")
        self._folder.mkdir(parents=True, exist_ok=True)
        if self.ca_file is not None and not self.ca_file.exists():
            make_certificates(self._folder)
        for left in range(_LOGIN_ATTEMPTS, 0, -1):
            if self._any_port:
                self.port = free_port()
            elif _listens(self.port):
                raise BrokerError(f"port {self.port} is taken by another program")
            self._popen = subprocess.Popen(
                [program, "-c", self._write_settings()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=child_environment(),
                start_new_session=True,  # a Ctrl-C is for the program that started it
            )
            if self._accepts():
                self._any_port = False
                return
            self.kill()
            if not self._any_port or left == 1 or "in use" not in self.log():
                raise BrokerError(f"mosquitto does not start:\n{self.log()}")

    def stop(self) -> None:
        """Ask it to end, which saves persistent data; kill it if it does not."""
        if self._popen is not None:
            self._popen.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(_LIMIT_S)
        self.kill()

    def kill(self) -> None:
        """End it at once (SIGKILL), like a power cut."""
        if self._popen is not None:
            self._popen.kill()
            self._popen.wait()
            self._popen = None

    def log(self) -> str:
        with suppress(FileNotFoundError):
            return self.log_file.read_text(encoding="utf-8", errors="replace")
        return ""

    def _accepts(self) -> bool:
        """Return whether it serves within the limit; False at once if it has ended."""
        assert self._popen is not None
        deadline = time.monotonic() + _LIMIT_S
        while time.monotonic() < deadline:
            if _listens(self.port):
                return self._popen.poll() is None
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(_EVERY_S)
                return False
        return False

    def _write_settings(self) -> Path:
        folder = self._folder
        lines = [
            f"listener {self.port} {HOST}",
            f"allow_anonymous {str(self._login is None).lower()}",
            f"persistence_location {folder}/",
            f"log_dest file {self.log_file}",
            "set_tcp_nodelay true",
            *self._settings,
        ]
        if os.geteuid() == 0:
            # It would switch to another user, who cannot write this folder.
            lines.append("user root")
        if self._login is not None:
            lines.append(f"password_file {make_passwords(folder, *self._login)}")
        if self.ca_file is not None:
            lines += [f"certfile {folder}/server.pem", f"keyfile {folder}/server.key"]
        settings = folder / "mosquitto.conf"
        _write(settings, "\n".join(lines) + "\n")
        return settings


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def make_passwords(folder: Path, username: str, password: str) -> Path:
    """Write mosquitto's password file and return it; it holds a salted hash."""
    passwords = folder / "passwords"
    _write(passwords, f"{username}:{password}\n")
    # -U hashes what is in the file: an argument would be visible to all in `ps`.
    _run([require("mosquitto_passwd", "mosquitto"), "-U", str(passwords)])
    return passwords


def make_certificates(folder: Path) -> None:
    """Write a CA (ca.pem) and a server certificate for 127.0.0.1 and localhost."""
    openssl = require("openssl", "openssl")
    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    def at(name: str) -> str:
        return str(folder / name)

    _run(
        [openssl, "req", "-x509", *new, "-days", "3650", "-subj", "/CN=mvsnap demo CA"]
        + ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        + ["-keyout", at("ca.key"), "-out", at("ca.pem")]
    )
    _run(
        [openssl, "req", *new, "-subj", "/CN=localhost"]
        + ["-keyout", at("server.key"), "-out", at("server.csr")]
    )
    _write(
        folder / "server.ext",
        "basicConstraints=CA:FALSE\n"
        "subjectAltName=IP:127.0.0.1,DNS:localhost\n"
        "extendedKeyUsage=serverAuth\n"
        "subjectKeyIdentifier=hash\n"
        "authorityKeyIdentifier=keyid\n",
    )
    _run(
        [openssl, "x509", "-req", "-in", at("server.csr"), "-days", "3650"]
        + ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial"]
        + ["-extfile", at("server.ext"), "-out", at("server.pem")]
    )


def require(program: str, package: str) -> str:
    """Return the path of a program; /usr/sbin is not in everybody's PATH.

    Raises:
        BrokerError: not found; says what to type.
    """
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/bin")
    if found is None:
        raise BrokerError(f"no {program}: sudo apt-get install -y {package}")
    return found


def _run(args: Sequence[str]) -> None:
    done = subprocess.run(
        args,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        umask=0o077,
        env=child_environment(),
    )
    if done.returncode != 0:
        raise BrokerError(f"{args[0]}: {done.stderr.strip() or done.stdout.strip()}")


def _write(path: Path, text: str) -> None:
    """Write a file that was only ever readable by its owner."""
    path.unlink(missing_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
