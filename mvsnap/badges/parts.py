"""Badge review as the views and the worker use it."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from mvsnap.badges.conditions import BadgeFilter
from mvsnap.badges.directory_store import DirectoryStore
from mvsnap.badges.near_queue import NearPictures
from mvsnap.badges.picture_queue import BadgePictures
from mvsnap.badges.store import BadgeStore
from mvsnap.store.database import Database


class BadgeParts(Struct, frozen=True):
    store: BadgeStore
    pictures: BadgePictures
    directory: DirectoryStore
    near: NearPictures

    page: ClassVar[str] = "badges.index"

    def has_data(self) -> bool:
        return bool(self.store.badges(BadgeFilter(), 1))

    @classmethod
    def of(cls, db: Database) -> BadgeParts:
        return cls(
            BadgeStore(db), BadgePictures(db), DirectoryStore(db), NearPictures(db)
        )
