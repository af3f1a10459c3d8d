"""Recipients: the one place that decides to whom a job goes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from mvsnap.spelling import folded

# None or "": not set here. An empty list: nobody.
Named = str | tuple[str, ...] | None


class JobRooms(Struct, frozen=True):
    """rooms: all of a job. apart: those of each camera, if they are not all the same.

    Both are the fields `rooms` and `camera_rooms` of a job.
    """

    rooms: tuple[str, ...]
    apart: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Recipients(Struct, frozen=True):
    """default: the room used where none is named.

    can_post: whether Webex is configured; without it, pictures that no channel gets are
        only stored.
    of_organizations: the rooms of those that have one, in place of the default.
    channels: names in the settings; a room of the same name is that channel.
    """

    default: Named
    can_post: bool
    of_organizations: Mapping[str, Named] = {}
    channels: tuple[str, ...] = ()

    def rooms(self, *named: Named) -> tuple[str, ...]:
        """Return the recipients, without duplicates: the first that is set counts.

        named: from the settings and the trigger, the most specific first.
        """
        return self.only(*named, self.default)

    def of_cameras(
        self, organizations: Mapping[str, str | None], *named: Named
    ) -> JobRooms:
        """Return the recipients of a job: each camera goes where its organization does.

        organizations: that of each camera of the job, None: unknown. A room that is
        named gets all of them.
        """
        of_each = {
            camera: self.only(*named, self._default_of(organization))
            for camera, organization in organizations.items()
        }
        if len(set(of_each.values())) < 2:
            return JobRooms(next(iter(of_each.values()), self.rooms(*named)))
        every = (room for rooms in of_each.values() for room in rooms)
        return JobRooms(tuple(dict.fromkeys(every)), tuple(of_each.items()))

    def _default_of(self, organization: str | None) -> Named:
        return self.of_organizations.get(organization or "", self.default)

    def only(self, *named: Named) -> tuple[str, ...]:
        """Return the same, but nobody if none is set."""
        for given in named:
            if given or given == ():
                spelled = map(self._spelled, flat([given]))
                return tuple(dict.fromkeys(filter(self.takes, spelled)))
        return ()

    def takes(self, room: str) -> bool:
        """Return whether a message to it can be sent at all."""
        return self.can_post or self.is_channel(room)

    def is_channel(self, room: str) -> bool:
        return self._spelled(room) in self.channels

    def _spelled(self, room: str) -> str:
        """Return a channel's name as in the settings, a room as it is.

        Two spellings of one channel would be two messages.
        """
        wanted = folded(room)
        return next((name for name in self.channels if folded(name) == wanted), room)


def flat(named: Iterable[Named]) -> tuple[str, ...]:
    """Return all names in these, in their order."""
    found: list[str] = []
    for given in named:
        found += given if isinstance(given, tuple) else [given or ""]
    return tuple(found)
