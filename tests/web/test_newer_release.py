"""Rows of a newer release, read by this one: after a way back, or beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import pytest
from sqlalchemy import text

import mvsnap
from mvsnap.domain import EventId, Role
from tests.web.build import KEY, READER, words
from tests.web.build import log_in as fill_in
from tests.web.page_build import filled
from tests.web.test_every_page import LOG_IN, Site

# The words of rows, in groups that hide nothing of each other.
KINDS = (
    *(("events", "kind"), ("api_keys", "kind"), ("visitor_zones", "kind")),
    *(("notices", "state"), ("recorder_cameras", "state")),
)
STATES = (
    *(("events", "trigger_kind"), ("clips", "trigger_kind"), ("deliveries", "state")),
    *(("clips", "state"), ("job_states", "state"), ("badges", "verdict")),
    *(("judgements", "verdict"), ("near_pictures", "picture")),
)
PARTS = (("clips", "copy_state"), ("badges", "picture"), ("scan_sources", "radio"))
WORD = "of tomorrow"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    web, examples = filled(tmp_path_factory.mktemp("site"))
    yield Site(web, "", examples)
    for one in web.described:  # by this release, which has no such words
        one.wrong[:] = [wrong for wrong in one.wrong if WORD not in wrong]
    web.close()


@contextmanager
def newer(site: Site, *columns: tuple[str, str]) -> Iterator[None]:
    """Let these columns have a word that this release does not know."""
    kept = {}
    with site.web.database.writing() as connection:
        for table, column in columns:
            asked = text(f"select rowid, {column} from {table}")
            kept[table, column] = connection.execute(asked).all()
            news = text(f"update {table} set {column} = :word")
            connection.execute(news, {"word": WORD})
    try:
        yield
    finally:
        with site.web.database.writing() as connection:
            for (table, column), rows in kept.items():
                before = f"update {table} set {column} = :word where rowid = :id"
                for row in rows:
                    values = {"id": row[0], "word": row[1]}
                    connection.execute(text(before), values)


def addresses(site: Site) -> list[str]:
    """Return the address of each page, file and list; /readyz says what is down."""
    found = []
    for rule in site.web.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.arguments <= set(site.examples):
            values = {name: site.examples[name] for name in rule.arguments}
            built = rule.build(values)
            if built and built[1] not in (*LOG_IN, "/logout", "/readyz"):
                found.append(built[1])
    return sorted(found)


@pytest.mark.parametrize("columns", [KINDS, STATES, PARTS], ids=["1", "2", "3"])
def test_no_address_fails_because_of_a_row_of_a_newer_release(
    site: Site, columns: tuple[tuple[str, str], ...]
) -> None:
    client, failed = site.web.browser(), []
    fill_in(client, Role.ADMIN)
    with newer(site, *columns):
        for path in addresses(site):
            given = [{}, {"X-API-Key": KEY}] if path.startswith("/api/") else [{}]
            for headers in given:
                answer = client.get(path, headers=headers)
                answer.close()
                if answer.status_code >= 500:
                    failed.append(f"{path}: {answer.status_code}")
    assert failed == []


def test_such_a_row_says_what_it_is(site: Site) -> None:
    client, event_id = site.web.browser(), EventId(site.examples["event_id"])
    fill_in(client, Role.ADMIN)
    with newer(site, *KINDS):
        assert f"{WORD} (of a newer release)" in words(client.get("/events").text)
        listed = site.web.client().get("/api/v1.0/events").json
        assert listed
        assert {one["kind"] for one in listed["events"]} == {WORD}
        # It may name a cardholder, as some kinds do.
        reader = site.web.client(READER)
        assert reader.get(f"/api/v1.0/events/{event_id}").status_code in (403, 404)
        refused = reader.get("/api/v1.0/events").json
        assert refused
        assert refused["events"] == []
    with newer(site, *STATES):
        assert f"{WORD.capitalize()}: " in words(client.get("/events").text)


def test_a_role_of_a_newer_release_may_do_nothing(site: Site) -> None:
    client = site.web.browser()
    fill_in(client, Role.ADMIN)
    with newer(site, ("users", "role")):
        answers = {path: client.get(path) for path in ("/", "/settings", "/account")}
        answers["/api"] = client.get("/api/v1.0/events")
        answers["/nothing"] = client.get("/nothing-here")
    assert {answer.status_code for answer in answers.values()} == {403, 404}


def test_no_word_of_a_row_is_taken_for_one_of_this_release() -> None:
    """`as_stored` reads it: a new kind of rows may be read by the release before."""
    folder = Path(mvsnap.__file__).parent
    sources = {str(path): path.read_text() for path in folder.rglob("*.py")}
    words = [re.findall(r"class (\w+)\(StrEnum\)", one) for one in sources.values()]
    names = "|".join(chain(*words))
    reads = re.compile(rf"\b(?:{names})\(row\.\w+\)")
    found = {
        f"{Path(name).name}: {read}"
        for name, source in sources.items()
        for read in reads.findall(source)
    }
    # Their queries ask for nothing else.
    assert found == {
        "search.py: EventState(row.state)",
        "requests.py: BotRequestKind(row.kind)",
        "tasks.py: FileTask(row.task)",
    }
