"""Pictures of the busiest minutes: each fetched once, of zones on somebody's screen.

Not of all zones: a hundred cameras would fill an SD card within weeks.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mvsnap.clients.meraki.dashboard import Dashboard, SnapshotTicket
from mvsnap.clock import Clock, is_to_come
from mvsnap.domain import Serial, ZoneId
from mvsnap.errors import CameraOffline, NoPicture, NoVideo, UpstreamError
from mvsnap.store.files import Files
from mvsnap.store.sense import SenseStore
from mvsnap.values import replace
from mvsnap.visitors.model import HourPicture, KnownZone
from mvsnap.visitors.rules import (
    HourPictureState,
    last_hours,
    merged,
    seen_in,
)
from mvsnap.visitors.store import VisitorStore

log = logging.getLogger(__name__)

_HOURS = 14
_VIEWED_FOR = timedelta(days=1)
# More recent video is not stored by the camera yet (reports speak of 2 to 3 minutes).
_STORED_AFTER = timedelta(minutes=3)
_MIDDLE = timedelta(seconds=30)
_AGAIN, _OFFLINE_AGAIN = timedelta(minutes=10), timedelta(minutes=30)
_MOST_TRIES = 5
_AT_ONCE = 4
_SHARE_S = 60.0
_WAIT_S = 20.0


class VisitorPictures:
    """dashboard: one that leaves triggers their share of the request budget.

    is_ours: whether that Dashboard has the camera.
    """

    def __init__(
        self,
        dashboard: Dashboard,
        visitors: VisitorStore,
        sense: SenseStore,
        files: Files,
        clock: Clock,
        *,
        zone: ZoneInfo,
        is_ours: Callable[[Serial], bool] = lambda _: True,
    ) -> None:
        self._dashboard = dashboard
        self._visitors = visitors
        self._sense = sense
        self._files = files
        self._clock = clock
        self._zone = zone
        self._is_ours = is_ours

    def due(self, now: datetime) -> list[HourPicture]:
        """Return the pictures to fetch; those of the zone viewed last come first."""
        page_views = self._visitors.page_views(now - _VIEWED_FOR, now)
        if not page_views:
            return []
        known = {(k.zone.serial, k.zone.zone_id): k for k in self._visitors.zones()}
        return [
            picture
            for key in page_views
            if self._is_ours(key[0])
            for picture in self._due_of(*key, known.get(key), now)
        ]

    def fetch(self, ends_at: float) -> None:
        """Fetch what is due until `ends_at` (monotonic), for a minute at most.

        Raises:
            UpstreamError: the Dashboard has a problem that may pass.
        """
        ends_at = min(ends_at, self._clock.monotonic() + _SHARE_S)
        due = self.due(self._clock.now())
        # Cameras need some seconds each: several prepare their pictures meanwhile.
        for first in range(0, len(due), _AT_ONCE):
            if self._clock.monotonic() >= ends_at:
                return
            asked = [self._request(one) for one in due[first : first + _AT_ONCE]]
            for picture, ticket in asked:
                fetched = self._fetched(picture, ticket) if ticket else picture
                self._keep(self._with_link(fetched), picture)

    def _due_of(
        self, serial: Serial, zone_id: ZoneId, zone: KnownZone | None, now: datetime
    ) -> list[HourPicture]:
        """Return those of one zone, the newest first; an hour must be over."""
        spans = last_hours(now, self._zone, _HOURS)[:-1]
        since, until = spans[0][0], spans[-1][1]
        known = self._visitors.pictures(serial, zone_id, since, until)
        counted = self._visitors.hours(serial, zone_id, since, until)
        busiest = {count.began_at: count.busiest_at for count in counted}
        spans = [
            (begin, end)
            for begin, end in spans
            if _is_counted(end, zone, now)
            and _is_open(known.get(begin), busiest.get(begin), now)
        ]
        if not spans:
            return []
        presences = [
            presence
            for presence in self._sense.presences(spans[0][0], spans[-1][1], serial)
            if presence.zone_id == zone_id
        ]
        found = []
        for hour in reversed(merged(spans, counted, seen_in(presences, spans))):
            begin, minute_at = hour.span[0], hour.busiest_at
            if minute_at is not None and _is_open(known.get(begin), minute_at, now):
                state = HourPictureState.WAITING
                new = HourPicture(serial, zone_id, begin, minute_at, state, tries=0)
                found.append(_in_place_of(known.get(begin), new))
        return found

    def _request(
        self, picture: HourPicture
    ) -> tuple[HourPicture, SnapshotTicket | None]:
        """Request the picture; if that fails, return the outcome."""
        moment = picture.minute_at + _MIDDLE
        picture = replace(picture, tries=picture.tries + 1, again_at=None, error=None)
        try:
            return picture, self._dashboard.request_snapshot(picture.serial, moment)
        except NoPicture as exc:
            return self._missing(picture, exc), None
        except UpstreamError as exc:
            if exc.retry:
                again_at = self._clock.now() + _AGAIN
                words = exc.message
                self._visitors.keep_picture(
                    replace(picture, again_at=again_at, error=words)
                )
                raise
            failed = replace(picture, state=HourPictureState.FAILED, error=exc.message)
            return failed, None

    def _fetched(self, picture: HourPicture, ticket: SnapshotTicket) -> HourPicture:
        try:
            jpeg = self._dashboard.fetch_picture(ticket, limit_s=_WAIT_S)
        except NoPicture as exc:
            return self._missing(picture, exc)
        moment = picture.minute_at + _MIDDLE
        try:
            path = self._files.save_picture("visitors", _name(picture), moment, jpeg)
        except OSError as exc:
            log.warning("picture of %s not stored: %s", picture.serial, exc.strerror)
            return replace(picture, again_at=self._clock.now() + _OFFLINE_AGAIN)
        return replace(picture, state=HourPictureState.TAKEN, snapshot_path=path)

    def _keep(self, picture: HourPicture, before: HourPicture) -> None:
        """Store the outcome, and remove the picture that it replaces."""
        named = self._visitors.keep_picture(picture)
        for stored in (before.snapshot_path, picture.snapshot_path):
            self._files.settle(stored, named=named)

    def _missing(self, picture: HourPicture, exc: NoPicture) -> HourPicture:
        now = self._clock.now()
        picture = replace(picture, error=exc.message)
        if isinstance(exc, CameraOffline):
            again_at = now + _OFFLINE_AGAIN
            return replace(picture, state=HourPictureState.OFFLINE, again_at=again_at)
        if exc.retry and picture.tries < _MOST_TRIES:
            again_at = now + _AGAIN
            return replace(picture, state=HourPictureState.WAITING, again_at=again_at)
        is_gone = isinstance(exc, NoVideo)
        state = HourPictureState.NO_VIDEO if is_gone else HourPictureState.FAILED
        return replace(picture, state=state)

    def _with_link(self, picture: HourPicture) -> HourPicture:
        if picture.state is HourPictureState.NO_VIDEO or picture.video_link:
            return picture
        try:
            link = self._dashboard.video_link(picture.serial, picture.minute_at)
        except UpstreamError as exc:
            log.info("no video link for %s: %s", picture.serial, exc.message)
            return picture
        return replace(picture, video_link=link)


def _is_counted(end: datetime, zone: KnownZone | None, now: datetime) -> bool:
    """Return whether the hour that ended then is counted, with its busiest minute."""
    if now < end + _STORED_AFTER:
        return False  # its last minutes are not stored yet
    if zone is None or zone.error is not None:
        return True  # not counted: only MV Sense saw who was there
    asked_at = zone.hours_asked_at
    return asked_at is not None and asked_at >= end + _STORED_AFTER


def _is_open(
    picture: HourPicture | None, minute_at: datetime | None, now: datetime
) -> bool:
    """Return whether the picture of this minute must be fetched now.

    minute_at: None where only MV Sense may know it, which is asked then.
    """
    if picture is None or picture.minute_at != minute_at:
        return True  # minutes that were counted late had more people
    again_at = picture.again_at
    if again_at is None:
        return False
    # None is put off for longer: the clock was ahead.
    return again_at <= now or is_to_come(again_at, now + _OFFLINE_AGAIN)


def _in_place_of(known: HourPicture | None, new: HourPicture) -> HourPicture:
    """Return the known one if it is of the same minute, otherwise the new one.

    The new one keeps the old one's file, until its own replaces that.
    """
    if known is None:
        return new
    if known.minute_at == new.minute_at:
        return known
    return replace(new, snapshot_path=known.snapshot_path)


def _name(picture: HourPicture) -> str:
    """Return the same name for the same minute at every attempt."""
    minute = f"{picture.serial}/{picture.zone_id}/{picture.minute_at.isoformat()}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, minute))
