"""What the room was told, by trigger and by crowd: lost, or repeated without a word."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from mvsnap.simulator.webex.webex import SimMessage
from tests.chaos.site import Site

REPEAT = "This message may be a duplicate."
_NUMBER = re.compile(r"#(\d{5})")
_CLIP = re.compile(r"^(Clip, |Same video as|No clip: )", re.MULTILINE)
_LATER = "will be posted here when it is available"


@dataclass(frozen=True)
class Told:
    """texts: of each message of a trigger or crowd, by its kind.

    kind: "first", "note" (the picture comes later), "picture" (that one), "clip",
    "link", "end".
    """

    texts: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def about(self, *kinds: str) -> set[str]:
        return {what for what, kind in self.texts if kind in kinds}

    @property
    def repeats(self) -> int:
        """How many messages say that they may be repeats."""
        return sum(REPEAT in text for texts in self.texts.values() for text in texts)

    @property
    def unmarked(self) -> list[tuple[str, str]]:
        """What was told more than once without saying so."""
        return [
            key
            for key, texts in self.texts.items()
            if sum(REPEAT not in text for text in texts) > 1
        ]


def triggers_told(site: Site) -> Told:
    """Return what was told about numbered triggers; by the number in words."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for message in list(site.services.clouds.webex.messages):
        number = _NUMBER.search(message.markdown)
        if number is not None:
            found[number[1], _kind(message)].append(message.markdown)
    return Told(found)


def crowds_told(site: Site) -> Told:
    """Return what was told about crowds; by camera, zone and moment."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for message in list(site.services.clouds.webex.messages):
        first = message.markdown.partition("\n")[0].strip()
        if "Crowd" in first:
            found[first, _kind(message)].append(message.markdown)
    return Told(found)


def _kind(message: SimMessage) -> str:
    text = message.markdown
    if _CLIP.search(text):
        return "clip"
    if "Lasted " in text:
        return "end"
    if message.parent_id is None:
        return "note" if _LATER in text else "first"
    return "picture" if message.files else "link"
