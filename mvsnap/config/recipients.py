"""Recipients: the one place that decides to which rooms a job goes. Pure."""

from __future__ import annotations

from dataclasses import dataclass

# None or "": nothing is said here. An empty list: nobody.
Named = str | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Recipients:
    """default: the room where nobody names one.

    can_post: False where no channel is configured; pictures are then only kept.
    """

    default: str | None
    can_post: bool

    def rooms(self, *named: Named) -> tuple[str, ...]:
        """Return who is told, each once: as the first says who says anything.

        named: what the settings and the trigger say, the most special one first.
        """
        return self.only(*named, self.default)

    def only(self, *named: Named) -> tuple[str, ...]:
        """Return the same, and nobody where none of them says anything."""
        if not self.can_post:
            return ()
        for given in named:
            if isinstance(given, tuple):
                return tuple(dict.fromkeys(given))
            if given:
                return (given,)
        return ()
