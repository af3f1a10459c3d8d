"""A Dashboard of two organizations, one of which may refuse: a stub over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from flask import Response

from tests.clients.fakes import answering

GATE, DOOR = "Q2AA-0000-0001", "Q2BB-0000-0001"
ACME, OTHER = "101", "202"
_NAMES = {ACME: "Acme", OTHER: "Old trial"}
_CAMERAS = {ACME: (GATE, "Gate North"), OTHER: (DOOR, "Door South")}


class TwoOrganizations:
    """refusals: the answer to a path that contains the key; may be changed."""

    def __init__(self, refusals: dict[str, Response] | None = None) -> None:
        self.refusals = refusals or {}

    def served(self) -> AbstractContextManager[str]:
        return answering(self.answer)

    def answer(self, _method: str, path: str) -> Response:
        for part, refusal in self.refusals.items():
            if part in path:
                return refusal
        found = next((f for part, f in self._routes() if part in path), None)
        return as_json([]) if found is None else found()

    def _routes(self) -> list[tuple[str, Callable[[], Response]]]:
        routes: list[tuple[str, Callable[[], Response]]] = [
            ("/identities/me", lambda: as_json({"name": "Ann", "email": "a@b.de"})),
        ]
        for id_, (serial, name) in _CAMERAS.items():
            camera = {"serial": serial, "name": name, "model": "MV12", "networkId": "N"}
            state = [{"serial": serial, "status": "online"}]
            network = [{"id": f"N_{id_}", "name": "All", "timeZone": "UTC"}]
            at = f"/organizations/{id_}"
            routes += [
                (f"{at}/devices/availabilities", partial(as_json, state)),
                (f"{at}/devices", partial(as_json, [camera])),
                (f"{at}/networks", partial(as_json, network)),
                (f"{at}/camera/boundaries/areas", partial(as_json, _area(serial))),
                (f"/devices/{serial}", partial(as_json, camera)),
            ]
        known = [{"id": id_, "name": name} for id_, name in _NAMES.items()]
        return [*routes, ("/organizations", lambda: as_json(known))]


def _area(serial: str) -> list[dict[str, object]]:
    return [{"serial": serial, "boundaries": {"id": f"a{serial}", "name": "Hall"}}]


def as_json(data: object, status: int = 200) -> Response:
    return Response(json.dumps(data), status, content_type="application/json")


def refused(status: int) -> Response:
    """Return an answer as Meraki gives it for an organization without API access."""
    return as_json({"errors": ["API access is off"]}, status)
