"""People are added, given roles and removed on the page."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

from mvsnap.domain import Role
from mvsnap.store.audit import AuditFilter
from mvsnap.web.pages import local_time
from tests.web.build import PASSWORD, Web, log_in, send

PAGE = "/settings/people"
_PASSWORD = re.compile(r"\b[a-z2-9]{5}(?:-[a-z2-9]{5}){3}\b")


def audited(web: Web) -> list[tuple[str, str, str]]:
    lines = [line.change for line in web.audit.lines(AuditFilter(who="admin"), 9)]
    return [(c.what, c.before, c.after) for c in lines if c.what.startswith("user ")]


def test_an_account_was_changed_at_a_time_written_as_elsewhere(
    web: Web, admin: FlaskClient
) -> None:
    with web.app.test_request_context():
        (user,) = web.users.users()
        when = local_time(user.changed_at)
    assert f">Changed {when}<" in admin.get(PAGE).text


def test_a_person_is_added_with_a_password_that_is_shown_once(
    web: Web, admin: FlaskClient
) -> None:
    page = send(admin, PAGE, name=" Ben ", role="reviewer")
    assert (page.status_code, page.headers["Cache-Control"]) == (
        200,
        "private, no-store",
    )
    (password,) = set(_PASSWORD.findall(page.text))
    assert not _PASSWORD.search(admin.get(PAGE).text)
    assert log_in(web.browser(), "ben", password).status_code == 303
    assert audited(web) == [("user ben", "", "role reviewer")]


@pytest.mark.parametrize(
    ("name", "role", "said"),
    [
        ("", "viewer", "Enter 1 to 64 of a-z"),
        ("a b", "viewer", "Enter 1 to 64 of a-z"),
        ("a" * 5000, "viewer", "Enter 1 to 64 of a-z"),
        ("Admin", "viewer", "Admin exists already"),
        ("ben", "king", "expected one of viewer, reviewer, admin"),
    ],
)
def test_a_mistake_adds_nobody(
    web: Web, admin: FlaskClient, name: str, role: str, said: str
) -> None:
    page = send(admin, PAGE, name=name, role=role)
    assert page.status_code == 400
    assert said in page.text
    assert [user.name for user in web.users.users()] == ["admin"]


def test_another_role_holds_at_the_next_request(web: Web, admin: FlaskClient) -> None:
    web.add_user("ben", Role.REVIEWER)
    ben = web.browser()
    log_in(ben, "ben")
    assert send(admin, f"{PAGE}/role", name="ben", role="viewer").status_code == 303
    assert ben.get("/").status_code == 303  # to the login
    assert audited(web) == [("user ben", "role reviewer", "role viewer")]
    send(admin, f"{PAGE}/role", name="ben", role="viewer")
    assert len(audited(web)) == 1
    log_in(ben, "ben")
    assert ben.get("/settings/mutes").status_code == 403


def test_a_new_password_ends_the_old_one(web: Web, admin: FlaskClient) -> None:
    web.add_user("ben")
    page = send(admin, f"{PAGE}/password", name="ben")
    (password,) = set(_PASSWORD.findall(page.text))
    assert log_in(web.browser(), "ben", PASSWORD).status_code == 401
    assert log_in(web.browser(), "ben", password).status_code == 303
    assert audited(web) == [("user ben", "role admin", "role admin, new password")]


def test_sessions_of_a_person_are_ended(web: Web, admin: FlaskClient) -> None:
    web.add_user("ben")
    ben = web.browser()
    log_in(ben, "ben")
    send(admin, f"{PAGE}/sessions", name="ben")
    assert ben.get("/").status_code == 303
    assert admin.get("/").status_code == 200
    assert log_in(ben, "ben").status_code == 303
    assert audited(web) == [("user ben", "", "all sessions ended")]


def test_a_removed_person_is_out_at_the_next_request(
    web: Web, admin: FlaskClient
) -> None:
    web.add_user("ben")
    ben = web.browser()
    log_in(ben, "ben")
    send(admin, f"{PAGE}/remove", name="ben")
    assert ben.get("/").status_code == 303
    assert log_in(ben, "ben").status_code == 401
    assert audited(web) == [("user ben", "role admin", "removed")]
    assert send(admin, f"{PAGE}/remove", name="ben").status_code == 404


def test_the_last_admin_is_neither_removed_nor_demoted(
    web: Web, admin: FlaskClient
) -> None:
    web.add_user("ben", Role.REVIEWER)
    for path, fields in (("remove", {}), ("role", {"role": "viewer"})):
        send(admin, f"{PAGE}/{path}", name="admin", **fields)
        page = admin.get(PAGE)
        assert (
            "admin is the last admin. Make somebody else an admin first." in page.text
        )
    send(admin, f"{PAGE}/role", name="ben", role="admin")
    assert send(admin, f"{PAGE}/remove", name="admin").status_code == 303
    assert admin.get(PAGE).status_code == 303  # to the login
    assert [user.name for user in web.users.users()] == ["ben"]
