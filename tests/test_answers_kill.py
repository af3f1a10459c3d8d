"""SIGKILL between the steps of an answer: one answer, one effect, one audit line."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mvsnap.simulator.faults import Fault
from mvsnap.simulator.webex.cards import button_data, press
from mvsnap.simulator.webex.webex import SimMessage
from mvsnap.store import database
from mvsnap.store.audit import AuditFilter, AuditLog
from tests.gateway import Clouds, Gateway, clouds, write_config
from tests.servers.processes import wait_until

GUARD = "guard@example.com"
# Nobody has asked who that is before: what is known of a person is not asked again.
NEWCOMER = "newcomer@example.com"
REPEAT = "may be a duplicate"
PLACES = 5
# Where the gateway is killed: it has asked, and has no answer.
PRESSED = "GET /v1/attachment/actions/"
REPLY = "POST /v1/messages"  # nobody knows whether it arrived


@pytest.mark.slow
def test_each_press_has_one_effect_and_one_answer_although_the_gateway_is_killed(
    tmp_path: Path,
) -> None:
    rng = random.Random(5004)
    with clouds() as made:
        made.webex.people |= {GUARD: "Gil Guard", NEWCOMER: "Nel New"}
        asked_who = f"GET /v1/people/{made.webex.person_id(NEWCOMER)}"
        settings = made.settings()
        settings["webex"]["commands"] = {
            "people": [GUARD, NEWCOMER],
            "way": "websocket",
            "device_url": f"{made.webex_url}/wdm/api/v1",
        }
        served = Gateway(write_config(tmp_path, settings))
        served.start()
        try:
            cards = below_pictures(made, served)
            wait_until(lambda: made.webex.sockets.opened > 0, "the websocket")
            killed_at(made, served, PRESSED, cards[0], GUARD)
            killed_at(made, served, asked_who, cards[1], NEWCOMER)
            killed_at(made, served, REPLY, cards[2], GUARD)
            for card in cards[3:]:
                press_on(made, card, GUARD)
                served.kill_after(rng.uniform(0.0, 0.4))
                served.start()
            wait_until(lambda: all(answers(made, c) for c in cards), "all", 120)
            wait_until(lambda: all(pictures(made, c) for c in cards), "pictures", 120)
            # A job may be done before the press that asked for it is taken up again.
            wait_until(lambda: len(audited(tmp_path)) >= 2 * PLACES, "audit lines", 120)
            taken = served.get("/api/v1.0/events", kind="snapshot").json()["events"]
            mutes = served.get("/api/v1.0/mutes").json()["mutes"]
        finally:
            served.stop()
            made.webex.sockets.close()
    for card in cards:
        for texts in (answers(made, card), pictures(made, card)):
            assert sum(REPEAT not in text for text in texts) <= 1, texts
    assert len(mutes) == PLACES
    assert len(taken) == 2 * PLACES
    assert len(audited(tmp_path)) == 2 * PLACES


def below_pictures(made: Clouds, served: Gateway) -> list[SimMessage]:
    """Return the buttons below some pictures, each in a thread of its own."""
    for _ in range(PLACES):
        assert served.snapshot().status_code == 200
    wait_until(lambda: len(cards_of(made)) == PLACES, "buttons")
    return cards_of(made)


def cards_of(made: Clouds) -> list[SimMessage]:
    found = [m for m in list(made.webex.messages) if m.card]
    return [m for m in found if "muted" not in (m.markdown or "")]


def press_on(made: Clouds, card: SimMessage, who: str) -> None:
    assert card.card is not None
    for title in ("Mute 1 h", "Picture now"):
        press(made.webex, card.id, who, button_data(card.card, title))


def killed_at(
    made: Clouds, served: Gateway, step: str, card: SimMessage, who: str
) -> None:
    """Press, kill the gateway while it waits for this call's answer, start it again."""
    method, _, path = step.partition(" ")

    def calls() -> int:
        asked = list(made.webex.asked)
        return sum(c.method == method and c.path.startswith(path) for c in asked)

    before = calls()
    made.webex.faults.add(Fault("slow", path=f"^{step}", seconds=3, after=True))
    press_on(made, card, who)
    wait_until(lambda: calls() > before, step)
    served.kill()
    made.webex.faults.clear()
    served.start()


def answers(made: Clouds, card: SimMessage) -> list[str]:
    """Return what the bot has answered to the snooze below this picture."""
    texts = [m.markdown or "" for m in replies(made, card)]
    return [text for text in texts if "is muted until" in text]


def replies(made: Clouds, card: SimMessage) -> list[SimMessage]:
    return [m for m in list(made.webex.messages) if m.parent_id == card.parent_id]


def pictures(made: Clouds, card: SimMessage) -> list[str]:
    """Return the texts of the pictures that the bot has sent because of this card."""
    return [m.markdown or "" for m in replies(made, card) if m.files]


def audited(folder: Path) -> list[str]:
    """Return what the audit log says that the two did."""
    engine = database.open_database(database.sqlite_url(folder / "data" / "mvsnap.db"))
    log = AuditLog(database.Database(engine))
    filters = AuditFilter(who=GUARD), AuditFilter(who=NEWCOMER)
    found = [line for one in filters for line in log.lines(one, 100)]
    engine.dispose()
    return [line.change.what for line in found]
