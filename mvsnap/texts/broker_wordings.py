"""Wordings of the connection to the MQTT broker, and of why there is none."""

from __future__ import annotations

from mvsnap.texts import N_
from mvsnap.texts.wording import Reason, Wording

OFF = Wording("broker_off", N_("switched off"))
NOT_STARTED = Wording("broker_not_started", N_("not started"))
STOPPED = Wording("broker_stopped", N_("stopped"))
# place: host and port, or the next one.
CONNECTED = Wording("broker_connected", N_("connected to %(place)s"))
REFUSES = Wording("broker_refuses", N_("%(place)s, which refuses %(topics)s"))
NOT_CONNECTED = Wording("broker_not_connected", N_("not connected: %(why)s"))
REFUSED = Wording("broker_refused", N_("refused: %(why)s"))
WITH_RATE = Wording("broker_with_rate", N_("%(what)s, %(rate)s messages per second"))

# --- why it is not connected
NOT_TRIED = Wording("broker_not_tried", N_("not tried yet"))
LOST = Wording("broker_lost", N_("the connection was lost"))
CLOSED = Wording("broker_closed", N_("the broker closed the connection: %(why)s"))
CLOSED_AT_ONCE = Wording(
    "broker_closed_at_once",
    N_("the connection was closed before the broker answered"),
)
SILENT = Wording("broker_silent", N_("the broker does not respond"))
SILENT_NOW = Wording("broker_silent_now", N_("the broker stopped responding"))
NOT_MQTT = Wording("broker_not_mqtt", N_("the server there is not an MQTT broker"))
NOT_MQTT_BECAUSE = Wording(
    "broker_not_mqtt_because",
    N_("the server there is not an MQTT broker: %(why)s"),
)
UNPROMPTED = Wording("broker_unprompted", N_("it sends data unprompted"))
BAD_TOPIC = Wording("broker_bad_topic", N_("cannot subscribe to a topic: %(why)s"))
UNTRUSTED = Wording(
    "broker_untrusted", N_("the certificate of the broker is not trusted: %(why)s")
)
TLS_FAILED = Wording("broker_tls_failed", N_("TLS failed: %(why)s"))
UNKNOWN_HOST = Wording("broker_unknown_host", N_("unknown host: %(why)s"))

# --- what it refused
SUBSCRIPTION = Wording("broker_subscription", N_("subscription to %(topics)s"))
WRONG_PASSWORD = Wording("broker_wrong_password", N_("wrong user name or password"))
REJECTS_ID = Wording("broker_rejects_id", N_("it rejects the client id"))
OTHER_VERSION = Wording(
    "broker_other_version", N_("it does not support this MQTT version")
)


def beyond(state: Reason) -> Reason:
    """Return to what it is connected, or why not; all of it if it does not say."""
    name = {CONNECTED.code: "place", NOT_CONNECTED.code: "why"}.get(state.code, "")
    found = state.values.get(name)
    if not isinstance(found, str):  # of another release
        return state
    return found if isinstance(found, Reason) else Reason(found)
