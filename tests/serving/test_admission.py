"""One address never has all connections, or all threads."""

from __future__ import annotations

import asyncio
import itertools
import resource
import threading
from ipaddress import ip_network

import pytest

from mvsnap.serving.admission import Admission, among, most_connections
from mvsnap.serving.bodies import Bodies, Refused
from mvsnap.serving.threads import RequestThreads


class Guest:
    def __init__(self) -> None:
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


def admission(most: int = 10, per_address: int = 3) -> Admission:
    return Admission(most, per_address, among([ip_network("10.0.0.1/32")]))


@pytest.mark.parametrize(
    ("addresses", "admitted"),
    [
        (["192.0.2.1"] * 5, 3),
        (["192.0.2.1", "::ffff:192.0.2.1"] * 3, 3),
        ([f"2001:db8::{n}" for n in range(6)], 3),
        ([f"2001:db8:0:{n}::1" for n in range(6)], 6),
        (["10.0.0.1"] * 6, 6),
    ],
    ids=["one", "both spellings", "one customer", "six customers", "a proxy"],
)
def test_connections_of_one_address(addresses: list[str], admitted: int) -> None:
    doors = admission()
    assert sum(doors.admit(Guest(), address) for address in addresses) == admitted


def test_a_connection_that_ended_makes_room() -> None:
    doors, guest = admission(per_address=1), Guest()
    assert doors.admit(guest, "192.0.2.1")
    assert not doors.admit(Guest(), "192.0.2.1")
    doors.release(guest)
    doors.release(guest)
    assert doors.admit(Guest(), "192.0.2.1")


def test_one_address_gets_no_more_than_half() -> None:
    doors = admission(most=10, per_address=1000)
    assert sum(doors.admit(Guest(), "192.0.2.1") for _ in range(20)) == 5


def test_who_waits_for_longest_makes_room() -> None:
    doors, guests = admission(most=4), [Guest() for _ in range(5)]
    for n, guest in enumerate(guests[:4]):
        assert doors.admit(guest, f"192.0.2.{n}")
    doors.is_waiting(guests[0], False)
    assert doors.admit(guests[4], "192.0.2.5")
    assert [guest.aborted for guest in guests] == [False, True, False, False, False]


def test_nobody_is_cut_off_amid_an_answer() -> None:
    doors = admission(most=4)
    for n in range(4):
        guest = Guest()
        assert doors.admit(guest, f"192.0.2.{n}")
        doors.is_waiting(guest, False)
    assert not doors.admit(Guest(), "192.0.2.5")


@pytest.mark.parametrize(("files", "most"), [(1024, 512), (256, 128), (100_000, 600)])
def test_the_open_files_decide(
    files: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (files, files))
    assert most_connections() == most


@pytest.mark.parametrize(
    ("own", "another"),
    [
        (["192.0.2.1"] * 20, "192.0.2.2"),
        ([f"2001:db8::{n}" for n in range(20)], "2001:db8:1::1"),
    ],
    ids=["of one address", "of a customer's network, with another for each request"],
)
def test_a_quarter_of_the_threads_is_for_others(own: list[str], another: str) -> None:
    threads, may_end = RequestThreads(4, lambda _: False), threading.Event()

    async def both() -> str:
        one = [asyncio.ensure_future(threads.run(who, may_end.wait)) for who in own]
        await asyncio.sleep(0)
        other = await threads.run(another, lambda: "answered")
        may_end.set()
        assert all(await asyncio.gather(*one))
        return other

    try:
        assert asyncio.run(asyncio.wait_for(both(), 10)) == "answered"
    finally:
        may_end.set()
        threads.close()


def test_the_address_with_most_makes_room() -> None:
    doors = admission(most=6)
    guests = {name: Guest() for name in ("a1", "a2", "a3", "b1", "b2", "c1")}
    for name, guest in guests.items():
        assert doors.admit(guest, f"192.0.2.{name[0]}")
        doors.is_waiting(guest, name == "c1")

    def aborted() -> list[str]:
        return [name for name, guest in guests.items() if guest.aborted]

    for name in ("a2", "a1", "b1"):
        doors.may_go(guests[name], True)
    doors.may_go(guests["a1"], False)
    assert doors.admit(Guest(), "192.0.2.7")
    assert aborted() == ["a2"]
    assert doors.admit(Guest(), "192.0.2.8")
    assert aborted() == ["a2", "b1"]
    # Of those that may go, none is of an address that has more: it stays outside.
    assert not doors.admit(Guest(), "192.0.2.a")


def test_a_proxy_speaks_for_many_and_makes_room_last() -> None:
    doors, guests = admission(most=6), [Guest() for _ in range(6)]
    for guest, address in zip(
        guests, ["10.0.0.1"] * 4 + ["192.0.2.1"] * 2, strict=True
    ):
        assert doors.admit(guest, address)
    assert doors.admit(Guest(), "192.0.2.2")
    assert [guest.aborted for guest in guests] == [False] * 4 + [True, False]
    for number in range(2, 7):
        assert doors.admit(Guest(), "10.0.0.1"), number
    assert guests[0].aborted


def test_no_answer_is_given_up_for_a_later_one_of_the_same_address() -> None:
    """Behind a proxy all are of one address: those that waited longest came last."""
    doors, guests = admission(most=6), [Guest() for _ in range(6)]
    for guest in guests:
        assert doors.admit(guest, "10.0.0.1")
        doors.is_waiting(guest, False)
        doors.may_go(guest, True)
    assert not doors.admit(Guest(), "10.0.0.1")
    assert not any(guest.aborted for guest in guests)
    assert doors.admit(Guest(), "192.0.2.1")
    assert guests[0].aborted


def bodies() -> Bodies:
    return Bodies(among([ip_network("10.0.0.1/32")]))


def test_long_bodies_share_the_memory() -> None:
    long = bodies()
    long.take("10.0.0.1", 60_000_000)
    with pytest.raises(Refused) as refused:
        long.take("10.0.0.1", 5_000_000)
    assert refused.value.status == 503
    long.give("10.0.0.1", 60_000_000)
    long.take("10.0.0.1", 5_000_000)


@pytest.mark.parametrize(
    "addresses", [["192.0.2.1"], [f"2001:db8::{n}" for n in range(1, 60)]]
)
def test_one_address_never_has_all_of_the_memory(addresses: list[str]) -> None:
    long, turns = bodies(), itertools.cycle(addresses)
    for _ in range(32):
        long.take(next(turns), 1_000_000)
    with pytest.raises(Refused):
        long.take(next(turns), 1_000_000)
    long.take("192.0.2.2", 8_000_000)
    long.take("10.0.0.1", 8_000_000)


def test_a_long_body_needs_room_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        free = 100_000_000

    monkeypatch.setattr("shutil.disk_usage", lambda _: Full)
    with pytest.raises(Refused, match="No room on the disk"):
        bodies().take_large()
