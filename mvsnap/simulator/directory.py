"""Directory simulator: people with drawn photos, as JSON and as pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from flask import Flask, Response, jsonify, redirect
from flask.typing import ResponseReturnValue

from mvsnap.simulator.portrait import draw_portrait

NAMES = (
    ("4711", "Anna Berg", "Sales"),
    ("4712", "Bert Kowalski", "Warehouse"),
    ("4713", "Chiara Rossi", "Quality"),
    ("4714", "David Okafor", "Maintenance"),
    ("4715", "Elif Demir", "Reception"),
    ("4716", "Finn Larsen", "Visitors"),
)


@dataclass
class FakeDirectory:
    """A directory of NAMES; its attributes may be changed while it is served.

    photos: replacements for a person's photo address.
    body, kind: content and type of a photo, instead of a JPEG. broken: invalid JSON.
    asked: the requested paths.
    """

    photos: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    kind: str = "image/jpeg"
    broken: bool = False
    asked: list[str] = field(default_factory=list)

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.get("/people.json")
        def people() -> ResponseReturnValue:
            self.asked.append("/people.json")
            if self.broken:
                return Response("<h1>Log in</h1>", mimetype="text/html")
            return jsonify([self._entry(*person) for person in NAMES])

        @app.get("/photos/<user_id>.jpg")
        def photo(user_id: str) -> ResponseReturnValue:
            self.asked.append(f"/photos/{user_id}.jpg")
            return Response(self.body or portrait_of(user_id), mimetype=self.kind)

        @app.get("/elsewhere")
        def elsewhere() -> ResponseReturnValue:
            return redirect("http://127.0.0.2:9/photo.jpg")

        @app.get("/people/<user_id>")
        def page(user_id: str) -> ResponseReturnValue:
            named = {number: f"{name}, {unit}" for number, name, unit in NAMES}
            text = escape(named.get(user_id, "unknown"))
            return f"<title>{text}</title><h1>{text}</h1>"

        return app

    def _entry(self, user_id: str, name: str, department: str) -> dict[str, str]:
        photo = self.photos.get(user_id, f"/photos/{user_id}.jpg")
        return {
            "user_id": user_id,
            "name": name,
            "department": department,
            "photo": photo,
        }


def portrait_of(user_id: str) -> bytes:
    """Return a face, always the same for the same badge."""
    return draw_portrait(sum(map(ord, user_id)))
