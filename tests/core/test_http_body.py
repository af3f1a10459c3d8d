from __future__ import annotations

import json

import pytest

from mvsnap.errors import BadInput
from mvsnap.webhooks.parse import parse
from tests.webhooks.build import ixon, meraki, sensor

FORM = "application/x-www-form-urlencoded"
LATIN = '{"title": "Tür offen"}'.encode("latin-1")


def refused(body: bytes, content_type: str = "application/json") -> str:
    with pytest.raises(BadInput) as caught:
        parse(body, content_type)
    return caught.value.message


@pytest.mark.parametrize(
    ("body", "content_type", "named"),
    [
        (b"", "", "body: empty"),
        (b" \n", "application/json", "body: empty"),
        (b"\xff\xfe\xfa", "application/json", "body: not utf-16"),
        (b"\xff{}", "application/json", "body: not utf-8 text"),
        (LATIN, "application/json; charset=utf-8", "body: not utf-8"),
        (LATIN[2:], "application/json", "body: not utf-8 text"),
        (b"{}", "application/json; charset=zlib", "Content-Type"),
        (b'{"a": ', "application/json", "body: not JSON"),
        (b"a=b", "application/json", "body: not JSON"),
        (b"hello", "", "body: neither a JSON object nor a form"),
        (b"a=1&a=2", FORM, "a: given twice"),
        (b"payload={", FORM, "payload: not JSON"),
        (b"payload=[]", FORM, "body: a list"),
        (b"17", "application/json", "body: a number"),
        (b"null", "application/json", "body: nothing"),
        (b'""', "application/json", "body: text"),
        (b'"hello"', "application/json", "body: not JSON"),
        (b"[{}, 1]", "application/json", "body.1: a number"),
        (b"[" + b"{}," * 100 + b"{}]", "application/json", "body: a list of 101"),
        (b"[]", "application/json", "body: a list"),
        (b'{"a": 1, "a": 2}', "application/json", "a: given twice"),
        (b'{"b": {"a": 1, "a": 1}}', "application/json", "a: given twice"),
        (b'{"a": {"b": 1e999}}', "application/json", "a.b: not a 64-bit number"),
        (b'{"a": -1e999}', "application/json", "a: not a 64-bit number"),
        (b'{"a": 1' + b"0" * 9000 + b"}", "application/json", "a: not a 64-bit number"),
        (b'{"a": 18446744073709551616}', "", "a: not a 64-bit number"),
        (b"[" * 100_000, "application/json", "body: not JSON"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "", "a.a.a.a"),
        (b'{"a": [' + b"1," * 10_000 + b"1]}", "", "body: more than 10000 values"),
        (b'{"a": "' + b"x" * 300_000 + b'"}', "", "body: 300009 bytes"),
        (json.dumps(meraki(alertData=[1])).encode(), "", "alertData: a list"),
        (json.dumps(meraki(alertData="x")).encode(), "", "alertData: text"),
        (json.dumps(meraki(alertData="{")).encode(), "", "alertData: not JSON"),
        (json.dumps(meraki(alertTypeId={})).encode(), "", "alertTypeId: an object"),
        (json.dumps(meraki(occurredAt=[1])).encode(), "", "occurredAt: a list"),
        (
            json.dumps(sensor("", 1, alertData={"triggerData": 5})).encode(),
            "",
            "alertData.triggerData: a number (expected a list)",
        ),
        (
            json.dumps(
                sensor("", 1, alertData={"triggerData": [{"trigger": 1}]})
            ).encode(),
            "",
            "alertData.triggerData.0.trigger: a number",
        ),
        (json.dumps(ixon(createdOn={"a": 1})).encode(), "", "createdOn: an object"),
        (json.dumps(ixon(shortContent=[1])).encode(), "", "shortContent: a list"),
    ],
)
def test_an_invalid_alarm_is_refused_with_the_name_of_the_field(
    body: bytes, content_type: str, named: str
) -> None:
    assert named in refused(body, content_type)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", ""])
def test_json_of_an_old_controller_is_read_as_it_was_meant(content_type: str) -> None:
    (alarm,) = parse(LATIN, content_type)
    assert alarm.title == "Tür offen"


@pytest.mark.parametrize(
    "body",
    [
        b'{"title": "Door\nopen", "id": 5}',
        b'{"title": "Door\topen", "id": 5}',
        b'{"title": "Door open", "id": 5, "humidity": NaN, "x": -Infinity}',
        b'{"title": "Door open", "id": 5}\0',
        b'\xef\xbb\xbf{"title": "Door open", "id": 5}\n\0\0',
    ],
    ids=["line break", "tab", "NaN", "NUL at the end", "byte order mark"],
)
def test_json_of_a_small_device_is_read_as_it_was_meant(body: bytes) -> None:
    (alarm,) = parse(body)
    assert alarm.title == "Door open"
    json.dumps(alarm.payload, allow_nan=False)


def test_an_error_shows_no_value_and_stays_short() -> None:
    secret = "a-secret-of-someone"
    for body in (
        json.dumps(meraki(sharedSecret=secret, alertData=secret)),
        f'{{"sharedSecret": "{secret}", "a": 1e999}}',
        f'{{"sharedSecret": "{secret}", "sharedSecret": 1}}',
        f'{{"sharedSecret": "{secret}"',
    ):
        assert secret not in refused(body.encode())
    assert (
        len(
            refused(
                json.dumps({"x" * 5000: {"y" * 5000: 1e308}})
                .encode()
                .replace(b"1e+308", b"1e999")
            )
        )
        < 200
    )
