"""Words of states, kinds and roles: pages look them up by the values of enumerations.

A value is stored and part of the API, so it stays English wherever it is defined.
"""

from __future__ import annotations

from mvsnap.texts import N_

WORDS = (
    *(N_("viewer"), N_("reviewer"), N_("admin")),
    *(N_("match"), N_("mismatch"), N_("unsure"), N_("open")),
    *(N_("ok"), N_("trouble"), N_("unknown")),
    *(N_("changes"), N_("logins"), N_("viewed"), N_("downloaded"), N_("refused")),
    *(N_("28 days"),),
    *(N_("critical"), N_("warning"), N_("informational")),
    *(N_("waiting"), N_("running"), N_("done"), N_("failed"), N_("partial")),
    *(N_("requested"), N_("recording"), N_("finishing"), N_("ready"), N_("deleted")),
    *(N_("pending"), N_("delivered")),
    *(N_("sent"), N_("sending"), N_("partly failed"), N_("grouped"), N_("quiet")),
    *(N_("notified"), N_("nobody notified"), N_("stored"), N_("muted"), N_("kept")),
    *(N_("online"), N_("offline"), N_("alerting"), N_("dormant")),
    *(N_("connecting"), N_("no recorder"), N_("no ffmpeg"), N_("not seen yet")),
    *(N_("records"), N_("active"), N_("disabled"), N_("expired"), N_("expires soon")),
    *(N_("snapshot"), N_("clip"), N_("alarm"), N_("crowd"), N_("noise")),
    *(N_("crossing"), N_("end"), N_("area"), N_("line"), N_("whole")),
    *(N_("crowd event"), N_("crowd events"), N_("snapshots"), N_("clips")),
    *(N_("failure"), N_("failures"), N_("seconds"), N_("messages"), N_("people")),
    *(N_("Cool-down"), N_("as People"), N_("person"), N_("vehicle")),
    *(N_("API key"), N_("webhook token")),
    *(N_("waits"), N_("in time"), N_("late")),
)
