"""Choices, mutes, the audit log, cameras and users, on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from mvsnap.domain import Camera, Change, Mute, Role, User, Zone, ZoneId
from mvsnap.store import database
from mvsnap.store.site import SiteStore
from mvsnap.store.tables import cameras
from mvsnap.store.users import UserStore
from mvsnap.values import replace
from tests.changes import log_line
from tests.core.build import DOOR, GATE, NOON


@pytest.fixture
def site(db: database.Database) -> SiteStore:
    return SiteStore(db)


@pytest.fixture
def people(db: database.Database) -> UserStore:
    return UserStore(db)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def change(what: str = "sense.people", before: str = "1", after: str = "4") -> Change:
    return log_line(NOON, "anna", what, before, after)


def test_a_choice_stays_until_the_file_is_wanted_again(site: SiteStore) -> None:
    site.choose({"sense.people": 4, "sense.rooms": ["A"]}, "anna", NOON, [change()])
    site.choose({"sense.people": 5}, "ben", NOON, [])
    assert site.setting_overrides() == {"sense.people": 5, "sense.rooms": ["A"]}
    site.choose({"sense.rooms": None}, "ben", NOON, [])
    assert site.setting_overrides() == {"sense.people": 5}


def test_the_audit_log_is_listed_newest_first(site: SiteStore) -> None:
    site.choose({}, "anna", NOON, [change("first")])
    site.choose({"sense.people": 4}, "anna", NOON, [change("second"), change("third")])
    assert [line.what for line in site.changes(2)] == ["third", "second"]
    assert site.changes(9)[-1] == change("first")


def test_a_mute_holds_until_its_time_or_until_somebody_ends_it(site: SiteStore) -> None:
    short = Mute("m1", at(60), NOON, "anna", GATE, ZoneId("0"))
    long = Mute("m2", at(600), NOON, "anna")
    for mute in (long, short):
        site.mute(mute, change("mute"))
    assert site.mutes(at(0)) == [short, long]
    assert site.mutes(at(60)) == [long]
    assert site.unmute("m2", change("unmute")) is True
    assert site.unmute("m2", change("unmute")) is False
    assert [line.what for line in site.changes(9)] == ["unmute", "mute", "mute"]
    site.purge(at(601))
    assert site.mutes(at(0)) == []


def test_news_of_the_cameras_replace_what_was_known(site: SiteStore) -> None:
    gate = Camera(GATE, "Gate", "MV12W", "N_1", "online")
    site.keep_cameras([Camera(GATE, "Old", "MV12W", "N_1"), gate], NOON)
    site.keep_cameras([gate, Camera(DOOR, "Door", "MV32", "N_1", "offline")], NOON)
    site.keep_cameras([], NOON)
    assert [camera.name for camera in site.cameras()] == ["Door", "Gate"]
    site.keep_zones(GATE, [Zone("0", "Full Frame"), Zone("1", "Old")])
    site.keep_zones(GATE, [Zone("2", "Hall"), Zone("0", "Full Frame")])
    assert site.zones() == {GATE: [Zone("0", "Full Frame"), Zone("2", "Hall")]}


def test_the_same_answer_about_the_cameras_writes_nothing(
    site: SiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Camera(GATE, "Gate", "MV12W", "N_1", "online")
    door = Camera(DOOR, "Door", "MV32", "N_2", "online", organization="north")
    site.keep_cameras([gate, door], NOON)
    with monkeypatch.context() as no_writes:
        no_writes.setattr(database.Database, "writing", lambda _: pytest.fail("writes"))
        site.keep_cameras([door, gate], at(300))
        site.keep_cameras([gate], at(600), unsure=["north"])
    site.keep_cameras([gate], at(900))
    assert site.cameras() == [gate]
    site.keep_cameras([replace(gate, status="offline")], at(1200))
    assert [camera.status for camera in site.cameras()] == ["offline"]


def test_a_camera_that_is_gone_goes_also_after_a_clock_was_ahead(
    site: SiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Camera(GATE, "Gate", "MV12W", "N_1", "online")
    site.keep_cameras([gate, Camera(DOOR, "Door", "MV32", "N_1")], at(86_400))
    site.keep_cameras([gate], NOON)
    assert site.cameras() == [gate]
    # Else each answer would be written until the clock gets there.
    monkeypatch.setattr(database.Database, "writing", lambda _: pytest.fail("writes"))
    site.keep_cameras([gate], at(300))


def test_when_the_status_of_a_camera_began_is_kept(
    db: database.Database, site: SiteStore
) -> None:
    gate = Camera(GATE, "Gate", "MV12W", "N_1", "online")

    def told(status: str, seconds: float, **given: Any) -> datetime | None:
        site.keep_cameras([replace(gate, status=status)], at(seconds), **given)
        return site.cameras()[0].status_since

    assert told("online", 0) is None
    assert told("offline", 300) == at(300)
    site.keep_cameras([replace(gate, status="offline", name="Gate 2")], at(600))
    assert site.cameras()[0].status_since == at(300)
    assert told("unknown", 900) is None
    assert told("offline", 1200) == at(300)
    assert told("online", 1500, stale=["north"]) == at(1500)
    assert told("offline", 1800, stale=[""]) is None
    assert told("unknown", 2100) is None
    assert told("online", 2400) is None


def test_since_when_is_not_said_of_what_an_older_release_has_written_meanwhile(
    db: database.Database, site: SiteStore
) -> None:
    """It runs beside this one, and knows nothing of when a status began."""
    gate = Camera(GATE, "Gate", "MV12W", "N_1", "online")

    def told(status: str, seconds: float) -> datetime | None:
        site.keep_cameras([replace(gate, status=status)], at(seconds))
        return site.cameras()[0].status_since

    def older_told(*statuses: str, seconds: float) -> None:
        for status in statuses:
            seconds += 1
            fresh = {"status": status, "asked_at": at(seconds)}
            with db.writing() as connection:
                connection.execute(update(cameras).values(fresh))

    told("online", 0)
    older_told("offline", seconds=100)
    assert site.cameras()[0].status_since is None
    assert told("online", 300) == at(300)
    assert told("offline", 600) == at(600)
    older_told("online", "offline", seconds=700)
    assert site.cameras()[0].status_since is None
    site.keep_cameras([replace(gate, status="offline", name="Gate 2")], at(900))
    assert site.cameras()[0].status_since is None
    assert told("online", 1200) == at(1200)
    assert told("offline", 1500) == at(1500)
    older_told("online", "unknown", seconds=1600)
    assert told("offline", 1800) is None


def test_users_are_added_changed_and_removed(
    people: UserStore, site: SiteStore
) -> None:
    assert not people.anybody()
    anna = User("anna", Role.ADMIN, "hash", NOON)
    people.put(User("anna", Role.VIEWER, "old", NOON), change("user anna"))
    people.put(anna, change("user anna"))
    assert people.user("anna") == anna
    assert people.users() == [anna]
    assert people.anybody()
    assert people.remove("anna", change("user anna")) is True
    assert people.remove("anna", change("user anna")) is False
    assert people.user("anna") is None
    assert len(site.changes(9)) == 3


def test_somebody_with_another_kind_of_password_is_nobody(people: UserStore) -> None:
    people.put(User("anna", Role.ADMIN, "pam", NOON), change("user anna"))
    assert (people.anybody("pam"), people.anybody("local")) == (True, False)


def test_a_provider_s_account_keeps_its_row_and_takes_no_other(
    people: UserStore, site: SiteStore
) -> None:
    local = User("anna", Role.ADMIN, "hash", NOON)
    people.put(local, change("user anna"))
    other = User("anna", Role.ADMIN, "oidc:1", NOON)
    assert people.put_if_own(other, change("user anna")) is False
    assert people.user("anna") == local
    ben = User("ben", Role.VIEWER, "oidc:2", NOON)
    assert people.put_if_own(ben, change("user ben")) is True
    ben = User("ben", Role.ADMIN, "oidc:2", at(1))
    assert people.put_if_own(ben, change("user ben")) is True
    assert people.user_with("oidc:2") == ben
    assert people.user_with("oidc:1") is None
    assert (people.anybody("oidc"), people.anybody("pam")) == (True, False)
    assert len(site.changes(9)) == 3


def test_what_belongs_to_sessions_counts_once_and_is_forgotten(
    people: UserStore,
) -> None:
    assert people.use_once("state", at(60)) is True
    assert people.use_once("state", at(60)) is False
    people.keep_token("s1", at(60), "a token")
    people.keep_token("s2", at(60), "")
    assert people.take_token("s1") == "a token"
    assert people.take_token("s1") is None
    assert people.take_token("s3") is None
    assert people.purge(at(59)).removed == 0
    assert people.purge(at(61)).removed == 2
    assert people.use_once("state", at(90)) is True


def test_a_hash_is_not_shown_by_accident() -> None:
    assert "geheim" not in repr(User("anna", Role.ADMIN, "geheim", NOON))


def test_every_process_gets_the_same_secret(db: database.Database) -> None:
    first, second = UserStore(db).secret("session"), UserStore(db).secret("session")
    assert first == second
    assert len(first) == 64
    assert UserStore(db).secret("other") != first
