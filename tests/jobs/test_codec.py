from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mvsnap.domain import EventId, Job, JobId, Serial, Trigger, TriggerKind
from mvsnap.jobs.codec import decode, encode
from mvsnap.values import replace
from tests.core import build
from tests.core.build import DOOR, GATE

OTHER, NOW = JobId("another"), datetime(2026, 3, 4, 12, tzinfo=UTC)
texts = st.text()
# What may be in a file that somebody else has written.
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
)
# The engine keeps milliseconds.
moments = st.datetimes(
    min_value=datetime(2010, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000))
jobs = st.builds(
    Job,
    id=st.uuids().map(lambda found: JobId(str(found))),
    trigger=st.builds(Trigger, st.sampled_from(TriggerKind), texts),
    serials=st.lists(st.sampled_from([GATE, DOOR])).map(tuple),
    accepted_at=moments,
    at=st.none() | moments,
    rooms=st.lists(texts).map(tuple),
    prefix=texts,
    about=st.none() | st.uuids().map(lambda found: EventId(str(found))),
)


@given(jobs)
def test_a_job_comes_back_as_it_was(job: Job) -> None:
    assert decode(encode(job), OTHER, NOW) == job


@given(jobs, st.sampled_from(sorted(json.loads(encode(build.job())))), plain)
def test_what_cannot_be_read_stays_as_it_is(job: Job, name: str, value: object) -> None:
    text = json.dumps(json.loads(encode(job)) | {name: value})
    found = decode(text, OTHER, NOW)
    if found.unread:
        assert encode(found) == text
        assert found.id == OTHER
        assert found.accepted_at.tzinfo is not None


@given(jobs, st.dictionaries(texts, plain))
def test_what_only_a_newer_release_knows_of_a_job_stays_with_it(
    job: Job, news: dict[str, object]
) -> None:
    text = json.dumps(news | json.loads(encode(job)))
    found = decode(text, OTHER, NOW)
    assert replace(found, more="") == job
    again = replace(found, again_at=NOW)
    kept = json.loads(encode(again))
    assert {name: kept[name] for name in news} == {
        name: json.loads(text)[name] for name in news
    }
    assert kept["again_at"] == "2026-03-04T12:00:00.000Z"


@given(texts)
def test_no_text_is_refused(text: str) -> None:
    assert decode(text, OTHER, NOW).unread == text


@given(jobs)
def test_what_is_kept_is_plain_ascii_json(job: Job) -> None:
    text = encode(job)
    assert text.isascii()
    assert isinstance(json.loads(text), dict)


def test_a_job_of_the_first_version_can_still_be_read() -> None:
    text = """{"id": "11111111-1111-4111-8111-111111111111",
        "trigger": {"kind": "http", "by": "button"},
        "serials": ["Q2SM-0000-0001"], "accepted_at": "2026-03-04T12:00:00.000Z",
        "at": null, "room": "Alarms", "prefix": ""}"""
    assert decode(text, OTHER, NOW) == Job(
        JobId("11111111-1111-4111-8111-111111111111"),
        Trigger(TriggerKind.HTTP, "button"),
        (Serial("Q2SM-0000-0001"),),
        datetime(2026, 3, 4, 12, tzinfo=UTC),
        rooms=("Alarms",),
    )
