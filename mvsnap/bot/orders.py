"""From a command or a press to what is to be done at which place, or to a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mvsnap.bot.lists import and_more, unknown_name
from mvsnap.bot.model import BotReply, PlaceOrder
from mvsnap.bot.places import NamedPlaces
from mvsnap.core.camera_names import WatchedPlace, find_places
from mvsnap.core.commands import BotCommand, Verb
from mvsnap.core.spoken_times import SpokenTime
from mvsnap.delivery.cards import MOST_BUTTONS, choice_card
from mvsnap.texts import N_, _

_MOST_LISTED = 20


def _has_pictures(place: WatchedPlace) -> bool:
    return place.serial is not None


def _records(place: WatchedPlace) -> bool:
    return place.recorded_as is not None


_NO_CROWDS = N_("%(place)s is not in the Dashboard: it has no crowds")
# What each verb needs, and what is said of a place without it.
_NEEDS: dict[Verb, tuple[Callable[[WatchedPlace], bool], str]] = {
    Verb.SNAPSHOT: (
        _has_pictures,
        N_("%(place)s is not in the Dashboard: it has no snapshots"),
    ),
    Verb.CLIP: (_records, N_("%(place)s does not record: it has no clips")),
    Verb.SNOOZE: (_has_pictures, _NO_CROWDS),
    Verb.UNSNOOZE: (_has_pictures, _NO_CROWDS),
}
_QUESTIONS = {
    Verb.SNAPSHOT: N_("A picture of which one?"),
    Verb.CLIP: N_("A clip of which one?"),
    Verb.SNOOZE: N_("Mute which one?"),
    Verb.UNSNOOZE: N_("Unmute which one?"),
}


def is_known(command: BotCommand, places: NamedPlaces) -> bool:
    """Return whether it names no place, or surely one of these."""
    every = (*places.cameras, *places.zones)
    return not command.name or bool(find_places(command.name, every).sure)


def order_of(command: BotCommand, places: NamedPlaces) -> PlaceOrder | BotReply:
    """Return the order of a command about one place, or what has to be asked first."""
    verb = command.verb
    fits, lack = _NEEDS[verb]
    usable = [place for place in places.cameras if fits(place)]
    if not command.name:
        if len(usable) == 1:
            return PlaceOrder(verb, usable[0], command.time)
        return _question(verb, _(_QUESTIONS[verb]), usable, command.time)
    every = (*places.cameras, *places.zones)
    found = find_places(command.name, every)
    if sure := [place for place in found.sure if fits(place)]:
        if len(sure) == 1:
            return PlaceOrder(verb, sure[0], command.time)
        text = _("%(number)s are called like “%(name)s”: which one?") % {
            "number": len(sure),
            "name": command.name,
        }
        return _question(verb, text, sure, command.time)
    if found.sure:
        return BotReply((_(lack) % {"place": found.sure[0].label},))
    near = [place for place in found.near if fits(place)]
    text = unknown_name(command.name)
    if near:
        return _question(verb, text + " " + _("Did you mean:"), near, command.time)
    return BotReply((text, _("Write cameras to see their names.")))


def check(order: PlaceOrder) -> BotReply | None:
    """Return what is wrong with the order of a button, None if it can be done."""
    fits, lack = _NEEDS[order.verb]
    if fits(order.place):
        return None
    return BotReply((_(lack) % {"place": order.place.label},))


def _question(
    verb: Verb, text: str, places: Sequence[WatchedPlace], time: SpokenTime | None
) -> BotReply:
    if not places:
        return BotReply((_("There is no camera that could do this."),))
    names = [place.label for place in places[:_MOST_LISTED]]
    more = len(places) - len(names)
    lines = (text, *names, *([and_more(more)] if more else []))
    if len(places) > MOST_BUTTONS:
        return BotReply(
            (*lines, _("Write it with the name: %(verb)s NAME") % {"verb": verb.word})
        )
    return BotReply(lines, choice_card(text, verb, places, time.words if time else ""))
