"""The receiver against a real mosquitto: by the bulk reader, and by paho as it is."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from mvsnap.sense.bulk import BulkClient
from mvsnap.sense.receiver import Broker, Receiver
from mvsnap.simulator.mqtt.broker import HOST, Mosquitto
from mvsnap.simulator.ports import free_port
from tests.sense.mqtt import (
    ChangedPaho,
    answering,
    at,
    frames,
    leave_a_session,
    payloads,
    publish,
    receiving,
    started,
    taken,
    wait_for_text,
)
from tests.servers.processes import wait_until

TOPIC = "/merakimv/Q2AB-CDEF-GHJK/0"
COUNT = b'{"ts":1714632612326,"counts":{"person":2}}'
READERS = pytest.mark.parametrize(
    "reader", [BulkClient, ChangedPaho], ids=["bulk", "plain paho"]
)
PROTOCOLS = pytest.mark.parametrize("protocol", ["3.1.1", "5"])
Reader = type[BulkClient]
Protocol = Literal["3.1.1", "5"]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path_factory.mktemp("plain")) as running:
        yield running


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    folder = tmp_path_factory.mktemp("secret")
    with Mosquitto(folder, tls=True, username="mv", password="hush-hush") as running:
        yield running


def reported(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of the connection, without the line of the self-test."""
    return [line for line in caplog.messages if line.startswith("MQTT broker")]


@READERS
@PROTOCOLS
def test_a_message_arrives_as_it_was_sent(
    plain: Mosquitto, reader: Reader, protocol: Protocol
) -> None:
    with receiving(at(plain, protocol=protocol), client=reader) as receiver:
        publish(plain, TOPIC, [COUNT])
        (batch,) = taken(receiver, 1)
        assert batch.frames == [(TOPIC.encode(), COUNT, False, 0)]
        assert {type(part) for part in batch.frames[0][:2]} == {bytes}
        assert batch.connection == 1
        assert receiver.receive(0.05) is None


@READERS
@PROTOCOLS
def test_a_retained_message_is_marked(
    plain: Mosquitto, reader: Reader, protocol: Protocol
) -> None:
    topic = f"/retained/{reader.__name__}/{protocol}"
    publish(plain, topic, [COUNT], retain=True)
    with receiving(at(plain, topic, protocol=protocol), client=reader) as receiver:
        assert frames(taken(receiver, 1)) == [(topic.encode(), COUNT, True, 0)]


@READERS
@PROTOCOLS
def test_only_unacknowledged_messages_are_sent_again(
    plain: Mosquitto, reader: Reader, protocol: Protocol
) -> None:
    there = at(plain, protocol=protocol)
    with receiving(there, client=reader) as receiver:
        publish(plain, TOPIC, [b"1", b"2", b"3"], qos=1)
        batches = taken(receiver, 3)
        assert all(packet_id for *_, packet_id in frames(batches))
    with receiving(there, client=reader) as receiver:
        again = taken(receiver, 3)
        assert payloads(again) == [b"1", b"2", b"3"]
        for batch in again:
            receiver.acknowledge(batch)
    with receiving(there, client=reader) as receiver:
        publish(plain, TOPIC, [b"4"])
        assert payloads(taken(receiver, 1)) == [b"4"]


@READERS
@PROTOCOLS
def test_messages_of_qos_2_arrive_and_end_with_the_acknowledgement(
    plain: Mosquitto, reader: Reader, protocol: Protocol
) -> None:
    there = at(plain, protocol=protocol)
    leave_a_session(there, qos=2)
    publish(plain, TOPIC, [b"1", b"2"], qos=2)
    with receiving(there, client=reader) as receiver:
        for batch in (batches := taken(receiver, 2)):
            receiver.acknowledge(batch)
        assert payloads(batches) == [b"1", b"2"]
        publish(plain, TOPIC, [b"3"], qos=2)
        assert payloads(taken(receiver, 1)) == [b"3"]


@PROTOCOLS
def test_messages_sent_while_the_receiver_was_down_arrive_later(
    plain: Mosquitto, protocol: Protocol
) -> None:
    there = at(plain, protocol=protocol)
    with receiving(there):
        pass
    publish(plain, TOPIC, [b"%d" % n for n in range(300)], qos=1)
    with receiving(there) as receiver:
        got: list[bytes] = []
        while len(got) < 300:
            for batch in taken(receiver, 1):
                got += payloads([batch])
                receiver.acknowledge(batch)
    assert got == [b"%d" % n for n in range(300)]


