"""An object store with one bucket, which keeps what is put into it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flask import Flask, Response, request

from mvsnap.simulator.server import serve

BUCKET = "clips"
ACCESS_KEY = "an-access-key"
SECRET_KEY = "a-very-secret-key"


@dataclass
class Store:
    """fail_with: a status for every request."""

    kept: dict[str, bytes] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    fail_with: int | None = None
    asked: int = 0

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.route("/<bucket>", methods=["HEAD"])
        @app.route("/<bucket>/<path:key>", methods=["PUT"])
        def answer(bucket: str, key: str = "") -> Response:
            self.asked += 1
            if f"Credential={ACCESS_KEY}/" not in request.headers["Authorization"]:
                return Response(status=403)
            if self.fail_with is not None:
                return Response(status=self.fail_with)
            if bucket != BUCKET:
                return Response(status=404)
            if key:
                self.kept[key] = request.get_data()
                self.kinds[key] = request.headers["Content-Type"]
            return Response(status=200)

        return app


@contextmanager
def store() -> Iterator[tuple[Store, str]]:
    """Serve an object store; yield it with its address."""
    made = Store()
    with serve(made.app()) as url:
        yield made, url
