"""Answers one request: reads it in Webex, asks who may, does it, replies in its thread.

Everything that is done has an id of the request: however often this runs, after a crash
or an outage, there is one job, one mute and one reply.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.bot.actions import BotActions, request_of
from mvsnap.bot.lists import BotLists
from mvsnap.bot.model import Asker, BotReply, PlaceOrder
from mvsnap.bot.orders import check, is_known, order_of
from mvsnap.bot.permissions import BotPermissions
from mvsnap.bot.places import read_cameras
from mvsnap.bot.requests import BotRequest
from mvsnap.clients.webex.inbox import WebexInbox, WrittenMessage
from mvsnap.clock import Clock
from mvsnap.config.model import Settings
from mvsnap.core.commands import BotCommand, Verb, parse
from mvsnap.core.message_parts import ANSWER
from mvsnap.core.presses import BotPress, read_press
from mvsnap.core.webex_reports import BotRequestKind, is_bot
from mvsnap.delivery.kinds import ANSWER_KIND
from mvsnap.delivery.message import Facts, Message
from mvsnap.delivery.sender import MessageSender
from mvsnap.domain import Change
from mvsnap.errors import BadInput, UpstreamError
from mvsnap.store.audit import AuditLog
from mvsnap.store.site import SiteStore
from mvsnap.texts import _, audit_wordings
from mvsnap.texts.channel_wordings import NAMES_TO_COME
from mvsnap.texts.sentences import localized
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

log = logging.getLogger(__name__)

# Later, "now" and "the last 30 s" are something else.
_LATE = timedelta(minutes=10)
# A report of something that old was sent a second time, by whomever.
_FORGOTTEN = timedelta(days=1)
_LONGEST_SHOWN = 100
# In the audit log. Everybody in Webex can write to a bot: a log has its limits, and so
# has the number of messages that it may send.
_REFUSED = audit_wordings.BOT()
_MOST_REFUSED = 30
# Until names are known after a first start: with the pauses between, some ten seconds.
_TRIES_FOR_NAMES = 3
_AT_PLACES = (Verb.SNAPSHOT, Verb.CLIP, Verb.SNOOZE, Verb.UNSNOOZE)


class _Read(Struct, frozen=True):
    """said: what was written or pressed, for the audit log.

    may_wait: whether it can be answered a little later.
    """

    asker: Asker
    said: Reason
    text: str = ""
    press: BotPress | None = None
    mistake: str = ""
    may_wait: bool = False


class Responder(Struct, frozen=True):
    settings: Settings
    inbox: WebexInbox
    permissions: BotPermissions
    actions: BotActions
    lists: BotLists
    sender: MessageSender
    site: SiteStore
    audit: AuditLog
    clock: Clock

    def answer(self, request: BotRequest) -> None:
        """Answer it; nothing if there is nobody to answer.

        Raises:
            UpstreamError: not yet, or never.
        """
        read = self._read(request)
        if read is None:
            return
        asker = read.asker
        why_not = self.permissions.refusal(
            asker.who, asker.room_id, is_direct=asker.is_direct
        )
        if why_not:
            if not self._refuse(read, why_not):
                return
            reply = BotReply(
                (
                    _("You may not do this here."),
                    _("An admin can allow it: webex.commands"),
                )
            )
        elif _is_late(read, self.clock.passed_since(read.asker.at)):
            reply = BotReply((_("This came too late and was not done: ask again."),))
        else:
            reply = self._reply(read)
        self._send(reply, asker, request)

    def _read(self, request: BotRequest) -> _Read | None:
        if request.kind is BotRequestKind.MESSAGE:
            return self._read_message(request)
        pressed = self.inbox.press(request.id)
        if self._is_no_person(pressed.person_id, pressed.email):
            return None
        if _is_forgotten(request, pressed.at):
            return None
        asker = self._asker(request, pressed.card, pressed.email)
        try:
            press = read_press(pressed.inputs)
        except BadInput as exc:
            return _Read(asker, audit_wordings.BROKEN_BUTTON(), mistake=exc.message)
        if press is None:
            return None
        verb, subject = press.verb.word, press.subject
        said = audit_wordings.BUTTON(verb=verb, subject=subject)
        return _Read(asker, said, press=press)

    def _read_message(self, request: BotRequest) -> _Read | None:
        message = self.inbox.message(request.id)
        if self._is_no_person(message.person_id, message.email):
            return None
        if _is_forgotten(request, message.at):
            return None
        asker = self._asker(request, message, message.email)
        return _Read(
            asker,
            _shown(message.text),
            text=message.text,
            may_wait=request.tries <= _TRIES_FOR_NAMES,
        )

    def _is_no_person(self, person_id: str, email: str) -> bool:
        """Return whether it is of this bot or another: they would never end."""
        return is_bot(email) or person_id == self.inbox.identity().person_id

    def _asker(self, request: BotRequest, at: WrittenMessage, who: str) -> Asker:
        return Asker(
            who=who,
            room_id=at.room_id,
            is_direct=at.is_direct,
            thread=at.thread,
            job_id=request_of(request.id, who).job_id(),
            request_id=request.id,
            at=request.came_at,
        )

    def _reply(self, read: _Read) -> BotReply:
        """Do what was asked for; a mistake of the person is a reply, too."""
        if read.mistake:
            why = {"why": localized(read.mistake)}
            return BotReply((_("That button does not work: %(why)s") % why,))
        try:
            if read.press is not None:
                return self._pressed(read.press, read.asker)
            return self._written(read)
        except BadInput as exc:
            return BotReply((localized(exc.message),))

    def _pressed(self, press: BotPress, asker: Asker) -> BotReply:
        if press.event_id is not None:
            return self.actions.see(press.event_id, asker)
        place = read_cameras(self.site, self.settings).pressed(press)
        order = PlaceOrder(press.verb, place, press.time)
        return check(order) or self.actions.do(order, asker)

    def _written(self, read: _Read) -> BotReply:
        asker = read.asker
        command = parse(read.text, self.inbox.identity().names)
        places = read_cameras(self.site, self.settings)
        if read.may_wait and not (places.is_whole or is_known(command, places)):
            raise UpstreamError(NAMES_TO_COME(), retry=True)
        if command.verb not in _AT_PLACES:
            return self.lists.reply(command, places)
        if (reply := self._of_all(command, asker)) is not None:
            return reply
        order = order_of(command, places)
        return order if isinstance(order, BotReply) else self.actions.do(order, asker)

    def _of_all(self, command: BotCommand, asker: Asker) -> BotReply | None:
        """Return the reply to a command about all cameras, None for any other."""
        if command.verb is Verb.UNSNOOZE and (command.all or not command.name):
            return self.actions.snooze_ends(asker)
        if not command.all:
            return None
        if command.verb is Verb.SNOOZE:
            return self.actions.snooze_all(command.time, asker)
        return BotReply(
            (_("One camera at a time: %(verb)s NAME") % {"verb": command.verb.word},)
        )

    def _refuse(self, read: _Read, why: Reason) -> bool:
        """Note it; False: so often lately that this is neither noted nor answered."""
        who, at = read.asker.who or audit_wordings.SOMEBODY(), read.asker.at
        before = self.audit.count_recent(who, _REFUSED, at - timedelta(hours=1))
        if before > _MOST_REFUSED:
            return False
        if before == _MOST_REFUSED:
            why = audit_wordings.AND_OTHERS(why=why, most=before)
        log.warning("refused %s in Webex: %s", who, why)
        done = audit_wordings.BOT_REFUSED(why=why)
        self.audit.add_once(Change(at, who, _REFUSED, read.said, done))
        return True

    def _send(self, reply: BotReply, asker: Asker, request: BotRequest) -> None:
        job = replace(
            request_of(request.id, asker.who).job(asker.job_id, request.came_at),
            rooms=(asker.room_id,),
        )
        facts = Facts(job, lines=reply.lines)
        message = Message(
            *(ANSWER_KIND, ANSWER, asker.room_id, facts),
            parent_id=asker.thread,
            card=reply.card,
        )
        try:
            self.sender.send_once(message)
        except UpstreamError as exc:
            if exc.retry:
                raise
            # The thread may be gone, or the card refused: the words must arrive.
            plain = replace(message, parent_id=None, card=None)
            self.sender.send_once(plain)


def _is_forgotten(request: BotRequest, at: datetime | None) -> bool:
    return at is not None and request.came_at - at > _FORGOTTEN


def _is_late(read: _Read, age: timedelta) -> bool:
    # What somebody has seen, they have seen.
    is_lasting = read.press is not None and read.press.verb is Verb.SEEN
    return not is_lasting and age > _LATE


def _shown(text: str) -> Reason:
    # No database takes every other sign.
    plain = (sign if sign.isprintable() else " " for sign in text[:_LONGEST_SHOWN])
    said = " ".join("".join(plain).split())
    return Reason(said) if said else audit_wordings.EMPTY_MESSAGE()
