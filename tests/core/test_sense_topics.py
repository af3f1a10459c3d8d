from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mvsnap.core.sense_messages import Topic, TopicKind, parse_topic
from mvsnap.domain import FULL_FRAME

SERIAL = "Q2SM-0000-0001"
MAC = "38:84:79:00:C3:BA"
ZONE = "582653201791058186"


@pytest.mark.parametrize(
    ("topic", "found"),
    [
        pytest.param(
            f"/merakimv/{SERIAL}/0",
            Topic(TopicKind.COUNTS, SERIAL, FULL_FRAME),
            id="whole frame",
        ),
        pytest.param(
            f"/merakimv/{SERIAL}/{ZONE}",
            Topic(TopicKind.COUNTS, SERIAL, ZONE),
            id="zone",
        ),
        pytest.param(
            f"/merakimv/{SERIAL}/{'9' * 32}",
            Topic(TopicKind.COUNTS, SERIAL, "9" * 32),
            id="longest zone",
        ),
        pytest.param(
            f"merakimv/{SERIAL.lower()}/0",
            Topic(TopicKind.COUNTS, SERIAL, FULL_FRAME),
            id="slash stripped, lower case",
        ),
        pytest.param(
            f"/merakimv/{SERIAL}/audio_analytics",
            Topic(TopicKind.AUDIO_LEVEL, SERIAL, ""),
            id="audio level",
        ),
        pytest.param(
            f"/merakimv/{SERIAL}/audio_detections",
            Topic(TopicKind.AUDIO_DETECTION, SERIAL, ""),
            id="audio detections",
        ),
        pytest.param(
            f"/merakimv/{SERIAL}/crossing/k74272e",
            Topic(TopicKind.CROSSING, SERIAL, "k74272e"),
            id="line",
        ),
        pytest.param(
            f"/merakimv/{SERIAL}/crossing/{'~' * 64}",
            Topic(TopicKind.CROSSING, SERIAL, "~" * 64),
            id="longest line",
        ),
    ],
)
def test_a_camera_topic_is_understood(topic: str, found: Topic) -> None:
    assert parse_topic(topic.encode()) == found


@pytest.mark.parametrize(
    ("metric", "part"),
    [
        ("door", "door"),
        ("water", "waterDetection"),
        ("waterDetection", "waterDetection"),
        ("buttonReleased", "buttonReleased"),
        ("buttonPressed", "buttonPressed"),
        ("button released", "buttonReleased"),
        ("button pressed", "buttonPressed"),
        ("tamperDetection", "tamperDetection"),
        ("usbPowered", "usbPowered"),
        ("cableConnected", "cableConnected"),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("mac", [MAC, MAC.lower()])
def test_a_sensor_topic_is_understood(
    slash: str, mac: str, metric: str, part: str
) -> None:
    topic = f"{slash}meraki/v1/mt/L_24329156/ble/{mac}/{metric}"
    assert parse_topic(topic.encode()) == Topic(TopicKind.SENSOR, MAC, part)


@pytest.mark.parametrize(
    "leaf",
    [
        "raw_detections",
        "light",
        "custom_analytics",
        "net.meraki.detector",
        "objects",
        "counts",
        "sensor",
        "crossing",
        "crossing/",
        "crossing/a/b",
        "crossing/" + "a" * 65,
        "crossing/a\tb",
        "crossing/é",
        "area/17",
        "",
        "9" * 33,
        "-1",
        "1.0",
        "12a",
        " 0",
        "0/",
        "\u0663",
        "\u00b2",
    ],
    ids=ascii,
)
def test_a_leaf_we_do_not_know_is_no_zone(leaf: str) -> None:
    assert parse_topic(f"/merakimv/{SERIAL}/{leaf}".encode()) is None


@pytest.mark.parametrize(
    "end",
    [
        "temperature",
        "humidity",
        "tvoc",
        "iaqIndex",
        "CO2",
        "PM2_5MassConcentration",
        "ambientNoise",
        "batteryPercentage",
        "gateway/0C:8D:DB:00:00:01/rssi",
        "door/",
        "",
    ],
)
def test_measured_values_and_gateways_are_ignored(end: str) -> None:
    assert parse_topic(f"meraki/v1/mt/N_1/ble/{MAC}/{end}".encode()) is None


@pytest.mark.parametrize(
    "topic",
    [
        b"",
        b"/",
        b"//merakimv/Q2SM-0000-0001/0",
        b"/MERAKIMV/Q2SM-0000-0001/0",
        b"/merakimv/Q2SM-0000-001/0",
        b"/merakimv/<serial>/0",
        b"/merakimv/Q2SM-0000-0001",
        b"/merakimv/Q2SM-0000-0001/0\xff",
        "/merakimv/Q2SM-0000-\u017f001/0".encode(),
        b"/merakimv/Q2SM-0000-0001/crossing/" + b"a" * 300,
        b"meraki/v1/mr/N_1/0C:8D:DB:00:00:01/ble/door",
        b"meraki/v2/mt/N_1/ble/38:84:79:00:C3:BA/door",
        b"meraki/v1/mt//ble/38:84:79:00:C3:BA/door",
        b"meraki/v1/mt/N_1/ble/38:84:79:00:C3/door",
        b"meraki/v1/mt/N_1/ble/38-84-79-00-C3-BA/door",
        b"meraki/v1/mt/N_1/ble/38:84:79:00:C3:BG/door",
        b"meraki/v1/mt/N_1/door",
    ],
    ids=ascii,
)
def test_what_is_not_ours_is_ignored(topic: bytes) -> None:
    assert parse_topic(topic) is None


levels = st.sampled_from(
    [
        "",
        "merakimv",
        "meraki",
        "v1",
        "mt",
        "N_1",
        "ble",
        MAC,
        SERIAL,
        "door",
        "crossing",
    ]
)


@given(
    st.binary()
    | st.text().map(lambda text: text.encode(errors="surrogatepass"))
    | st.lists(levels | st.text(max_size=5)).map(
        lambda found: "/".join(found).encode(errors="surrogatepass")
    )
)
@example(b"/merakimv/" + SERIAL.encode() + b"\n/0")
@example(b"/merakimv/" + SERIAL.encode() + b"/0\n")
def test_any_topic_is_ours_or_nothing(topic: bytes) -> None:
    found = parse_topic(topic)
    assert found is None or found.source in (MAC, SERIAL)
