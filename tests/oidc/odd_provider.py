"""A provider that tests make misbehave: what it signs, how, and how slowly."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask, Response, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from mvsnap.simulator.server import serve

CLIENT, SECRET = "mvsnap", "the secret of the client: 100% / ä+&"
ALGORITHMS = ("RS256", "ES256", "HS256", "none")
LOGGED_OUT = "http://schemas.openid.net/event/backchannel-logout"

Claims = dict[str, Any]


def new_key(kid: str = "one") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class OddProvider:
    """Logs `person` in at once; everything else is as a test sets it."""

    key: RSAKey | ECKey
    url: str = ""
    person: Claims = field(default_factory=lambda: {"sub": "1"})
    info: Claims = field(default_factory=dict)
    alg: str = "RS256"
    sign: Callable[[Claims], str] | None = None
    edit: Callable[[Claims], None] = lambda claims: None
    document: Claims = field(default_factory=dict)
    keys: list[Any] | None = None
    slow: threading.Event | None = None
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    keeps_codes: bool = False
    ways: list[str] = field(default_factory=list)

    def discovery(self) -> Claims:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/me",
            "jwks_uri": f"{self.url}/keys",
            "end_session_endpoint": f"{self.url}/end",
            "id_token_signing_alg_values_supported": [*ALGORITHMS],
        } | self.document

    def code_for(self, location: str) -> tuple[str, str]:
        """Return code and state for the address a browser was sent to."""
        asked = {k: v[0] for k, v in parse_qs(urlsplit(location).query).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code, asked["state"]

    def claims(self, asked: dict[str, str]) -> Claims:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "nonce": asked.get("nonce"),
            "iat": now,
            "exp": now + 300,
            **self.person,
        }
        self.edit(claims)
        return claims

    def signed(self, claims: Claims) -> str:
        if self.sign is not None:
            return self.sign(claims)
        return jwt.encode({"alg": self.alg, "kid": self.key.kid}, claims, self.key)

    def notice(self, **claims: Any) -> str:
        """Return a signed notice that a session has ended."""
        now = int(time.time())
        told = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 120}
        told |= {"jti": f"notice-{time.monotonic_ns()}", "events": {LOGGED_OUT: {}}}
        told |= claims
        return self.signed({k: v for k, v in told.items() if v is not None})


def unsigned(claims: Claims) -> str:
    parts = [{"alg": "none", "typ": "JWT"}, claims]
    return ".".join([*(_b64(json.dumps(p).encode()) for p in parts), ""])


def signed_with_public_key(key: RSAKey) -> Callable[[Claims], str]:
    """Sign as HS256, with the public key as if it were a shared secret."""
    shared = key.as_pem(private=False)

    def sign(claims: Claims) -> str:
        header = {"alg": "HS256", "kid": key.kid}
        told = ".".join(_b64(json.dumps(part).encode()) for part in (header, claims))
        return f"{told}.{_b64(hmac.digest(shared, told.encode(), hashlib.sha256))}"

    return sign


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _app(odd: OddProvider) -> Flask:
    app = Flask("odd provider")

    @app.before_request
    def note() -> None:
        odd.asked.append(request.path)
        if odd.slow is not None:
            odd.slow.wait(30)

    @app.get("/.well-known/openid-configuration")
    def discovery() -> Any:
        return jsonify(odd.discovery())

    @app.get("/keys")
    def keys() -> Any:
        if odd.keys is not None:
            return jsonify({"keys": odd.keys})
        return jsonify(KeySet([odd.key]).as_dict())

    @app.get("/authorize")
    def authorize() -> Any:
        code, state = odd.code_for(request.url)
        return redirect(f"{request.args['redirect_uri']}?code={code}&state={state}")

    @app.post("/token")
    def token() -> Any:
        form = request.form
        odd.ways.append(_way())
        asked = odd.codes.get(form["code"])
        if asked is None or not _proves(form["code_verifier"], asked):
            return jsonify({"error": "invalid_grant"}), 400
        if not odd.keeps_codes:
            del odd.codes[form["code"]]
        given = odd.signed(odd.claims(asked))
        return jsonify(
            {"id_token": given, "access_token": "access", "token_type": "Bearer"}
        )

    @app.get("/me")
    def me() -> Any:
        assert request.headers["Authorization"] == "Bearer access"
        return jsonify({"sub": odd.person["sub"]} | odd.info)

    @app.get("/large")
    def large() -> Response:
        return Response(b" " * 10_000_000, mimetype="application/json")

    return app


def _way() -> str:
    """Return how the client has proved who it is."""
    if request.form.get("client_secret") == SECRET:
        return "client_secret_post"
    sent = request.headers.get("Authorization", "")
    known = base64.b64encode(f"{CLIENT}:{SECRET}".encode("latin-1")).decode()
    return "client_secret_basic" if sent == f"Basic {known}" else "none"


def _proves(verifier: str, asked: dict[str, str]) -> bool:
    digest = _b64(hashlib.sha256(verifier.encode()).digest())
    is_hashed = asked.get("code_challenge_method") == "S256"
    return is_hashed and digest == asked.get("code_challenge")


@contextmanager
def odd_provider(key: RSAKey | ECKey) -> Iterator[OddProvider]:
    odd = OddProvider(key)
    with serve(_app(odd)) as url:
        odd.url = url
        yield odd
