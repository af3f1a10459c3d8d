"""What commands and buttons do: pictures, clips, snoozes, *Seen*. Each is audited.

Doing one again, after a crash, changes nothing: job and mute have ids of their request.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from mvsnap.bot.model import Asker, BotReply, PlaceOrder
from mvsnap.bot.places import muted_place
from mvsnap.clock import Clock
from mvsnap.config.recorder import RecorderSection
from mvsnap.core.camera_names import WatchedPlace
from mvsnap.core.commands import Verb
from mvsnap.core.message_parts import ASKED
from mvsnap.core.mutes import end_change, new_snooze
from mvsnap.core.site_time import to_minute
from mvsnap.core.spoken_times import SpokenTime
from mvsnap.delivery.cards import undo_card
from mvsnap.domain import (
    Change,
    DeliveryState,
    EventId,
    Job,
    Mute,
    Trigger,
    TriggerKind,
)
from mvsnap.errors import BadInput, QueueFull
from mvsnap.jobs.service import JobRequest, JobService
from mvsnap.store.audit import AuditLog
from mvsnap.store.events import Store
from mvsnap.store.notices import NoticeStore, SeenBy
from mvsnap.store.site import SiteStore
from mvsnap.texts import _, audit_wordings
from mvsnap.texts.reasons import said
from mvsnap.texts.sentences import localized
from mvsnap.texts.wording import Reason
from mvsnap.values import replace

_CLIP = SpokenTime.of_seconds(30)
_SNOOZE = SpokenTime.of_seconds(3600)


def request_of(request_id: str, who: str) -> JobRequest:
    """Return a request whose job has the same id whenever this is answered."""
    return JobRequest(
        Trigger(TriggerKind.WEBEX, who), (), idempotency_key=f"webex {request_id}"
    )


class BotActions(Struct, frozen=True):
    """zone: of the site, whose mornings end a snooze until tomorrow."""

    jobs: JobService
    store: Store
    site: SiteStore
    audit: AuditLog
    notices: NoticeStore
    recorder: RecorderSection
    zone: ZoneInfo
    clock: Clock

    def do(self, order: PlaceOrder, asker: Asker) -> BotReply:
        """Do it and return what to reply.

        Raises:
            BadInput: the time does not fit.
        """
        do_one = {
            Verb.SNAPSHOT: self._snapshot,
            Verb.CLIP: self._clip,
            Verb.SNOOZE: self._snooze,
            Verb.UNSNOOZE: self._unsnooze,
        }[order.verb]
        return do_one(order, asker)

    def see(self, event_id: EventId, asker: Asker) -> BotReply:
        """Confirm the messages about an event, so that no others are notified."""
        event = self.store.event(event_id)
        if event is None:
            return BotReply((_("This event was deleted, or there never was one."),))
        self.notices.see(event, asker.who, asker.at)
        seen = self.notices.seen(event.job_id)
        # This press, too, if it was stored before a crash.
        if seen is None or seen == SeenBy(asker.at, asker.who):
            more = _("It does not escalate any further.")
            return BotReply((_("Confirmed by %(who)s") % {"who": asker.who}, more))
        at = to_minute(seen.at, self.zone)
        said = _("Already confirmed by %(who)s, %(time)s")
        return BotReply((said % {"who": seen.who, "time": at},))

    def snooze_all(self, time: SpokenTime | None, asker: Asker) -> BotReply:
        until = self._mute(asker, None, time)
        return BotReply(
            (
                self._all_snoozed(until),
                _("Crowds are recorded, and nobody is notified. unmute ends that."),
            )
        )

    def snooze_ends(self, asker: Asker) -> BotReply:
        """End all mutes: the one who writes no name wants to be notified again."""
        return self._end(self.site.mutes(self.clock.now()), asker, "")

    def _snapshot(self, order: PlaceOrder, asker: Asker) -> BotReply:
        place = order.place
        assert place.serial is not None
        doing = audit_wordings.PICTURE_OF(camera=place.camera or place.name)
        wanted = request_of(asker.request_id, asker.who)
        wanted = replace(wanted, serials=(place.serial,))
        return self._hand_in(asker, place, doing, wanted)

    def _clip(self, order: PlaceOrder, asker: Asker) -> BotReply:
        place, camera = order.place, order.place.recorded_as
        assert camera is not None
        seconds = self._clip_s(order.time or _CLIP)
        is_ring = self.recorder.cameras[camera].is_ring
        wanted = replace(
            request_of(asker.request_id, asker.who),
            clips=(camera,),
            # Without a ring there is nothing of before.
            pre_roll_s=seconds if is_ring else 0.0,
            post_roll_s=0.0 if is_ring else seconds,
        )
        make = audit_wordings.CLIP_OF_LAST if is_ring else audit_wordings.CLIP_OF_NEXT
        doing = make(length_s=seconds, camera=place.camera or place.name)
        return self._hand_in(asker, place, doing, wanted)

    def _clip_s(self, time: SpokenTime) -> float:
        seconds, most_s = time.length.total_seconds(), self.recorder.max_clip_s
        if time.until_tomorrow or not 1 <= seconds <= most_s:
            said = _("Choose a time from 1 s to %(most)s s, such as 30 s.")
            raise BadInput(said % {"most": f"{most_s:g}"})
        return seconds

    def _hand_in(
        self,
        asker: Asker,
        place: WatchedPlace,
        doing: Reason,
        wanted: JobRequest,
    ) -> BotReply:
        # Before the job: its messages reply there from the first one on.
        self.store.set_delivery(
            asker.job_id,
            ASKED,
            asker.room_id,
            DeliveryState.SENT,
            self.clock.now(),
            message_id=asker.thread,
        )
        try:
            job: Job = self.jobs.accept(replace(wanted, rooms=(asker.room_id,)))
        except QueueFull as exc:
            reason = {"reason": localized(exc.message)}
            return BotReply((_("Not accepted: %(reason)s") % reason,))
        key = place.serial or place.recorded_as
        what = audit_wordings.CAMERA(key=str(key))
        done = audit_wordings.WITH_JOB(what=doing, job=job.id)
        self.audit.add_once(Change(asker.at, asker.who, what, Reason(""), done))
        return BotReply((f"{said(doing)} …",))

    def _snooze(self, order: PlaceOrder, asker: Asker) -> BotReply:
        place = order.place
        assert place.serial is not None
        until = self._mute(asker, place, order.time)
        about = {"place": place.label, "time": self._local(until)}
        text = _("%(place)s is muted until %(time)s") % about
        more = _("Crowds there are recorded, and nobody is notified.")
        return BotReply((text, more), undo_card(place))

    def _mute(
        self, asker: Asker, place: WatchedPlace | None, time: SpokenTime | None
    ) -> datetime:
        """Mute a place, None: all cameras; return until when, however often it runs."""
        # Not of now: after a crash it is another one.
        now = asker.at
        until = (time or _SNOOZE).end(now, self.zone)
        serial, zone_id = (place.serial, place.zone_id) if place else (None, None)
        mute, change = new_snooze(
            str(asker.job_id), serial, zone_id, until, asker.who, now, self.zone
        )
        self.site.mute(mute, change)
        return until

    def _unsnooze(self, order: PlaceOrder, asker: Asker) -> BotReply:
        place, active = order.place, self.site.mutes(self.clock.now())
        ended = [mute for mute in active if _is_of(mute, place)]
        return self._end(ended, asker, place.label)

    def _end(self, mutes: list[Mute], asker: Asker, label: str) -> BotReply:
        now = self.clock.now()
        ended = [
            mute
            for mute in mutes
            if self.site.unmute(mute.id, end_change(mute, asker.who, now, self.zone))
        ]
        left = [mute for mute in self.site.mutes(now) if mute.serial is None]
        lines = [
            _("No longer muted: %(place)s") % {"place": muted_place(mute, self.site)}
            for mute in ended
        ]
        if not lines:
            lines = [_("Nothing is muted")]
            if label:
                lines = [_("%(place)s is not muted") % {"place": label}]
        lines += [self._all_snoozed(mute.until) for mute in left]
        return BotReply(tuple(lines))

    def _all_snoozed(self, until: datetime) -> str:
        return _("All cameras are muted until %(time)s") % {"time": self._local(until)}

    def _local(self, moment: datetime) -> str:
        # Up to a minute later than said is better than earlier.
        return to_minute(moment, self.zone)


def _is_of(mute: Mute, place: WatchedPlace) -> bool:
    """Return whether ending that place's snooze ends this mute: its zones', too."""
    if mute.serial != place.serial:
        return False
    return place.zone_id is None or mute.zone_id == place.zone_id