@pytest.mark.parametrize("qos", [0, 1])
@PROTOCOLS
def test_thousands_of_messages_arrive_in_order(
    plain: Mosquitto, protocol: Protocol, qos: int
) -> None:
    many = [b"%d" % n for n in range(2_000 if qos else 10_000)]
    with receiving(at(plain, protocol=protocol)) as receiver:
        got: list[bytes] = []

        def all_there() -> bool:
            while batch := receiver.receive(0.05):
                receiver.acknowledge(batch)
                got.extend(payloads([batch]))
            return len(got) >= len(many)

        publish(plain, TOPIC, many, qos=qos)
        wait_until(all_there, "all messages", 20)
        assert got == many
        assert receiver.state.dropped == 0


@READERS
def test_a_slow_consumer_loses_the_oldest_counts_and_their_number_is_known(
    plain: Mosquitto, reader: Reader
) -> None:
    with receiving(at(plain), client=reader, most_waiting=100) as receiver:
        publish(plain, TOPIC, [b"first"], qos=1)
        publish(plain, TOPIC, [b"%d" % n for n in range(1000)])
        wait_until(lambda: receiver.state.dropped == 901, "901 dropped")
        got = payloads(taken(receiver, 100))
        assert got == [b"first"] + [b"%d" % n for n in range(901, 1000)]


@READERS
def test_a_message_above_the_limit_is_skipped_and_counted(
    plain: Mosquitto, reader: Reader
) -> None:
    there = at(plain)
    with receiving(there, client=reader, limit_bytes=10_000) as receiver:
        publish(plain, TOPIC, [b"x" * 900_000, b"after"])
        assert payloads(taken(receiver, 1)) == [b"after"]
        assert receiver.state.too_large == 1
        publish(plain, TOPIC, [b"x" * 900_000, b"after"], qos=1)
        for batch in (batches := taken(receiver, 2)):
            receiver.acknowledge(batch)
        assert payloads(batches) == [b"", b"after"]
        assert receiver.state.too_large == 2


@READERS
def test_a_topic_longer_than_any_of_ours_comes_without_it(
    plain: Mosquitto, reader: Reader
) -> None:
    with receiving(at(plain), client=reader) as receiver:
        for topic in (f"/merakimv/{'x' * 60_000}/0", TOPIC):
            publish(plain, topic, [b"1"])
        found = frames(taken(receiver, 2))
        assert [(frame[0], frame[1]) for frame in found] == [
            (b"", b"1"),
            (TOPIC.encode(), b"1"),
        ]


@READERS
@PROTOCOLS
def test_tls_with_a_login_brings_large_and_many_messages(
    secret: Mosquitto, reader: Reader, protocol: Protocol
) -> None:
    login = ("mv", "hush-hush")
    many = [b"x" * 900_000] + [b"%d" % n for n in range(2_000)]
    there = at(secret, username="mv", password="hush-hush", protocol=protocol)
    with receiving(there, client=reader) as receiver:
        publish(secret, TOPIC, many, login=login)
        assert payloads(taken(receiver, len(many))) == many
        publish(secret, TOPIC, [b"once"], qos=1, login=login)
        (batch,) = taken(receiver, 1)
        receiver.acknowledge(batch)
    with receiving(there, client=reader) as receiver:
        assert receiver.receive(0.2) is None


