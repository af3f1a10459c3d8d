"""Pictures of the busiest minutes: each asked for once, of zones somebody looks at.

Not of all zones: a hundred cameras would fill an SD card within weeks.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mvsnap.clients.meraki import Dashboard, SnapshotTicket
from mvsnap.clock import Clock
from mvsnap.core.visitors import PictureState, Span, last_hours, merged, seen_in
from mvsnap.domain import Serial, ZoneId
from mvsnap.errors import CameraOffline, NoPicture, NoVideo, UpstreamError
from mvsnap.store.files import Files
from mvsnap.store.sense import SenseStore
from mvsnap.store.visitor_rows import HourPicture
from mvsnap.store.visitors import VisitorStore

log = logging.getLogger(__name__)

_HOURS = 14
_LOOKS_FOR = timedelta(days=1)
# Nearer to now the camera has not stored it yet (reports speak of 2 to 3 minutes).
_STORED_AFTER = timedelta(minutes=3)
_MIDDLE = timedelta(seconds=30)
_AGAIN, _OFFLINE_AGAIN = timedelta(minutes=10), timedelta(minutes=30)
_MOST_TRIES = 5
_AT_ONCE = 4
_SHARE_S = 60.0
_WAIT_S = 20.0


class VisitorPictures:
    """dashboard: one that leaves the triggers their share of the budget."""

    def __init__(
        self,
        dashboard: Dashboard,
        visitors: VisitorStore,
        sense: SenseStore,
        files: Files,
        clock: Clock,
        *,
        zone: ZoneInfo,
    ) -> None:
        self._dashboard = dashboard
        self._visitors = visitors
        self._sense = sense
        self._files = files
        self._clock = clock
        self._zone = zone

    def due(self, now: datetime) -> list[HourPicture]:
        """Return the pictures to ask for, of the zone looked at last in front."""
        return [
            picture
            for serial, zone_id in self._visitors.looks(now - _LOOKS_FOR)
            for picture in self._due_of(serial, zone_id, now)
        ]

    def take(self, ends_at: float) -> None:
        """Take what is due until `ends_at` (monotonic), for a minute at most.

        Raises:
            UpstreamError: the Dashboard has trouble that may pass.
        """
        ends_at = min(ends_at, self._clock.monotonic() + _SHARE_S)
        due = self.due(self._clock.now())
        # Cameras need some seconds each: several prepare their pictures meanwhile.
        for first in range(0, len(due), _AT_ONCE):
            if self._clock.monotonic() >= ends_at:
                return
            asked = [self._asked(one) for one in due[first : first + _AT_ONCE]]
            for picture, ticket in asked:
                fetched = self._fetched(picture, ticket) if ticket else picture
                self._visitors.keep_picture(self._with_link(fetched))

    def _due_of(
        self, serial: Serial, zone_id: ZoneId, now: datetime
    ) -> list[HourPicture]:
        """Return those of one zone, the newest first; an hour must be over."""
        spans = last_hours(now, self._zone, _HOURS)[:-1]
        known = self._visitors.pictures(serial, zone_id, spans[0][0], spans[-1][1])
        spans = [span for span in spans if _is_open(span, known.get(span[0]), now)]
        if not spans:
            return []
        since, until = spans[0][0], spans[-1][1]
        counted = self._visitors.hours(serial, zone_id, since, until)
        presences = [
            presence
            for presence in self._sense.presences(since, until, serial)
            if presence.zone_id == zone_id
        ]
        found = []
        for hour in reversed(merged(spans, counted, seen_in(presences, spans))):
            begin, minute_at = hour.span[0], hour.busiest_at
            if minute_at is not None:
                fresh = HourPicture(
                    *(serial, zone_id, begin, minute_at, PictureState.WAITING, 0)
                )
                found.append(replace(known.get(begin, fresh), minute_at=minute_at))
        return found

    def _asked(self, picture: HourPicture) -> tuple[HourPicture, SnapshotTicket | None]:
        """Ask for the picture; without a ticket, say what became of it."""
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
            failed = replace(picture, state=PictureState.FAILED, error=exc.message)
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
            log.warning("picture of %s not kept: %s", picture.serial, exc.strerror)
            return replace(picture, again_at=self._clock.now() + _OFFLINE_AGAIN)
        return replace(picture, state=PictureState.TAKEN, snapshot_path=path)

    def _missing(self, picture: HourPicture, exc: NoPicture) -> HourPicture:
        now = self._clock.now()
        picture = replace(picture, error=exc.message)
        if isinstance(exc, CameraOffline):
            again_at = now + _OFFLINE_AGAIN
            return replace(picture, state=PictureState.OFFLINE, again_at=again_at)
        if exc.retry and picture.tries < _MOST_TRIES:
            again_at = now + _AGAIN
            return replace(picture, state=PictureState.WAITING, again_at=again_at)
        is_gone = isinstance(exc, NoVideo)
        state = PictureState.NO_VIDEO if is_gone else PictureState.FAILED
        return replace(picture, state=state)

    def _with_link(self, picture: HourPicture) -> HourPicture:
        if picture.state is PictureState.NO_VIDEO or picture.video_link:
            return picture
        try:
            link = self._dashboard.video_link(picture.serial, picture.minute_at)
        except UpstreamError as exc:
            log.info("no video link for %s: %s", picture.serial, exc.message)
            return picture
        return replace(picture, video_link=link)


def _is_open(span: Span, picture: HourPicture | None, now: datetime) -> bool:
    """Say whether the picture of this hour is to be asked for now."""
    if now < span[1] + _STORED_AFTER:
        return False  # its last minutes may still be counted, and are not stored yet
    if picture is None:
        return True
    return picture.again_at is not None and picture.again_at <= now


def _name(picture: HourPicture) -> str:
    """Return a name for the file: the same hour has the same one at every try."""
    hour = f"{picture.serial}/{picture.zone_id}/{picture.began_at.isoformat()}"
    return str(uuid.uuid5(uuid.NAMESPACE_OID, hour))
