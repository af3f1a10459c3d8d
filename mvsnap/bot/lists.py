"""What the bot replies to questions: help, cameras, events, status. Nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.bot.model import BotReply
from mvsnap.bot.places import NamedPlaces, muted_place
from mvsnap.clock import Clock
from mvsnap.core.camera_names import WatchedPlace, find_places
from mvsnap.core.clip_text import event_title
from mvsnap.core.commands import BotCommand, Verb
from mvsnap.core.zone_words import zone_words
from mvsnap.domain import Event, EventKind, Mute, Serial
from mvsnap.status.model import Condition, StatusRow
from mvsnap.status.summary import without_trouble
from mvsnap.store.events import EventFilter, Store
from mvsnap.store.site import SiteStore
from mvsnap.texts import N_, _, formats, ngettext
from mvsnap.texts.sentences import localized

_MOST_EVENTS = 10
_MOST_CAMERAS = 40
_MOST_ROWS = 12
_KINDS = {
    EventKind.SNAPSHOT: (N_("picture"), N_("pictures")),
    EventKind.CLIP: (N_("clip"), N_("clips")),
    EventKind.ALARM: (N_("alarm"), N_("alarms")),
    EventKind.CROWD: (N_("crowd"), N_("crowds")),
    EventKind.NOISE: (N_("noise"), N_("noises")),
    EventKind.CROSSING: (N_("line crossing"), N_("line crossings")),
    EventKind.MISMATCH: (N_("badge mismatch"), N_("badge mismatches")),
}
# The end of a crowd is no event of its own for people.
_NOT_LISTED = (EventKind.END,)

# The commands themselves are the same in every language.
_HELP = (
    N_("What you can write here"),
    N_("snapshot NAME: a picture of a camera, now"),
    N_("clip NAME 30s: the last 30 seconds, where it records"),
    N_(
        "mute NAME 1h: crowds there are recorded, and nobody is notified; "
        "also 10 min, until tomorrow, or all in place of a name"
    ),
    N_("unmute NAME: ends that; without a name: all"),
    N_("cameras: their names"),
    N_("events today: what happened; also yesterday, and with a name"),
    N_("status: what works and what does not"),
    N_("A name can be a part of it, in any case."),
)


def help_reply() -> BotReply:
    return BotReply(tuple(map(_, _HELP)))


class BotLists(Struct, frozen=True):
    """rows: of the status, as its page has them. zone: of the site."""

    store: Store
    site: SiteStore
    rows: Callable[[], Iterable[StatusRow]]
    zone: ZoneInfo
    clock: Clock

    def reply(self, command: BotCommand, places: NamedPlaces) -> BotReply:
        if command.verb is Verb.CAMERAS:
            return self.cameras(places)
        if command.verb is Verb.EVENTS:
            return self._events(command, places)
        if command.verb is Verb.STATUS:
            return self.status()
        if command.verb is Verb.HELP:
            return help_reply()
        said = _("That is no command.")
        if command.near:
            said += " " + _("Did you mean %(command)s?") % {
                "command": command.near.word
            }
        return BotReply((said, _("Write help to see them all.")))

    def cameras(self, places: NamedPlaces) -> BotReply:
        found, mutes = places.cameras, self.site.mutes(self.clock.now())
        if not found:
            return BotReply((_("No camera is known yet."),))
        lines = [self._camera(camera, mutes) for camera in found[:_MOST_CAMERAS]]
        if len(found) > len(lines):
            lines.append(and_more(len(found) - len(lines)))
        count = ngettext("%(num)s camera", "%(num)s cameras", len(found))
        return BotReply((count % {"num": formats.number(len(found))}, *lines))

    def status(self) -> BotReply:
        rows = list(self.rows())
        bad = [row for row in rows if row.health is Condition.TROUBLE]
        unknown = sum(row.health is Condition.UNKNOWN for row in rows)
        lines = [
            f"{row.shown_name}: {localized(row.text)}".rstrip(": ")
            for row in bad[:_MOST_ROWS]
        ]
        if len(bad) > len(lines):
            lines.append(and_more(len(bad) - len(lines)))
        if bad and unknown:
            share = {
                "number": formats.number(unknown),
                "all": formats.number(len(rows)),
            }
            lines.append(_("%(number)s of %(all)s are not known") % share)
        for mute in self.site.mutes(self.clock.now())[:_MOST_ROWS]:
            where = muted_place(mute, self.site)
            muted = _("Muted until %(time)s: %(where)s (%(who)s)")
            about = {"time": self._local(mute.until), "where": where}
            lines.append(muted % {**about, "who": mute.muted_by})
        if not bad:
            return BotReply((without_trouble(rows), *lines))
        share = {
            "number": formats.number(len(bad)),
            "all": formats.number(len(rows)),
        }
        return BotReply((_("%(number)s of %(all)s in trouble") % share, *lines))

    def _camera(self, camera: WatchedPlace, mutes: Sequence[Mute]) -> str:
        marks = []
        if camera.recorded_as is not None:
            marks.append(_("records"))
        own = [m for m in mutes if m.zone_id is None and m.serial == camera.serial]
        if camera.serial is not None and own:
            until = self._local(own[-1].until)
            marks.append(_("muted until %(time)s") % {"time": until})
        return f"{camera.name} ({', '.join(marks)})" if marks else camera.name

    def _events(self, command: BotCommand, places: NamedPlaces) -> BotReply:
        since, until = self._day(command.days_ago)
        cameras, title = self._named(command.name, places)
        day = _("today") if not command.days_ago else _("yesterday")
        if cameras == ():
            return BotReply((unknown_name(command.name),))
        wanted = EventFilter(
            without=_NOT_LISTED, serials=cameras, since=since, until=until
        )
        newest = self.store.events(wanted, _MOST_EVENTS + 1)
        if not newest:
            return BotReply((_("No events %(day)s") % {"day": day} + title,))
        lines = [self._event(event) for event in newest[:_MOST_EVENTS]]
        head = _("Events %(day)s") % {"day": day} + title
        if cameras is None:
            head += f": {self._sums(since, until)}"
        elif len(newest) > _MOST_EVENTS:
            head += _(": the last %(number)s") % {"number": _MOST_EVENTS}
        return BotReply((head, *lines))

    def _named(
        self, name: str, places: NamedPlaces
    ) -> tuple[tuple[Serial, ...] | None, str]:
        """Return the cameras of a name, () if there are none, None: of all."""
        if not name:
            return None, ""
        found = find_places(name, (*places.cameras, *places.zones)).sure
        # A camera without a serial is known by its name there.
        keys = [Serial(p.serial or p.recorded_as or "") for p in found]
        names = dict.fromkeys(p.camera or p.name for p in found)
        return tuple(dict.fromkeys(keys)), _(" of %(names)s") % {
            "names": ", ".join(names)
        }

    def _day(self, days_ago: int) -> tuple[datetime, datetime]:
        day = self.clock.now().astimezone(self.zone).date() - timedelta(days=days_ago)
        begins = datetime.combine(day, time(), self.zone)
        ends = datetime.combine(day + timedelta(days=1), time(), self.zone)
        return begins, ends

    def _sums(self, since: datetime, until: datetime) -> str:
        counts = self.store.count_events(since, until)
        return ", ".join(
            f"{formats.number(count)} {_(_KINDS[kind][count != 1])}"
            for kind in _KINDS
            if (count := counts.get(kind, 0))
        )

    def _event(self, event: Event) -> str:
        at = event.occurred_at.astimezone(self.zone)
        camera = event.camera_name or event.serial
        zone = zone_words(event.zone_name)
        where = f"{camera}, {zone}" if zone else camera
        what = _(_KINDS.get(event.kind, (event.kind,))[0])
        title = event_title(event.title, event.trigger)
        said = title.partition("\n")[0].strip()
        parts = [f"{at:%H:%M}", where, what, *([said[:80]] if said else [])]
        return " · ".join(part for part in parts if part)

    def _local(self, moment: datetime) -> str:
        return formats.to_minute(moment.astimezone(self.zone))


def and_more(number: int) -> str:
    return _("and %(number)s more") % {"number": formats.number(number)}


def unknown_name(name: str) -> str:
    return _("There is no “%(name)s” here.") % {"name": name}