@READERS
@PROTOCOLS
def test_a_wrong_password_is_reported_and_shown_nowhere(
    secret: Mosquitto,
    reader: Reader,
    protocol: Protocol,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    there = at(secret, username="mv", password="wrong-password", protocol=protocol)
    with receiving(there, connected=False, client=reader) as receiver:
        wait_for_text(receiver, "refused: wrong user name or password")
        wait_until(lambda: receiver._connections > 3, "three more tries")
        assert not receiver.state.connected
        assert "wrong-password" not in repr(there) + repr(receiver.state)
    assert "wrong-password" not in caplog.text
    assert reported(caplog) == [
        f"MQTT broker {HOST}:{secret.port}: refused: wrong user name or password"
    ]


@pytest.mark.parametrize("system", [True, False], ids=["the system's", "another"])
def test_a_certificate_of_an_unknown_authority_is_refused(
    secret: Mosquitto, tmp_path: Path, system: bool
) -> None:
    with Mosquitto(tmp_path, tls=True) as other:
        ca_file = None if system else other.ca_file
        there = at(secret, username="mv", password="hush-hush")
        there = Broker(HOST, there.port, "mv", (TOPIC,), tls=True, ca_file=ca_file)
        with receiving(there, connected=False) as receiver:
            text = "not connected: the certificate of the broker is not trusted: "
            wait_for_text(receiver, text)


@READERS
@pytest.mark.parametrize(
    ("protocol", "answer"),
    [
        ("3.1.1", b"\x20\x02\x00\x00\x90\x04\x00\x01\x80\x80"),
        ("5", b"\x20\x03\x00\x00\x00\x90\x05\x00\x01\x00\x87\x8f"),
    ],
)
def test_a_refused_subscription_is_reported_and_retried(
    reader: Reader, protocol: Protocol, answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with answering(answer) as port:
        there = Broker(HOST, port, "mv", (TOPIC, "other"), protocol=protocol)
        with receiving(there, connected=False, client=reader) as receiver:
            wait_for_text(receiver, f"refused: subscription to {TOPIC}, other")
            wait_until(lambda: receiver._connections > 2, "more tries")
            assert not receiver.state.connected
    assert len(reported(caplog)) == 1


@READERS
def test_one_refused_topic_of_two_is_reported(reader: Reader) -> None:
    # Ours to say: a mosquitto without plugins grants everything.
    message = b"\x30\x08\x00\x05other!"
    answer = b"\x20\x02\x00\x00\x90\x04\x00\x01\x80\x00" + message
    with answering(answer) as port:
        there = Broker(HOST, port, "mv", (TOPIC, "other"))
        with receiving(there, client=reader) as receiver:
            assert receiver.state.text.endswith(f", which refuses {TOPIC}")
            assert frames(taken(receiver, 1)) == [(b"other", b"!", False, 0)]


@READERS
@PROTOCOLS
def test_a_broker_that_is_killed_and_comes_back_is_one_line_each_way(
    tmp_path: Path,
    reader: Reader,
    protocol: Protocol,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with Mosquitto(tmp_path) as running:
        where = f"{HOST}:{running.port}"
        with receiving(at(running, protocol=protocol), client=reader) as receiver:
            publish(running, TOPIC, [b"before"], qos=1)
            before = taken(receiver, 1)[0]
            running.kill()
            wait_for_text(receiver, "not connected: connection refused")
            wait_until(lambda: receiver._connections > 3, "more tries")
            running.start()
            wait_for_text(receiver, "connected to")
            publish(running, TOPIC, [b"after"])
            after = taken(receiver, 1)[0]
            receiver.acknowledge(before)  # of a connection that is gone
            assert after.frames == [(TOPIC.encode(), b"after", False, 0)]
            assert after.connection > before.connection
    assert reported(caplog) == [
        f"MQTT broker: connected to {where}",
        f"MQTT broker {where}: not connected: the connection was lost",
        f"MQTT broker: connected to {where}",
    ]


def test_a_broker_that_is_away_at_first_is_one_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    there = Broker(HOST, free_port(), "mv", (TOPIC,))
    with receiving(there, connected=False) as receiver:
        wait_for_text(receiver, "not connected: connection refused")
        wait_until(lambda: receiver._connections > 3, "more tries")
        with Mosquitto(tmp_path, port=there.port):
            wait_for_text(receiver, "connected to")
            assert receiver.state.connected
            wait_until(lambda: len(reported(caplog)) == 2, "its line, a little later")


def test_a_persistent_session_outlives_a_stop_of_the_broker(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, persistence=True) as running:
        there = at(running)
        with receiving(there) as receiver:
            publish(running, TOPIC, [b"1"], qos=1)
            assert payloads(taken(receiver, 1)) == [b"1"]
            running.stop()
            running.start()
            assert payloads(taken(receiver, 1)) == [b"1"]


def test_two_with_one_client_id_do_not_fight_without_a_pause(plain: Mosquitto) -> None:
    there = at(plain)
    with (
        receiving(there) as first,
        # May be thrown out before anybody sees it connected: nothing waits for that.
        receiving(there, connected=False, first_wait_s=60) as second,
    ):
        wait_for_text(second, "not connected: the connection was lost")
        wait_for_text(first, "connected to")
        assert (first._connections, second._connections) == (2, 1)


@READERS
def test_the_reason_of_a_refusing_broker_is_reported(reader: Reader) -> None:
    welcome = b"\x20\x03\x00\x00\x00\x90\x04\x00\x01\x00\x01"
    with answering(welcome + b"\xe0\x02\x8e\x00") as port:
        there = Broker(HOST, port, "mv", (TOPIC,), protocol="5")
        with receiving(there, connected=False, client=reader) as receiver:
            # paho 2.1 does not read the reason itself.
            wait_for_text(receiver, "not connected: the broker closed the connection: ")
            wait_until(lambda: receiver._connections > 3, "more tries")


@READERS
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b" " * 99, id="HTTP"),
        pytest.param(b"\x20\xff\xff\xff\xff\xff\x01", id="a malformed length"),
        pytest.param(b"\x30\x04\x00\x01tx", id="a message before the welcome"),
        pytest.param(b"\x20\x00" * 50, id="a welcome of no length"),
        pytest.param(b"\x20\x02\x00\x00\x90\x00", id="a grant of no length"),
        pytest.param(b"\x20\x02\x00\x00\x30\x02\xff\xff", id="a topic too long"),
        pytest.param(b"\xf0\x7f" + b"\xff" * 300, id="an unknown packet"),
        pytest.param(b"\x20\x02\x00\x01" * 3, id="three welcomes"),
        pytest.param(b"\x00" * 1000, id="zeros"),
    ],
)
@PROTOCOLS
def test_anything_but_a_broker_is_survived_and_retried(
    plain: Mosquitto, answer: bytes, reader: Reader, protocol: Protocol
) -> None:
    with answering(answer) as port:
        there = Broker(HOST, port, "mv", (TOPIC,), protocol=protocol)
        with receiving(there, connected=False, client=reader) as receiver:
            wait_until(lambda: receiver._connections > 2, "more tries", 30)
            assert not receiver.state.connected


