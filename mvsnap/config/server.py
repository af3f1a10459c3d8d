"""Settings of the web server."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, IPvAnyNetwork, model_validator

from mvsnap.config.values import Section
from mvsnap.errors import BadConfig
from mvsnap.tls import load_chain

# As it was before proxies had names: whoever reaches the port is believed.
ProxyCount = Annotated[int, Field(ge=0, le=5)]
BELIEVES_ANYONE = (
    "server.trusted_proxies is a number: whoever reaches the port chooses the address "
    "that is counted. Name the proxies instead, like [127.0.0.1]"
)


class TlsFiles(Section):
    """Empty, or complete."""

    cert: Path | None = Field(
        None,
        description="file with the certificate and those that lead to its issuer "
        "(PEM): the server then speaks https; read again when it is renewed",
    )
    key: Path | None = Field(
        None, description="file with its private key (PEM, without a password)"
    )

    @model_validator(mode="after")
    def _complete(self) -> TlsFiles:
        if (self.cert is None) != (self.key is None):
            raise ValueError("cert and key are needed together")
        return self

    @property
    def pair(self) -> tuple[Path, Path] | None:
        """Certificate and key; None: the server speaks http."""
        if self.cert is None or self.key is None:
            return None
        return self.cert, self.key

    def below(self, root: Path) -> TlsFiles:
        """Return the settings with the files resolved against `root`."""
        if self.pair is None:
            return self
        cert, key = self.pair
        return self.model_copy(update={"cert": root / cert, "key": root / key})

    def mistakes(self) -> list[str]:
        """Return what makes the files unusable."""
        if self.pair is None:
            return []
        try:
            load_chain(*self.pair)
        except BadConfig as exc:
            return exc.mistakes
        return []


class ServerSection(Section):
    host: str = Field("0.0.0.0", description="address to listen on")
    port: int = Field(5004, ge=1, le=65535, description="port to listen on")
    tls: TlsFiles = TlsFiles()
    threads: int = Field(
        12,
        ge=4,
        le=200,
        description="requests handled at once; half of them may wait for a picture, "
        "those of one caller in its share of these",
    )
    max_connections_per_address: int = Field(
        50,
        ge=4,
        le=1000,
        description="connections at once from one address; trusted_proxies may have "
        "more. All together may have half of the files that the process may open, "
        "at most 600",
    )
    trusted_proxies: tuple[IPvAnyNetwork, ...] | ProxyCount = Field(
        (),
        description="addresses or networks of the proxies in front: the caller and "
        "the scheme are then those of their X-Forwarded-For and -Proto; "
        "e.g. [127.0.0.1, 10.0.0.0/24]",
    )
    forwarded: tuple[Literal["host", "prefix"], ...] = Field(
        (),
        description="more that these proxies may set: host (X-Forwarded-Host), "
        "prefix (X-Forwarded-Prefix); only if they replace what clients send",
    )
    rate_per_minute: int = Field(
        600, ge=1, description="requests per minute, per key and per address"
    )
    queue_size: int = Field(
        1000,
        ge=1,
        le=100_000,
        description="jobs that may wait; further triggers are answered with 503, "
        "those of a caller that has as many as there are free places with 429",
    )
    jobs_at_once: int = Field(
        48,
        ge=8,
        le=400,
        description="jobs that a process with the worker role works at, each with a "
        "thread; any more wait in the queue, the newest and the oldest in turns",
    )

    @property
    def believes_anyone(self) -> bool:
        """A number of proxies is trusted, whoever they are."""
        return isinstance(self.trusted_proxies, int) and self.trusted_proxies > 0

    @property
    def own_url(self) -> str:
        """The URL at which a program on this machine reaches the server."""
        host = self.host.strip() or "0.0.0.0"
        scheme = "https" if self.tls.pair else "http"
        try:
            address = ip_address(host)
        except ValueError:
            return f"{scheme}://{host}:{self.port}"
        if address.is_unspecified:
            address = ip_address("127.0.0.1" if address.version == 4 else "::1")
        # A zone, as in fe80::1%eth0, is written with an encoded %.
        shown = str(address).replace("%", "%25")
        shown = shown if address.version == 4 else f"[{shown}]"
        return f"{scheme}://{shown}:{self.port}"
