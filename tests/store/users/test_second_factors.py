"""Authenticator apps and recovery codes, on SQLite and PostgreSQL."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mvsnap.core.users import SecondFactor
from mvsnap.domain import Role, User
from mvsnap.store import database
from mvsnap.store.users import UserStore
from mvsnap.store.users.second_factors import SecondFactorStore
from tests.changes import log_line
from tests.core.build import NOON

CHANGE = log_line(NOON, "tests", "user anna", "", "")


@pytest.fixture
def people(db: database.Database) -> UserStore:
    made = UserStore(db)
    made.put(User("anna", Role.ADMIN, "hash", NOON), CHANGE)
    return made


@pytest.fixture
def factors(people: UserStore) -> SecondFactorStore:
    return people.second_factors


def enrol(factors: SecondFactorStore, secret: str = "SECRET") -> None:
    factors.begin("anna", secret)
    factors.enrol("anna", 7, ["h1", "h2"], CHANGE)


def test_an_app_counts_from_its_first_code_on(factors: SecondFactorStore) -> None:
    factors.begin("anna", "SECRET")
    assert factors.find("anna") is None
    assert factors.names() == set()
    assert factors.new_secret("anna") == "SECRET"
    factors.enrol("anna", 7, ["h1", "h2"], CHANGE)
    assert factors.find("anna") == SecondFactor("SECRET", NOON, 7, 2)
    assert factors.names() == {"anna"}
    assert factors.new_secret("anna") is None
    assert factors.enrol("anna", 8, ["h9"], CHANGE) is False  # a second click
    assert factors.use_recovery_code("anna", "h9") is False
    assert "SECRET" not in repr(factors.find("anna"))


def test_the_old_app_counts_until_the_first_code_of_the_new_one(
    factors: SecondFactorStore,
) -> None:
    enrol(factors)
    factors.begin("anna", "NEW")
    found = factors.find("anna")
    assert found is not None
    assert (found.secret, factors.new_secret("anna")) == ("SECRET", "NEW")


def test_a_step_is_used_once_by_whoever_is_first(factors: SecondFactorStore) -> None:
    enrol(factors)
    assert factors.use_step("anna", 7) is False
    assert factors.use_step("anna", 6) is False
    with ThreadPoolExecutor(4) as pool:
        used = list(pool.map(lambda _: factors.use_step("anna", 8), range(4)))
    assert sorted(used) == [False, False, False, True]


def test_a_recovery_code_is_used_once(factors: SecondFactorStore) -> None:
    enrol(factors)
    assert factors.use_recovery_code("ben", "h1") is False
    assert factors.use_recovery_code("anna", "h1") is True
    assert factors.use_recovery_code("anna", "h1") is False
    factors.replace_codes("anna", ["h3"], CHANGE)
    assert factors.use_recovery_code("anna", "h2") is False
    assert factors.use_recovery_code("anna", "h3") is True


@pytest.mark.parametrize("how", ["app", "user"])
def test_nothing_is_left_of_one_that_is_removed(
    people: UserStore, factors: SecondFactorStore, how: str
) -> None:
    enrol(factors)
    if how == "app":
        factors.remove("anna", CHANGE)
    else:
        people.remove("anna", CHANGE)
    assert factors.find("anna") is None
    assert factors.use_recovery_code("anna", "h1") is False
