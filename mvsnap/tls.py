"""TLS of the server itself: a certificate and its key, read anew once they are renewed.

Nobody restarts a gateway every two months for the sake of its certificate.
"""

from __future__ import annotations

import logging
import os
import ssl
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from mvsnap.errors import BadConfig
from mvsnap.texts.status_wordings import EXPIRED, NOT_VALID_YET
from mvsnap.texts.wording import Reason

log = logging.getLogger(__name__)

_CERT, _KEY = "server.tls.cert", "server.tls.key"
# How often a handshake looks whether the files are still the same.
_LOOK_EVERY_S = 10.0
# X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL.
_VALIDITY = {9: NOT_VALID_YET, 10: EXPIRED}

Stamp = tuple[tuple[int, int, int], ...]


def load_chain(cert: Path, key: Path) -> ssl.SSLContext:
    """Return a context for the server with this chain (PEM) and its key.

    Raises:
        BadConfig: a file is missing or of another kind, or they do not fit.
    """
    _require_file(_CERT, cert)
    _require_file(_KEY, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cert)
    except ssl.SSLError as exc:
        raise BadConfig([f"{_CERT}: no certificate in PEM in {cert}"]) from exc
    try:
        context.load_cert_chain(cert, key, password=_no_password)
    except _NeedsPassword as exc:
        wanted = "expected a key without a password"
        raise BadConfig([f"{_KEY}: {wanted}, {key} needs one"]) from exc
    except (ssl.SSLError, OSError) as exc:
        raise BadConfig([_refusal(exc, cert, key)]) from exc
    return context


def _require_file(setting: str, path: Path) -> None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BadConfig([f"{setting}: {path} is not a file"])
        path.open("rb").close()
    except OSError as exc:
        raise BadConfig([f"{setting}: cannot read {path}: {exc.strerror}"]) from exc


class _NeedsPassword(Exception):
    """Nobody is there to type it."""


def _no_password() -> str:
    raise _NeedsPassword


def _refusal(exc: OSError, cert: Path, key: Path) -> str:
    reason = getattr(exc, "reason", None) or ""
    if reason == "KEY_VALUES_MISMATCH":
        return f"{_KEY}: {key} is not the key of the certificate in {cert}"
    if not reason or reason == "PEM":
        return f"{_KEY}: no private key in PEM in {key}"
    words = reason.lower().replace("_", " ")
    return f"{_CERT}: {cert} and {key} cannot be used: {words}"


class Validity(Struct, frozen=True):
    """What is wrong with a certificate, "" if nothing; until when it is valid."""

    mistake: Reason
    until: float | None = None


def validity(cert: Path, key: Path) -> Validity:
    """Let a client that trusts this very certificate connect in memory.

    Raises:
        BadConfig: as `load_chain`.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    server = load_chain(cert, key)
    client.load_verify_locations(cert)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = server.wrap_bio(to_server, to_client, server_side=True)
    theirs = client.wrap_bio(to_client, to_server)
    try:
        for side in (theirs, ours, theirs):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    except ssl.SSLCertVerificationError as exc:
        known = _VALIDITY.get(exc.verify_code)
        return Validity(known() if known else Reason(exc.verify_message))
    found = theirs.getpeercert() or {}
    return Validity(Reason(""), ssl.cert_time_to_seconds(str(found["notAfter"])))


class RenewedChain:
    """`context` answers each handshake with the newest chain that can be used."""

    def __init__(
        self, cert: Path, key: Path, *, look_every_s: float = _LOOK_EVERY_S
    ) -> None:
        """
        Raises:
            BadConfig: as `load_chain`.
        """
        self._cert, self._key = cert, key
        self._look_every_s = look_every_s
        self._looked_at = time.monotonic()
        self._stamp = self._look()
        self._looking = threading.Lock()
        self.context = self._newest = load_chain(cert, key)
        # Asked in every handshake, also by clients that name no server.
        self.context.sni_callback = self._choose

    def renew(self) -> None:
        """Look at the files now; from any thread."""
        with self._looking:
            self._looked_at = float("-inf")
            self._renew()

    def _choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str, _: ssl.SSLContext
    ) -> None:
        if self._looking.acquire(blocking=False):
            try:
                self._renew()
            finally:
                self._looking.release()
        if self._newest is not self.context:
            connection.context = self._newest

    def _renew(self) -> None:
        now = time.monotonic()
        if now - self._looked_at < self._look_every_s:
            return
        self._looked_at = now
        stamp = self._look()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._newest = load_chain(self._cert, self._key)
        except BadConfig as exc:
            log.error("the new certificate is not used: %s", exc.message)
        else:
            log.info("the certificate was renewed: %s", self._cert)

    def _look(self) -> Stamp:
        """Return what changes with the files that links lead to; () if one is gone."""
        try:
            found = [os.stat(path) for path in (self._cert, self._key)]
        except OSError:
            return ()
        return tuple((one.st_ino, one.st_mtime_ns, one.st_size) for one in found)
