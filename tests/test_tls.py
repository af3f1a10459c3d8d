"""TLS of the server: what can be used, and what a renewal changes while it runs."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from mvsnap.config.load import load
from mvsnap.config.server import ServerSection
from mvsnap.errors import BadConfig
from mvsnap.tls import RenewedChain, load_chain, validity
from tests.servers.certificates import Pair, make_pair


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pair]:
    folder = tmp_path_factory.mktemp("certificates")
    return {
        "now": make_pair(folder, "now"),
        "next": make_pair(folder, "next"),
        "past": make_pair(folder, "past", from_days=-9, to_days=-1),
        "future": make_pair(folder, "future", from_days=1, to_days=9),
    }


@pytest.fixture
def pair(made: dict[str, Pair], tmp_path: Path) -> Pair:
    """The current one, in files of the test's own."""
    here = Pair(tmp_path / "server.pem", tmp_path / "server.key")
    here.replace(made["now"])
    return here


@contextmanager
def serving(context: ssl.SSLContext) -> Iterator[int]:
    """Shake hands with whoever comes, one after the other; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with suppress(OSError), connection:
                    connection.settimeout(10)
                    context.wrap_socket(connection, server_side=True).close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        # Closing alone does not wake a thread that waits in accept().
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def shown(port: int, *, name: str | None = "localhost") -> bytes:
    """Return the certificate that a client is shown; name None: it asks for none."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), 10) as connection,
        client.wrap_socket(connection, server_hostname=name) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def der(pair: Pair) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.cert.read_text())


def refused(cert: Path, key: Path) -> str:
    with pytest.raises(BadConfig) as caught:
        load_chain(cert, key)
    return caught.value.message


def test_a_client_that_trusts_the_certificate_connects(pair: Pair) -> None:
    client = ssl.create_default_context(cafile=pair.cert)
    with serving(RenewedChain(pair.cert, pair.key).context) as port:
        connection = socket.create_connection(("127.0.0.1", port), 10)
        with client.wrap_socket(connection, server_hostname="localhost") as secure:
            assert secure.version() == "TLSv1.3"


def test_old_versions_of_tls_are_refused(pair: Pair) -> None:
    assert load_chain(pair.cert, pair.key).minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("name", ["localhost", None])
def test_a_renewed_certificate_is_shown_while_running(
    made: dict[str, Pair], pair: Pair, name: str | None
) -> None:
    chain = RenewedChain(pair.cert, pair.key, look_every_s=0)
    with serving(chain.context) as port:
        assert shown(port, name=name) == der(made["now"])
        pair.replace(made["next"])
        assert shown(port, name=name) == der(made["next"])
        pair.replace(made["now"])
        assert shown(port, name=name) == der(made["now"])


def test_a_reload_looks_at_once(made: dict[str, Pair], pair: Pair) -> None:
    chain = RenewedChain(pair.cert, pair.key, look_every_s=3600)
    with serving(chain.context) as port:
        pair.replace(made["next"])
        assert shown(port) == der(made["now"])
        chain.renew()
        assert shown(port) == der(made["next"])


def test_servers_on_asyncio_show_it_too(made: dict[str, Pair], pair: Pair) -> None:
    """They shake hands in memory, not on a socket."""
    chain = RenewedChain(pair.cert, pair.key, look_every_s=0)

    async def seen() -> list[bytes]:
        server = await asyncio.start_server(
            lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=chain.context
        )
        async with server:
            port = server.sockets[0].getsockname()[1]
            before = await asyncio.to_thread(shown, port)
            pair.replace(made["next"])
            return [before, await asyncio.to_thread(shown, port)]

    assert asyncio.run(seen()) == [der(made["now"]), der(made["next"])]


