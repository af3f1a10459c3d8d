"""Certificates for tests, made by openssl: valid ones, and ones of the past."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.servers.processes import require

_CA = """\
[ca]
default_ca = here
[here]
database = {folder}/index
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:localhost,IP:127.0.0.1
"""


@dataclass(frozen=True)
class Pair:
    """A self-signed certificate for localhost, and its key: files in PEM."""

    cert: Path
    key: Path

    def replace(self, other: Pair) -> None:
        """Put the other's files in place of these, each at once, as renewals do."""
        for mine, its in ((self.cert, other.cert), (self.key, other.key)):
            fresh = mine.with_suffix(".new")
            fresh.write_bytes(its.read_bytes())
            fresh.replace(mine)


def make_pair(
    folder: Path, name: str = "server", *, from_days: float = -1, to_days: float = 90
) -> Pair:
    """Valid from and to: days from now."""
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    work = folder / f"{name}.ca"
    work.mkdir(parents=True)
    (work / "index").touch()
    (work / "serial").write_text("01")
    (work / "ca").write_text(_CA.format(folder=work))
    request = work / "request"
    _openssl(
        *("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-subj", f"/CN={name}", "-keyout", pair.key, "-out", request),
    )
    _openssl(
        *("ca", "-batch", "-selfsign", "-notext", "-config", work / "ca"),
        *("-startdate", _moment(from_days), "-enddate", _moment(to_days)),
        *("-keyfile", pair.key, "-in", request, "-out", pair.cert),
    )
    return pair


def _moment(days: float) -> str:
    return f"{datetime.now(UTC) + timedelta(days=days):%Y%m%d%H%M%SZ}"


def _openssl(*args: str | Path) -> None:
    program = require("openssl", "openssl")
    done = subprocess.run(
        [program, *args], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
