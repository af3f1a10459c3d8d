"""Calls: the requests to a simulated cloud, and the app that records them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from flask import Flask, Request, Response, g, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import Headers

from mvsnap.simulator.faults import Fault, Faults

_MAX_BODY_BYTES = 101 * 1024 * 1024


class _Request(Request):
    def _get_file_stream(self, *args: Any, **kwargs: Any) -> IO[bytes]:
        # The usual temporary file stays open if the caller is killed while sending.
        return io.BytesIO()


@dataclass
class RecordedCall:
    """One call, including one answered by a fault.

    query: names ending in [] are lists, all others text.
    json: the JSON body, the text fields of a form, or None.
    at: time.monotonic() when the call arrived.
    """

    method: str
    path: str
    query: dict[str, Any]
    json: Any
    headers: dict[str, str]
    at: float


def new_app(
    name: str,
    *,
    asked: list[RecordedCall],
    faults: Faults,
    is_api: Callable[[str], bool],
    finish: Callable[[Response], Response] | None = None,
) -> Flask:
    """Return an app that records calls, has faults, and /fault to add more.

    is_api: returns which paths are the cloud's; only these are recorded and can fail.
    finish: called last with every answer, including those of faults.
    """
    app = Flask(name)
    app.request_class = _Request
    # A lost connection must reach the server; Flask would answer 500 instead.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES

    @app.before_request
    def record_call() -> ResponseReturnValue | None:
        if not is_api(request.path):
            return None
        g.asked = _asked()
        asked.append(g.asked)
        return faults.before_request()

    # Flask calls the function registered first at the very end.
    if finish is not None:
        app.after_request(finish)
    app.after_request(faults.after_request)

    @app.post("/fault")
    def add_fault() -> ResponseReturnValue:
        try:
            faults.add(_fault(request.get_json()))
        except (TypeError, ValueError) as exc:
            return jsonify(error=str(exc)), 400
        return jsonify(added=True), 201

    @app.delete("/fault")
    def clear_faults() -> ResponseReturnValue:
        faults.clear()
        return Response(status=204)

    return app


def bearer_of(headers: Headers) -> str:
    """Return the token of `Authorization: Bearer token`, "" without one."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.casefold() == "bearer" else ""


def _asked() -> RecordedCall:
    query = {
        name: values if name.endswith("[]") else values[-1]
        for name, values in request.args.lists()
    }
    return RecordedCall(
        method=request.method,
        path=request.path,
        query=query,
        json=request.get_json(silent=True) if request.is_json else None,
        headers=dict(request.headers),
        at=time.monotonic(),
    )


def _fault(body: Any) -> Fault:
    if not isinstance(body, dict):
        raise ValueError("A fault is a JSON object with at least 'kind'")
    # A shell script may send 429 as a number and 0.5 as text.
    types = {"kind": str, "times": int, "share": float, "seconds": float}
    for key in types.keys() & body.keys():
        body[key] = types[key](body[key])
    return Fault(**body)
