"""Rows of a newer release, read by this one: after `make back`, or beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from mvsnap.domain import Role
from tests.web.build import KEY
from tests.web.build import log_in as fill_in
from tests.web.page_build import filled
from tests.web.test_every_page import LOG_IN, Site

# What a newer release may have a word for that this one does not know.
COLUMNS = (
    *(("events", "kind"), ("events", "trigger_kind")),
    ("deliveries", "state"),
    *(("clips", "trigger_kind"), ("clips", "state"), ("clips", "copy_state")),
    ("recorder_cameras", "state"),
    ("job_states", "state"),
    ("notices", "state"),
    *(("badge_events", "picture"), ("badge_events", "verdict")),
    ("judgements", "verdict"),
    ("near_pictures", "picture"),
    ("api_keys", "kind"),
    ("file_tasks", "task"),
    ("users", "role"),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    web, examples = filled(tmp_path_factory.mktemp("site"))
    yield Site(web, "", examples)
    web.close()


def test_no_address_fails_because_of_a_row_of_a_newer_release(site: Site) -> None:
    client = site.web.browser()
    fill_in(client, Role.ADMIN)
    rules = sorted(site.web.app.url_map.iter_rules(), key=str)
    paths = [
        built[1]
        for rule in rules
        if "GET" in (rule.methods or ()) and rule.arguments <= set(site.examples)
        and (built := rule.build({n: site.examples[n] for n in rule.arguments}))
        and built[1] not in LOG_IN
    ]
    found = []
    for path in paths:
        for headers in ({}, {"X-API-Key": KEY}):
            if headers and not path.startswith("/api/"): continue
            a = client.get(path, headers=headers)
            if a.status_code >= 500: found.append(("-", path, a.status_code))
    import traceback, collections
    from sqlalchemy import inspect
    tables = inspect(site.web.database._engine if hasattr(site.web.database, "_engine") else site.web.database.engine).get_table_names()
    print(tables)
    site.web.app.testing = True
    site.web.app.config["PROPAGATE_EXCEPTIONS"] = False
    for table, column in COLUMNS:
        if table not in tables: print("NO TABLE", table); continue
        with site.web.database.writing() as c:
            kept = c.execute(text(f"select rowid, {column} from {table}")).all()
            print(table, column, len(kept), set(k[1] for k in kept))
            c.execute(text(f"update {table} set {column}='tomorrow'"))
        for path in paths:
            for headers in ({}, {"X-API-Key": KEY}):
                if headers and not path.startswith("/api/"): continue
                try:
                    a = client.get(path, headers=headers)
                except Exception as e:
                    tb = traceback.extract_tb(e.__traceback__)
                    found.append((table+"."+column, path, repr(e)[:80], [f"{f.filename.split('/mvsnap/')[-1]}:{f.lineno}" for f in tb if '/mvsnap/' in f.filename and '.venv' not in f.filename][-3:]))
                    continue
                if a.status_code >= 500:
                    found.append((table+"."+column, path, a.status_code))
        with site.web.database.writing() as c:
            for r, v in kept:
                c.execute(text(f"update {table} set {column}=:v where rowid=:r"), {"v": v, "r": r})
    for f in found: print(f)
    assert not found
