"""Recipients: the one place that decides to which rooms a job goes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# None or "": not set here. An empty list: nobody.
Named = str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Recipients:
    """default: the room used where none is named.

    can_post: False if no channel is configured; pictures are then only stored.
    """

    default: str | None
    can_post: bool

    def rooms(self, *named: Named) -> tuple[str, ...]:
        """Return the recipients, without duplicates: the first that is set counts.

        named: from the settings and the trigger, the most specific first.
        """
        return self.only(*named, self.default)

    def only(self, *named: Named) -> tuple[str, ...]:
        """Return the same, but nobody if none is set."""
        if not self.can_post:
            return ()
        for given in named:
            if isinstance(given, tuple):
                return tuple(dict.fromkeys(given))
            if given:
                return (given,)
        return ()
