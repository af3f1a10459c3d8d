"""Keys and tokens in a real database of each kind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from mvsnap.config.model import Settings
from mvsnap.core.keys import KeyKind, StoredKey, digest_of, lookup_of
from mvsnap.domain import Change, Role, User
from mvsnap.errors import NotFound
from mvsnap.store import database
from mvsnap.store.audit import AuditFilter, AuditLog
from mvsnap.store.keys import KeyStore, NameTaken, RotatedMeanwhile
from mvsnap.store.keys.changes import KeyChanges, NewSecret
from mvsnap.store.users import UserStore
from mvsnap.store.users.last_admin import LastAdmin
from mvsnap.store.users.session_keys import SessionKeyStore
from tests.changes import log_line
from tests.clients.fakes import NOON, FakeClock

LIMITS = {"cameras": ["*"], "rooms": ["Yard"], "scopes": ["snapshot"]}
HOUR = timedelta(hours=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def changes(db: database.Database, clock: FakeClock, tmp_path: Path) -> KeyChanges:
    in_file: dict[str, Any] = {
        "api_keys": [{"name": "Button", "key": "a-key-of-the-file"}],
        "webhooks": {"tokens": [{"name": "IXON", "token": "a-token-of-the-file"}]},
    }
    settings = Settings.model_validate({"data_dir": tmp_path} | in_file)
    return KeyChanges(KeyStore(db), settings, clock, "anna")


def made(changes: KeyChanges, name: str = "plc", **given: Any) -> NewSecret:
    kind = given.get("kind", KeyKind.KEY)
    return changes.make(kind, name, LIMITS, given.get("expires_at"))


def refusal(changes: KeyChanges, secret: str) -> str | None:
    """Return why a secret does not work now, None if it is unknown."""
    lookup = lookup_of(secret)
    assert lookup is not None
    found = changes.keys.find(lookup)
    if found is None:
        return None
    assert found[1].digest == digest_of(secret)
    return found[0].refusal(found[1], changes.clock.now())


def test_a_key_is_kept_with_its_limits_and_without_its_secret(
    changes: KeyChanges, db: database.Database
) -> None:
    new = made(changes, expires_at=NOON + HOUR)
    (kept,) = changes.keys.all()
    assert kept == changes.keys.key(new.key.id) == new.key
    assert (kept.name, kept.limits, kept.made_by) == ("plc", LIMITS, "anna")
    with db.reading() as connection:
        for table in ("api_keys", "key_secrets", "audit"):
            rows = connection.execute(text(f"SELECT * FROM {table}")).all()
            assert rows
            assert new.text[15:] not in str(rows)
    assert new.text not in repr(new)
    assert kept.secrets[0].digest not in repr(kept)


def test_kinds_are_listed_apart_and_by_name(changes: KeyChanges) -> None:
    for name, kind in (("b", KeyKind.KEY), ("a", KeyKind.KEY), ("t", KeyKind.TOKEN)):
        made(changes, name, kind=kind)
    assert [key.name for key in changes.keys.all(KeyKind.KEY)] == ["a", "b"]
    assert [key.name for key in changes.keys.all(KeyKind.TOKEN)] == ["t"]
    assert [key.name for key in changes.keys.all()] == ["a", "b", "t"]


@pytest.mark.parametrize("name", ["plc", "PLC", "button", "ixon", " plc"])
def test_a_name_is_unique_over_the_file_and_the_store(
    changes: KeyChanges, name: str
) -> None:
    made(changes, "plc", kind=KeyKind.TOKEN)
    with pytest.raises(NameTaken):
        made(changes, name)
    assert len(changes.keys.all()) == 1


def test_a_replaced_secret_works_until_its_end(
    changes: KeyChanges, clock: FakeClock
) -> None:
    old = made(changes)
    new = changes.rotate(old.key, HOUR)
    assert new.text != old.text
    assert (refusal(changes, old.text), refusal(changes, new.text)) == ("", "")
    clock.pass_time(3600)
    assert refusal(changes, old.text) == "This API key was replaced by a new one"
    assert refusal(changes, new.text) == ""
    clock.pass_time(1)
    assert changes.keys.purge(clock.now()).removed == 1
    assert refusal(changes, old.text) is None


def test_without_an_overlap_all_older_secrets_end(changes: KeyChanges) -> None:
    first = made(changes)
    second = changes.rotate(first.key, HOUR)
    third = changes.rotate(changes.keys.key(first.key.id), timedelta(0))
    assert refusal(changes, first.text)
    assert refusal(changes, second.text)
    assert refusal(changes, third.text) == ""
    secrets = changes.keys.key(first.key.id).secrets
    assert secrets[0].lookup == lookup_of(third.text)


def test_what_has_ended_does_not_work_again_when_the_clock_is_set_back(
    changes: KeyChanges, clock: FakeClock
) -> None:
    """It may have been replaced because somebody has it."""
    first = made(changes)
    second = changes.rotate(first.key, timedelta(0))
    clock.pass_time(-86400)
    assert refusal(changes, first.text) == "This API key was replaced by a new one"
    assert refusal(changes, second.text) == ""


def test_a_later_overlap_does_not_lengthen_an_earlier_one(changes: KeyChanges) -> None:
    first = made(changes)
    second = changes.rotate(first.key, HOUR)
    changes.rotate(changes.keys.key(first.key.id), 5 * HOUR)
    ends = {s.lookup: s.ends_at for s in changes.keys.key(first.key.id).secrets}
    assert ends[lookup_of(first.text) or ""] == NOON + HOUR
    assert ends[lookup_of(second.text) or ""] == NOON + 5 * HOUR


def test_of_two_who_rotate_at_once_one_is_refused(changes: KeyChanges) -> None:
    key = made(changes).key
    together = threading.Barrier(2)

    def rotate() -> bool:
        together.wait(10)
        try:
            changes.rotate(key, HOUR)
        except RotatedMeanwhile:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        results = [pool.submit(rotate) for _ in range(2)]
    assert sorted(result.result() for result in results) == [False, True]
    assert len(changes.keys.key(key.id).secrets) == 2


def test_expired_and_disabled_keys_are_refused_with_the_reason(
    changes: KeyChanges, clock: FakeClock
) -> None:
    new = made(changes, expires_at=NOON + HOUR)
    assert changes.keys.lets_somebody_in(clock.now())
    changes.switch(new.key, on=False)
    assert refusal(changes, new.text) == "This API key is disabled"
    changes.switch(changes.keys.key(new.key.id), on=True)
    assert refusal(changes, new.text) == ""
    clock.pass_time(3600)
    assert refusal(changes, new.text) == "This API key is expired"
    assert not changes.keys.lets_somebody_in(clock.now())
    changes.limit(new.key, LIMITS, NOON + 2 * HOUR)
    assert refusal(changes, new.text) == ""


def test_a_removed_key_is_unknown_and_cannot_be_changed(changes: KeyChanges) -> None:
    new = made(changes)
    changes.remove(new.key)
    assert refusal(changes, new.text) is None
    assert changes.keys.all() == []
    for change in (
        lambda: changes.remove(new.key),
        lambda: changes.switch(new.key, on=False),
        lambda: changes.keys.key(new.key.id),
    ):
        with pytest.raises(NotFound):
            change()
    with pytest.raises(RotatedMeanwhile):
        changes.rotate(new.key, HOUR)
    made(changes)  # the name is free again


def test_the_last_use_is_written_at_most_every_quarter_of_an_hour(
    changes: KeyChanges,
) -> None:
    new = made(changes)
    lookup = lookup_of(new.text) or ""

    def use(address: str, at: datetime) -> tuple[datetime | None, str]:
        since = at - timedelta(minutes=15)
        changes.keys.note_use(lookup, address, at, unless_since=since)
        secret = changes.keys.key(new.key.id).secrets[0]
        return secret.used_at, secret.used_from

    later = NOON + timedelta(minutes=16)
    assert use("10.0.0.1", NOON) == (NOON, "10.0.0.1")
    assert use("10.0.0.2", NOON + timedelta(minutes=14)) == (NOON, "10.0.0.1")
    assert use("10.0.0.2", later) == (later, "10.0.0.2")


def test_every_change_is_in_the_audit_log(
    changes: KeyChanges, db: database.Database, clock: FakeClock
) -> None:
    key = made(changes).key
    changes.limit(key, LIMITS | {"scopes": ["read"]}, NOON + HOUR)
    assert not changes.limit(
        changes.keys.key(key.id), LIMITS | {"scopes": ["read"]}, NOON + HOUR
    )
    changes.switch(changes.keys.key(key.id), on=False)
    changes.rotate(key, HOUR)
    changes.rotate(changes.keys.key(key.id), timedelta(0))
    changes.remove(changes.keys.key(key.id))
    lines = [line.change for line in AuditLog(db).lines(AuditFilter(), 9)][::-1]
    assert {(line.who, line.what) for line in lines} == {("anna", "API key plc")}
    all_of_it = "cameras all; rooms Yard; scopes snapshot"
    read = "cameras all; rooms Yard; scopes read; expires 2026-03-04 13:00 UTC"
    assert [(line.before, line.after) for line in lines] == [
        ("", f"made; {all_of_it}"),
        (all_of_it, read),
        (read, f"{read}; disabled"),
        ("", "new secret; the old one ends 2026-03-04 13:00 UTC"),
        ("", "new secret; the old one ended"),
        (f"{read}; disabled", "removed"),
    ]


# --- the key of sessions


def rotation(hours: float) -> tuple[timedelta, Change]:
    return timedelta(hours=hours), log_line(NOON, "tests", "session key", "", "rotated")


def test_a_replaced_session_key_counts_until_its_end(db: database.Database) -> None:
    store = SessionKeyStore(db)
    first = store.keys(NOON)
    assert store.keys(NOON) == first
    assert first.replaced == ()
    store.rotate(*rotation(2))
    second = store.keys(NOON)
    assert second.newest != first.newest
    assert second.replaced == (first.newest,)
    assert store.keys(NOON + 2 * HOUR + timedelta(seconds=1)).replaced == ()
    assert store.purge(NOON + HOUR).removed == 0
    assert store.keys(NOON).replaced == (first.newest,)
    assert store.purge(NOON + 3 * HOUR).removed == 1
    assert store.keys(NOON).newest == second.newest


def test_without_an_overlap_no_former_session_key_counts(db: database.Database) -> None:
    store = SessionKeyStore(db)
    store.keys(NOON)
    store.rotate(*rotation(2))
    store.rotate(*rotation(0))
    assert store.keys(NOON).replaced == ()
    assert store.keys(NOON).newest not in repr(store.keys(NOON))


# --- the last admin


def person(name: str, role: Role = Role.ADMIN, kept: str = "hash") -> User:
    return User(name, role, kept, NOON)


LINE = log_line(NOON, "tests", "user", "", "")


def test_the_last_admin_of_a_backend_stays(db: database.Database) -> None:
    users, demoted = UserStore(db), person("anna", Role.REVIEWER, "old hash")
    system = person("cleo", kept="pam")
    for user in (person("anna"), person("ben", Role.VIEWER), system):
        users.put(user, LINE)
    for change in (
        lambda: users.remove("anna", LINE, keeps_admin="local"),
        lambda: users.set_role(demoted, LINE, keeps_admin="local"),
    ):
        with pytest.raises(LastAdmin, match="anna is the last admin"):
            change()
    assert users.user("anna") == person("anna")
    assert users.remove("cleo", LINE, keeps_admin="local")
    users.set_role(person("ben", kept="old hash"), LINE, keeps_admin="local")
    assert users.user("ben") == person("ben")  # the password stays
    assert users.remove("anna", LINE, keeps_admin="local")


def test_two_admins_who_remove_each_other_at_once_are_not_both_gone(
    db: database.Database,
) -> None:
    users = UserStore(db)
    for name in ("anna", "ben"):
        users.put(person(name), LINE)
    together = threading.Barrier(2)

    def remove(name: str) -> bool:
        together.wait(10)
        try:
            return users.remove(name, LINE, keeps_admin="local")
        except LastAdmin:
            return False

    with ThreadPoolExecutor(2) as pool:
        gone = sorted(pool.map(remove, ("anna", "ben")))
    assert gone == [False, True]
    assert len(users.users()) == 1


def test_a_key_that_never_existed_is_not_found(db: database.Database) -> None:
    keys = KeyStore(db)
    assert keys.find("aaaaaaaa") is None
    with pytest.raises(NotFound):
        keys.key("nothing")


def test_what_is_shown_of_a_key_names_its_state() -> None:
    key = StoredKey("1", KeyKind.TOKEN, "x", {}, NOON, "anna")
    assert (key.kind.noun, key.state(NOON)) == ("webhook token", "active")