@pytest.mark.parametrize(
    ("host", "topic", "text"),
    [
        pytest.param("no-such-host.invalid", TOPIC, "unknown host: ", id="host"),
        pytest.param(HOST, "/merakimv/#/0", "cannot subscribe to a topic", id="topic"),
        pytest.param("a" * 70 + ".b", TOPIC, "", id="a label too long"),
    ],
)
def test_an_impossible_broker_is_reported(
    plain: Mosquitto, host: str, topic: str, text: str
) -> None:
    there = Broker(host, plain.port, "mv", (topic,))
    with receiving(there, connected=False) as receiver:
        wait_for_text(receiver, f"not connected: {text}")
        wait_until(lambda: not receiver.state.text.endswith("yet"), "a try")


def test_a_missing_ca_file_is_reported(secret: Mosquitto, tmp_path: Path) -> None:
    there = at(secret)
    there = Broker(HOST, there.port, "mv", (TOPIC,), tls=True, ca_file=tmp_path / "no")
    with receiving(there, connected=False) as receiver:
        wait_for_text(receiver, "not connected: No such file or directory")


def test_tls_to_a_plain_broker_is_reported(plain: Mosquitto) -> None:
    with receiving(at(plain, tls=True), connected=False) as receiver:
        wait_until(lambda: receiver._connections > 1, "another try")
        assert receiver.state.text.startswith("not connected: ")


def test_plain_mqtt_to_a_tls_broker_is_reported(secret: Mosquitto) -> None:
    with receiving(at(secret, tls=False), connected=False) as receiver:
        wait_for_text(receiver, "not connected: the connection was closed before")


@PROTOCOLS
def test_a_paho_that_has_changed_is_warned_about_once(
    plain: Mosquitto, protocol: Protocol, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(at(plain, protocol=protocol), client=ChangedPaho) as receiver:
        publish(plain, TOPIC, [COUNT])
        assert payloads(taken(receiver, 1)) == [COUNT]
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        (
            "WARNING",
            "unexpected version of paho-mqtt: falling back to reading MQTT more slowly",
        )
    ]


def test_the_installed_paho_is_as_expected(
    plain: Mosquitto, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving(at(plain)) as receiver:
        assert receiver._make is BulkClient
    assert caplog.messages == []


def test_stop_wakes_a_consumer_that_waits(plain: Mosquitto) -> None:
    with receiving(at(plain)) as receiver:
        publish(plain, TOPIC, [COUNT])
        wait_until(lambda: bool(receiver._buffer._count), "it to come")
        receiver.stop()
        assert payloads(taken(receiver, 1)) == [COUNT]
        assert receiver.receive(60) is None
        assert receiver.state.text == "stopped"


def test_stop_ends_a_receiver_that_waits_for_the_next_try() -> None:
    receiver = started(Broker(HOST, free_port(), "mv", (TOPIC,)), first_wait_s=60)
    wait_for_text(receiver, "not connected: connection refused")
    receiver.stop()
    receiver.stop()


def test_stopping_what_never_started_does_nothing() -> None:
    receiver = Receiver(Broker(HOST, 1883, "mv", (TOPIC,)))
    receiver.stop()
    assert receiver.receive(60) is None


@PROTOCOLS
def test_another_client_with_the_same_id_is_noticed(
    plain: Mosquitto, protocol: Protocol
) -> None:
    there = at(plain, protocol=protocol)
    with receiving(there) as one, receiving(there, connected=False) as other:
        wait_until(lambda: one.is_contested or other.is_contested, "it is noticed")


def test_a_broker_that_is_away_is_no_other_client(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as mosquitto:
        there = at(mosquitto)
        receiver = started(there)
        wait_for_text(receiver, "connected to", 10)
    wait_for_text(receiver, "not connected: connection refused", 10)
    assert not receiver.is_contested
    receiver.stop()
