"""Where the limits of the clouds are kept: all processes of a store share them."""

from __future__ import annotations

import hashlib
import uuid

from mvsnap.clients.call_budget import BudgetStore, MemoryBudget
from mvsnap.clients.call_budget_file import FileBudget
from mvsnap.clients.webex.shared import RoomLists, WebexShared
from mvsnap.clock import Clock
from mvsnap.config.meraki import Meraki
from mvsnap.config.model import Settings
from mvsnap.config.values import Secret
from mvsnap.jobs.executors import own_folder
from mvsnap.store import database
from mvsnap.store.sharing.budgets import RowBudget
from mvsnap.store.sharing.fetches import StoredFetches
from mvsnap.store.sharing.room_lists import StoredRooms


class CallBudgets:
    """db: the open database; default: opened for these calls alone, when they come."""

    def __init__(
        self, settings: Settings, clock: Clock, db: database.Database | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._db = db

    def meraki(self, meraki: Meraki) -> BudgetStore:
        """Return those of the organization, whose limit it is, or of the key."""
        return self._of(f"meraki-{meraki.organization_id or _short(meraki.api_key)}")

    def webex(self) -> WebexShared:
        """Return what the processes of one bot share."""
        name = f"webex-{_short(self._settings.webex.bot_token)}"
        messages, lookups = self._of(name), self._of(f"{name}-lookups")
        rooms: RoomLists | None = None
        if self._db is not None and not self._db.is_sqlite:
            kind, process = f"rooms {name}", f"{uuid.uuid4()}"
            rooms = StoredRooms(
                StoredFetches(self._db, kind, process, self._clock), name, self._clock
            )
        return WebexShared(messages, lookups, self._clock, rooms)

    def _of(self, name: str) -> BudgetStore:
        url, folder = self._settings.database_url, self._settings.data_dir
        if url is not None:
            if self._db is None:
                engine = database.open_database(url.get_secret_value())
                self._db = database.Database(engine)
            return RowBudget(self._db, name, self._clock)
        if not folder.is_dir():  # nothing runs there
            return MemoryBudget(self._clock)
        try:
            place = own_folder(folder)
        except OSError:
            return MemoryBudget(self._clock)
        return FileBudget(place, name.replace("/", "-"), self._clock)


def _short(secret: Secret | None) -> str:
    """Return a text that is another one for each secret and does not reveal it."""
    text = secret.get_secret_value().strip() if secret else ""
    return hashlib.sha256(f"mvsnap {text}".encode()).hexdigest()[:16]
