"""What a listener reads from the store, and writes to it."""

from __future__ import annotations

from msgspec import Struct

from mvsnap.store.changes import FileChanges
from mvsnap.store.events import Store
from mvsnap.store.sense import SenseStore
from mvsnap.store.sharing.identities import IdentityStore
from mvsnap.store.site import SiteStore


class Stores(Struct, frozen=True):
    events: Store
    sense: SenseStore
    site: SiteStore
    identities: IdentityStore | None = None  # None: nobody shares the store
    changes: FileChanges | None = None  # None: the store may change at any time