def test_a_renewal_by_links_is_seen(made: dict[str, Pair], tmp_path: Path) -> None:
    """As certbot does: a link to the newest file, in another folder."""
    link = Pair(tmp_path / "link.pem", tmp_path / "link.key")
    for at, to in ((link.cert, made["now"].cert), (link.key, made["now"].key)):
        at.symlink_to(to)
    chain = RenewedChain(link.cert, link.key, look_every_s=0)
    with serving(chain.context) as port:
        for at, to in ((link.cert, made["next"].cert), (link.key, made["next"].key)):
            at.unlink()
            at.symlink_to(to)
        assert shown(port) == der(made["next"])


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what is said of certificates, whoever else is in this process."""
    return [r.getMessage() for r in caplog.records if r.name == "mvsnap.tls"]


def test_the_old_one_goes_on_while_the_new_one_is_broken(
    made: dict[str, Pair], pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    chain = RenewedChain(pair.cert, pair.key, look_every_s=0)
    with serving(chain.context) as port:
        pair.cert.write_bytes(made["next"].cert.read_bytes())  # and the key of before
        assert [shown(port) for _ in range(3)] == [der(made["now"])] * 3
        (said,) = told(caplog)
        assert said.startswith("the new certificate is not used: server.tls.key: ")
        pair.cert.unlink()
        assert shown(port) == der(made["now"])
        pair.replace(made["next"])
        assert shown(port) == der(made["next"])
    assert told(caplog)[-1] == f"the certificate was renewed: {pair.cert}"
    assert len(told(caplog)) == 3


def test_files_are_looked_at_seldom(made: dict[str, Pair], pair: Pair) -> None:
    chain = RenewedChain(pair.cert, pair.key)
    with serving(chain.context) as port:
        pair.replace(made["next"])
        assert shown(port) == der(made["now"])


def test_what_cannot_be_used_is_named(
    made: dict[str, Pair], pair: Pair, tmp_path: Path
) -> None:
    nothing, text = tmp_path / "nothing.pem", tmp_path / "text.pem"
    text.write_text("just text")
    assert refused(nothing, pair.key) == (
        f"server.tls.cert: cannot read {nothing}: No such file or directory"
    )
    folder = tmp_path / "folder"
    folder.mkdir()
    # A pipe would wait for somebody to write.
    assert refused(pair.cert, folder) == f"server.tls.key: {folder} is not a file"
    assert (
        refused(text, pair.key) == f"server.tls.cert: no certificate in PEM in {text}"
    )
    assert refused(pair.key, pair.key).startswith("server.tls.cert: no certificate")
    assert (
        refused(pair.cert, text) == f"server.tls.key: no private key in PEM in {text}"
    )
    assert refused(pair.cert, pair.cert).startswith("server.tls.key: no private key")
    other = made["next"].key
    assert refused(pair.cert, other) == (
        f"server.tls.key: {other} is not the key of the certificate in {pair.cert}"
    )


def test_a_key_with_a_password_is_refused_and_nobody_is_asked(pair: Pair) -> None:
    locked = pair.key.with_suffix(".locked")
    subprocess.run(
        [
            *("openssl", "pkcs8", "-topk8", "-in", pair.key, "-out", locked),
            *("-passout", "pass:a-password"),
        ],
        check=True,
    )
    assert refused(pair.cert, locked) == (
        f"server.tls.key: expected a key without a password, {locked} needs one"
    )


def test_both_may_be_in_one_file(pair: Pair, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_bytes(pair.key.read_bytes() + pair.cert.read_bytes())
    with serving(RenewedChain(both, both).context) as port:
        assert shown(port) == der(pair)


def test_the_days_of_a_certificate(made: dict[str, Pair]) -> None:
    said = {name: validity(pair.cert, pair.key).mistake for name, pair in made.items()}
    assert said == {
        "now": "",
        "next": "",
        "past": "has expired",
        "future": "is not valid yet",
    }
    assert (validity(made["now"].cert, made["now"].key).until or 0) > 0


def settings_file(folder: Path, tls: str) -> Path:
    path = folder / "config" / "mvsnap.yaml"
    path.parent.mkdir()
    path.write_text(f"server: {{tls: {tls}}}")
    path.chmod(0o600)
    return path


def test_paths_are_relative_to_the_folder_of_config(pair: Pair, tmp_path: Path) -> None:
    path = settings_file(tmp_path, "{cert: server.pem, key: server.key}")
    server = load(path, {}).server
    assert server.tls.pair == (pair.cert, pair.key)
    assert server.own_url == "https://127.0.0.1:5004"


def test_mistakes_come_with_all_others_of_the_file(tmp_path: Path) -> None:
    path = settings_file(tmp_path, "{cert: a.pem, key: a.key}, port: 0")
    with pytest.raises(BadConfig) as caught:
        load(path, {"MVSNAP_SERVER__TLS__CERT": "b.pem"})
    port, cert = caught.value.mistakes
    assert port.startswith("server.port: ")
    assert cert.startswith("server.tls.cert: cannot read ")
    assert cert.endswith("(from MVSNAP_SERVER__TLS__CERT)")


@pytest.mark.parametrize("tls", ["{cert: server.pem}", "{key: server.key}"])
def test_one_without_the_other_is_a_mistake(tmp_path: Path, tls: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load(settings_file(tmp_path, tls), {})
    assert caught.value.mistakes == ["server.tls: cert and key are needed together"]


def test_without_files_the_server_speaks_http() -> None:
    assert ServerSection().own_url == "http://127.0.0.1:5004"
