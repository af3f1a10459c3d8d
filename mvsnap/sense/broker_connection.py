"""The connection to the broker, open while sense is switched on."""

from __future__ import annotations

from mvsnap.clock import SystemClock, poll
from mvsnap.config.sense import Sense
from mvsnap.sense.framing import LIMIT_BYTES
from mvsnap.sense.receiver import Batch, Broker, Receiver
from mvsnap.texts import broker_wordings
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

State = tuple[bool, Reason]  # connected, and the state for people

# How long the broker may take to delete our session.
_GOODBYE_S = 5.0


class BrokerConnection:
    """Open or closed; each time it is opened with the settings of that moment."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._receiver: Receiver | None = None
        self._can_be_contested = True

    @property
    def is_open(self) -> bool:
        return self._receiver is not None

    @property
    def state(self) -> State:
        if self._receiver is None:
            return False, broker_wordings.OFF()
        state = self._receiver.state
        return state.connected, state.text

    @property
    def lost(self) -> dict[str, int]:
        """Return how many messages were lost since it was opened, by reason."""
        if self._receiver is None:
            return {}
        state = self._receiver.state
        return {
            "too many were waiting": state.dropped,
            f"longer than {LIMIT_BYTES:,} bytes": state.too_large,
        }

    @property
    def is_contested(self) -> bool:
        """Another client seems to be connected with our id, again and again."""
        found = self._receiver
        return found is not None and self._can_be_contested and found.is_contested

    def open(self, broker: Broker, *, can_be_contested: bool = True) -> None:
        self._can_be_contested = self._can_be_contested and can_be_contested
        self._receiver = Receiver(broker)
        self._receiver.start()

    def receive(self, limit_s: float) -> Batch | None:
        """Return what arrived, None if nothing did in time; waits if it is closed."""
        if self._receiver is None:
            self._clock.sleep(limit_s)
            return None
        return self._receiver.receive(limit_s)

    def acknowledge(self, batch: Batch) -> None:
        if self._receiver is not None:
            self._receiver.acknowledge(batch)

    def close(self) -> None:
        """Disconnect; the broker keeps QoS 1 messages for the next connection."""
        if self._receiver is not None:
            self._receiver.stop()
            self._receiver = None

    def forget(self, broker: Broker) -> None:
        """End the broker's session: messages of now are not to be delivered later."""
        receiver = Receiver(replace(broker, keeps_session=False))
        receiver.start()
        poll(
            lambda: receiver.state.connected or None,
            self._clock,
            every_s=0.05,
            limit_s=_GOODBYE_S,
        )
        receiver.stop()


def broker_of(sense: Sense, listener_id: str) -> Broker:
    topics = dict.fromkeys([sense.topic, *(t.topic for t in sense.triggers)])
    return Broker(
        host=sense.host,
        port=sense.port,
        client_id=listener_id,
        topics=tuple(topics),
        username=sense.username,
        password=sense.password.get_secret_value() if sense.password else None,
        tls=sense.tls,
        ca_file=sense.ca_file,
        protocol=sense.protocol,
    )
