"""Badge events in the store: lists, pictures to fetch, judgements, the directory."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import update

from mvsnap import texts
from mvsnap.badges import store
from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.directory import Cardholder
from mvsnap.badges.directory_store import DirectoryState, DirectoryStore
from mvsnap.badges.model import (
    BadgeEvent,
    BadgeId,
    BadgePictureState,
    Judgement,
    Verdict,
)
from mvsnap.badges.picture_queue import LEASE, BadgePictures
from mvsnap.badges.store import BadgeStore
from mvsnap.badges.tables import directories
from mvsnap.errors import JudgedMeanwhile
from mvsnap.store import database
from mvsnap.texts.file_wordings import AT_LINE, LEFT_OUT, MISSING, SERVER_ANSWERED
from mvsnap.texts.reasons import said
from mvsnap.texts.wording import Reason
from mvsnap.values import replace
from tests.badges.build import NOON, badge
from tests.core.build import DOOR, GATE

ANY = BadgeFilter()
DUE = NOON + timedelta(hours=1)
STATE = DirectoryState("people.csv", "1", NOON, 2, 0, Reason(""))
ANNA = Cardholder("4711", "Anna Berg", "Sales", "https://photos.example/4711.jpg")


@dataclass(frozen=True)
class Stores:
    badges: BadgeStore
    pictures: BadgePictures
    directory: DirectoryStore
    db: database.Database


@pytest.fixture
def stores(db: database.Database) -> Stores:
    return Stores(BadgeStore(db), BadgePictures(db), DirectoryStore(db), db)


def ids(found: Sequence[BadgeEvent]) -> list[BadgeId]:
    return [one.id for one in found]


def add(stores: Stores, *made: BadgeEvent) -> list[BadgeId]:
    stores.badges.add(made)
    return ids(list(made))


def judged(
    badge_id: BadgeId, verdict: Verdict, *, after_s: float = 60, note: str = ""
) -> Judgement:
    at = NOON + timedelta(seconds=after_s)
    return Judgement(badge_id, verdict, note, at, "anna", at + timedelta(seconds=10))


@pytest.mark.parametrize("many", [1, 1000])
def test_few_and_many_verdicts_since_a_time_are_found(
    stores: Stores, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(store, "_MANY_JUDGED", many)
    first, second, _ = add(stores, badge(0), badge(1), badge(2))
    stores.badges.judge(judged(second, Verdict.MATCH, after_s=5))
    stores.badges.judge(judged(first, Verdict.UNSURE, after_s=9))
    for after_s, found in ((5, [second, first]), (6, [first]), (10, [])):
        since = stores.badges.judged_since(NOON + timedelta(seconds=after_s))
        assert since.are_many is (len(found) >= many)
        wanted = BadgeFilter(judged_since=since)
        assert ids(stores.badges.badges(wanted, 9)) == found


def test_what_is_known_is_not_added_again(stores: Stores) -> None:
    first, second = badge(0), badge(1, user_id="Tür 東 😀")
    assert stores.badges.add([first, second, first]) == 2
    assert stores.badges.add([second, badge(2)]) == 1
    assert stores.badges.badge(second.id) == second
    assert stores.badges.badge(BadgeId("nothing")) is None
    assert stores.badges.add([]) == 0


def test_the_same_in_another_order_at_once_is_added_once(stores: Stores) -> None:
    added: list[int] = []

    def work(events: list[BadgeEvent], together: threading.Barrier) -> None:
        together.wait()
        added.append(stores.badges.add(events))

    for number in range(5):
        made = [badge(s, user_id=str(number)) for s in range(500)]
        together = threading.Barrier(2)
        orders = (made, made[::-1])
        threads = [threading.Thread(target=work, args=[o, together]) for o in orders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(added), sum(added)) == (10, 2500)


def test_the_list_is_newest_first_and_pages_hold_each_once(stores: Stores) -> None:
    made = [
        badge(s, user_id=str(s % 3), reader="B" if s % 2 else "A")
        for s in (*range(30), *range(30))
    ]
    same_time = [badge(5.0, user_id=f"x{n}") for n in range(10)]
    add(stores, *made, *same_time)
    everything = stores.badges.badges(ANY, 100)
    assert len(everything) == 40
    assert everything == sorted(
        everything, key=lambda b: (b.swiped_at, b.id), reverse=True
    )
    found: list[BadgeEvent] = []
    while page := stores.badges.badges(
        BadgeFilter(after=found[-1].id if found else None), 7
    ):
        found += page
    assert ids(found) == ids(everything)
    assert ids([one for page in stores.badges.pages(ANY) for one in page]) == ids(found)


@pytest.mark.parametrize(
    ("wanted", "seconds"),
    [
        (BadgeFilter(reader="A"), [2, 0]),
        (BadgeFilter(user_ids=("1", "9")), [3, 1]),
        (BadgeFilter(user_ids=()), []),
        (BadgeFilter(since=NOON + timedelta(seconds=2)), [3, 2]),
        (BadgeFilter(until=NOON + timedelta(seconds=2)), [1, 0]),
        (BadgeFilter(verdict=Verdict.MATCH), [1]),
        (BadgeFilter(verdict=Verdict.OPEN, reader="B"), [3]),
    ],
    ids=["reader", "people", "nobody", "since", "until", "verdict", "both"],
)
def test_filters_choose(
    stores: Stores, wanted: BadgeFilter, seconds: list[int]
) -> None:
    made = [
        badge(s, user_id=str(s % 2), reader="B" if s % 2 else "A") for s in range(4)
    ]
    add(stores, *made)
    stores.badges.judge(judged(made[1].id, Verdict.MATCH))
    expected = [made[s].id for s in seconds]
    assert ids(stores.badges.badges(wanted, 10)) == expected
    assert stores.badges.count(wanted, 10) == len(expected)


def test_a_count_goes_no_further_than_asked(stores: Stores) -> None:
    add(stores, *(badge(s) for s in range(20)))
    assert stores.badges.count(ANY, 7) == 7


def test_the_neighbours_are_those_of_the_list(stores: Stores) -> None:
    add(stores, *(badge(s // 2, user_id=str(s), reader="AB"[s % 2]) for s in range(8)))
    for wanted in (ANY, BadgeFilter(reader="B")):
        listed = ids(stores.badges.badges(wanted, 10))
        around = [None, *listed, None]
        for n, badge_id in enumerate(listed):
            expected = (around[n], around[n + 2])
            assert stores.badges.beside(wanted, badge_id) == expected


def test_every_reader_is_named_once(stores: Stores) -> None:
    assert stores.badges.readers() == []
    add(stores, *(badge(s, reader=f"Door {s % 5}") for s in range(50)))
    assert stores.badges.readers() == [f"Door {n}" for n in range(5)]


def test_the_last_judgement_holds_and_all_are_kept(stores: Stores) -> None:
    (badge_id,) = add(stores, badge())
    for n, verdict in enumerate((Verdict.UNSURE, Verdict.MATCH, Verdict.OPEN)):
        note = f"note {n}"
        assert stores.badges.judge(judged(badge_id, verdict, after_s=n, note=note))
    found = stores.badges.badge(badge_id)
    assert found is not None
    assert (found.verdict, found.note) == (Verdict.OPEN, "note 2")
    history = stores.badges.judgements(badge_id)
    assert [made.note for made, _ in history] == ["note 2", "note 1", "note 0"]
    assert not stores.badges.judge(judged(BadgeId("nothing"), Verdict.MATCH))


def test_a_verdict_nobody_had_seen_yet_is_not_undone(stores: Stores) -> None:
    (badge_id,) = add(stores, badge())
    bobs = replace(judged(badge_id, Verdict.MATCH), judged_by="bob")
    stores.badges.judge(judged(badge_id, Verdict.MISMATCH), seen=0)
    with pytest.raises(
        JudgedMeanwhile, match="anna has changed the verdict in the meantime"
    ):
        stores.badges.judge(bobs, seen=0)
    ((last, _),) = stores.badges.judgements(badge_id)
    (to_notify,) = stores.badges.to_notify(DUE, 10)
    assert (last.judged_by, to_notify.id) == ("anna", last.id)
    # Of their own: nobody else's verdict is undone.
    assert stores.badges.judge(judged(badge_id, Verdict.UNSURE), seen=0)
    last, _ = stores.badges.judgements(badge_id)[0]
    assert stores.badges.judge(bobs, seen=last.id)


def test_a_mismatch_is_posted_once_and_not_if_undone_in_time(
    stores: Stores,
) -> None:
    slip, meant = add(stores, badge(0), badge(1))
    stores.badges.judge(judged(slip, Verdict.MISMATCH))
    stores.badges.judge(judged(slip, Verdict.MATCH, after_s=65))
    stores.badges.judge(judged(meant, Verdict.MISMATCH, note="first"))
    stores.badges.judge(judged(meant, Verdict.MISMATCH, after_s=65, note="better"))
    assert stores.badges.to_notify(NOON, 10) == []
    (made,) = stores.badges.to_notify(DUE, 10)
    assert (made.badge_id, made.note) == (meant, "better")
    stores.badges.mark_notified(made, made.job_id)
    assert stores.badges.judgements(meant)[0][1] == made.job_id
    stores.badges.judge(judged(meant, Verdict.MISMATCH, after_s=90, note="more"))
    assert stores.badges.to_notify(DUE, 10) == []


def test_a_picture_is_due_three_minutes_after_the_swipe(stores: Stores) -> None:
    add(stores, badge(0), badge(1, reader="No camera there"))
    early = NOON + timedelta(seconds=179)
    assert stores.pictures.claim("one", early, 10) == []
    (due,) = stores.pictures.claim("one", NOON + timedelta(seconds=180), 10)
    assert due.serial == GATE


def test_what_one_worker_claimed_no_other_gets_until_the_lease_ends(
    stores: Stores,
) -> None:
    made = add(stores, *(badge(s) for s in range(5)))
    first = stores.pictures.claim("one", DUE, 3)
    assert ids(first) == made[:3]
    assert ids(stores.pictures.claim("two", DUE, 3)) == made[3:]
    assert stores.pictures.claim("two", DUE, 3) == []
    assert stores.pictures.release("one", DUE) == 3
    assert len(stores.pictures.claim("one", DUE, 9)) == 3
    assert len(stores.pictures.claim("three", DUE + LEASE, 9)) == 5


def test_both_ends_of_the_line_are_served(stores: Stores) -> None:
    first, *_, last = add(stores, *(badge(s) for s in range(5)))
    assert ids(stores.pictures.claim("one", DUE, 1, newest=True)) == [last]
    assert ids(stores.pictures.claim("one", DUE, 1)) == [first]


def test_workers_that_claim_at_once_share_without_a_double(stores: Stores) -> None:
    made = add(stores, *(badge(s) for s in range(60)))
    together, found = threading.Barrier(4), list[BadgeId]()

    def work(name: str) -> None:
        together.wait()
        while mine := stores.pictures.claim(name, DUE, 4):
            found.extend(ids(mine))

    threads = [threading.Thread(target=work, args=[f"w{n}"]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(made)


def test_a_picture_or_the_reason_without_one_is_stored(stores: Stores) -> None:
    one, two = add(stores, badge(0), badge(1))
    stores.pictures.claim("w", DUE, 2)
    stores.pictures.fetched(one, "badges/a.jpg", "https://n1.meraki.com/x")
    again = DUE + timedelta(minutes=2)
    stores.pictures.not_fetched(two, BadgePictureState.OFFLINE, "offline", again)
    first, second = (stores.badges.badge(i) for i in (one, two))
    assert first is not None
    assert second is not None
    assert (first.picture, first.picture_path) == (
        BadgePictureState.FETCHED,
        "badges/a.jpg",
    )
    assert (first.ask_at, first.asks) == (None, 1)
    assert (second.picture, second.error) == (BadgePictureState.OFFLINE, "offline")
    assert stores.pictures.claim("w", again, 2) == [
        replace(second, ask_at=again + LEASE)
    ]


def test_a_person_asks_again_for_what_is_missing_only(stores: Stores) -> None:
    one, two = add(stores, badge(0), badge(1, reader="Yard"))
    assert stores.pictures.ask(two, DOOR, DUE)
    (asked,) = stores.pictures.claim("w", DUE, 1)
    assert asked.id == one
    assert not stores.pictures.ask(one, GATE, DUE)  # somebody fetches it just now
    stores.pictures.fetched(one, "badges/a.jpg", None)
    assert not stores.pictures.ask(one, GATE, DUE)
    assert stores.pictures.ask(one, GATE, DUE, is_gone=True)


def test_a_reader_that_got_a_camera_has_its_pictures_fetched(stores: Stores) -> None:
    add(stores, *(badge(s, reader="Yard") for s in range(3)), badge(5))
    assert stores.pictures.readers_given_up() == ["Yard"]
    assert stores.pictures.give_camera("Yard", DOOR, DUE) == 3
    assert stores.pictures.readers_given_up() == []
    serials = [one.serial for one in stores.pictures.claim("w", DUE, 9)]
    assert serials.count(DOOR) == 3


def test_purge_takes_old_ones_with_their_judgements(stores: Stores) -> None:
    old, new = add(stores, badge(0), badge(1, now=DUE))
    stores.pictures.fetched(old, "badges/old.jpg", None)
    for badge_id in (old, new):
        stores.badges.judge(judged(badge_id, Verdict.MATCH))
    purged = stores.badges.purge(DUE)
    assert (purged.removed, purged.paths) == (1, ("badges/old.jpg",))
    assert stores.badges.judgements(old) == []
    assert len(stores.badges.judgements(new)) == 1


def test_the_directory_names_people_and_is_replaced_as_a_whole(stores: Stores) -> None:
    (badge_id,) = add(stores, badge())
    stores.directory.replace(STATE, [ANNA, Cardholder("2", "Bert 100%_")])
    found = stores.badges.badge(badge_id)
    assert found is not None
    assert (found.person, found.department) == ("Anna Berg", "Sales")
    assert stores.directory.user_ids("BERG") == ["4711"]
    assert stores.directory.user_ids("0%_") == ["2"]
    assert stores.directory.user_ids("%") == ["2"]
    assert stores.directory.state() == STATE
    stores.directory.replace(replace(STATE, fingerprint="2"), [Cardholder("2", "Bert")])
    assert stores.directory.user_ids("berg") == []
    stores.directory.clear()
    assert stores.directory.state() is None


def test_a_photo_is_fetched_for_those_who_came_and_again_when_it_changed(
    stores: Stores,
) -> None:
    stores.directory.replace(STATE, [ANNA, replace(ANNA, user_id="absent")])
    assert stores.directory.claim_photos(NOON, 9) == []
    (badge_id,) = add(stores, badge())
    (request,) = stores.directory.claim_photos(NOON, 9)
    assert request.photo == ANNA.photo
    assert stores.directory.claim_photos(NOON, 9) == []
    stores.directory.keep_photo(request, "photos/a.jpg")
    stores.directory.replace(STATE, [ANNA])
    found = stores.badges.badge(badge_id)
    assert found is not None
    assert found.photo_path == "photos/a.jpg"
    assert stores.directory.photo_paths() == {"photos/a.jpg"}
    other = replace(ANNA, photo="https://photos.example/new.jpg")
    stores.directory.replace(STATE, [other])
    assert [w.photo for w in stores.directory.claim_photos(NOON, 9)] == [other.photo]
    stores.directory.keep_photo(request, "photos/late.jpg")  # of the one before
    assert stores.directory.photo_paths() == set()


def test_a_photo_that_failed_says_why_and_is_tried_again(stores: Stores) -> None:
    add(stores, badge())
    stores.directory.replace(STATE, [ANNA])
    (request,) = stores.directory.claim_photos(NOON, 9)
    stores.directory.keep_photo(request, None, SERVER_ANSWERED(status=404))
    assert stores.directory.photo_error("4711") == "the server answered 404"
    assert stores.directory.claim_photos(NOON + timedelta(minutes=14), 9) == []
    assert stores.directory.claim_photos(NOON + timedelta(minutes=16), 9) == [request]


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=365)], ids=str)
def test_a_photo_does_not_wait_for_a_time_before_the_clock_was_set_back(
    stores: Stores, back: timedelta
) -> None:
    add(stores, badge())
    stores.directory.replace(STATE, [ANNA])
    (request,) = stores.directory.claim_photos(NOON, 9)
    stores.directory.keep_photo(request, "photos/a.jpg")
    assert stores.directory.claim_photos(NOON - back, 9) == [request]
    assert stores.directory.claim_photos(NOON - back, 9) == []


def test_pages_go_on_when_the_last_one_of_a_page_is_purged(stores: Stores) -> None:
    made = add(stores, *(badge(n) for n in range(501)))
    pages = stores.badges.pages(ANY)
    first = ids(next(pages))
    stores.badges.purge(NOON + timedelta(seconds=2))
    assert [*first, *(one for page in pages for one in ids(page))] == made[:0:-1]


def test_the_directory_says_what_is_wrong_with_it(stores: Stores) -> None:
    texts.use("de")
    why = LEFT_OUT(count=2, first=AT_LINE(number=3, why=MISSING(name="user_id")))
    stores.directory.note(replace(STATE, error=why))
    found = stores.directory.state()
    german = "2 Einträge ausgelassen; Zeile 3: user_id: fehlt (erwartet: Text)"
    assert found
    assert (found.error, said(found.error)) == (why, german)
    with stores.db.writing() as connection:
        # As the release before writes.
        connection.execute(update(directories).values(error="in its words"))
    found = stores.directory.state()
    assert found
    assert said(found.error) == "in its words"
