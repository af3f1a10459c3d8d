"""The API description of visitors and Wi-Fi analytics."""

from __future__ import annotations

from mvsnap.runtime.openapi_operations import (
    describe,
    json_answer,
    path_parameter,
    query_parameters,
)
from mvsnap.runtime.openapi_schemas import Json
from mvsnap.visitors.answers import VisitorHoursQuery, VisitorsQuery
from mvsnap.wifi.answers import (
    WifiCorrelationQuery,
    WifiObservationsQuery,
    WifiQuery,
    WifiVisitsQuery,
)

_SCOPE = "needs the scope read"


def analytics_paths(root: str) -> Json:
    return _visitor_paths(root) | _wifi_paths(f"{root}/wifi")


def _visitor_paths(root: str) -> Json:
    zone = [
        path_parameter("serial", "serial of the camera"),
        path_parameter("zone_id", "id of the zone, area or line; 0: the full frame"),
    ]
    return {
        f"{root}/visitors": {
            "get": describe(
                "getVisitors",
                f"Who came in a period, and in the one before; {_SCOPE}",
                {"200": json_answer("Visitors")},
                query_parameters(VisitorsQuery),
            )
        },
        f"{root}/visitors/{{serial}}/{{zone_id}}": {
            "get": describe(
                "getVisitorHours",
                f"The hours of one zone; {_SCOPE}",
                {"200": json_answer("VisitorHours")},
                [*zone, *query_parameters(VisitorHoursQuery)],
                errors=("NotFound",),
            )
        },
    }


def _wifi_paths(root: str) -> Json:
    several = {
        "": (
            "getWifiActivity",
            "Visits and devices of a period, and of the one before",
            "WifiActivity",
            WifiQuery,
        ),
        "/visits": ("listWifiVisits", "Visits", "WifiVisits", WifiVisitsQuery),
        "/observations": (
            "listWifiObservations",
            "Observations, newest first",
            "WifiObservations",
            WifiObservationsQuery,
        ),
        "/correlation": (
            "getWifiCorrelation",
            "People seen by cameras, and devices near them",
            "WifiCorrelation",
            WifiCorrelationQuery,
        ),
    }
    return {
        f"{root}{path}": {
            "get": describe(
                name,
                f"{summary}; {_SCOPE}",
                {"200": json_answer(schema)},
                query_parameters(shape),
            )
        }
        for path, (name, summary, schema, shape) in several.items()
    }
