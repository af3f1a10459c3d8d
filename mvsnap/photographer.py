"""What a job does at a camera: take a snapshot with its video link."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from datetime import datetime, timedelta

from msgspec import Struct

from mvsnap.clients.meraki.dashboard import Dashboard, SnapshotTicket
from mvsnap.clients.meraki.dashboards import DashboardOfCamera, asked
from mvsnap.clients.meraki.organizations import ask_all
from mvsnap.clock import Clock
from mvsnap.core.moments import seconds_off, wanted_moment
from mvsnap.domain import Job, Serial, TriggerKind
from mvsnap.errors import UpstreamError
from mvsnap.texts import wordings

log = logging.getLogger(__name__)

# A timestamp this recent gets "No video for specified timestamp": the camera has not
# stored it yet. Without a timestamp the picture is of now.
_NOW = timedelta(seconds=5)
# Who asks for a picture of now is served with one this late; it says so. Later it would
# no longer show who asked.
_LATE = timedelta(seconds=30)
_SAY_NOW = (
    TriggerKind.HTTP,
    TriggerKind.COMMAND,
    TriggerKind.SCHEDULE,
    TriggerKind.WEBEX,
    TriggerKind.PAGE,
)
_ASK_AGAIN_S = 300.0
_AFTER_FAILURE_S = 30.0
# From the question to the answer: all who wait for a name wait for the same answer.
_NAME_WAIT_S = 3.0
# The file appears with a delay; the camera itself has the moment, too.
_ALERT_PICTURE_S = 20.0
_HASTE_S = 10.0
# A picture that is there waits for its link no longer than this; then that follows.
_LINK_WAIT_S = 30.0

# The link to a video, or why there is none.
_Link = tuple[str | None, UpstreamError | None]


class Snapshot(Struct, frozen=True):
    """A picture of `occurred_at`, and the link to the video that begins at `link_at`.

    no_link: why there is none, or none yet.
    """

    occurred_at: datetime
    jpeg: bytes
    link_at: datetime
    video_link: str | None
    no_link: UpstreamError | None = None


def moment_to_ask(job: Job, wanted: datetime, now: datetime) -> datetime | None:
    """Return the timestamp to request from a camera, None for the picture of now.

    wanted: the moment that the picture must show.
    """
    says_now = job.at is None and job.trigger.kind in _SAY_NOW
    return None if now - wanted < (_LATE if says_now else _NOW) else wanted


class CameraNames:
    """The Dashboard's names of cameras, fetched together and cached.

    A call per camera would use up the budget that the pictures need.
    """

    def __init__(self, dashboards: DashboardOfCamera, clock: Clock) -> None:
        self._dashboards = dashboards
        self._clock = clock
        self._fetch_name: Callable[[Serial], bool] | None = None
        self._is_all = False
        self._names: dict[Serial, str] = {}
        self._asked_at = float("-inf")
        self._wait_until = 0.0  # of the machine's time, as the event below
        self._lock = threading.Lock()
        self._answered = threading.Event()

    def fetch_by(self, fetch_name: Callable[[Serial], bool], *, is_all: bool) -> None:
        """Leave it to others to fetch names: one process does for all.

        fetch_name: has the name of a new camera fetched; returns whether it is known.
        is_all: it knows every camera of the Dashboard, so asking again is of no use.
        """
        self._fetch_name, self._is_all = fetch_name, is_all

    def is_known(self, serial: Serial) -> bool:
        return serial in self._names

    def name(self, serial: Serial) -> str:
        """Return the camera's name, or the serial while the name is unknown.

        Waits for an unknown name until three seconds after it was asked for.
        """
        if serial not in self._names:
            self.refresh(serial, not_within_s=_ASK_AGAIN_S)
            self._answered.wait(max(0.0, self._wait_until - time.monotonic()))
        return self._names.get(serial, serial)

    def learn(self, names: Mapping[Serial, str]) -> None:
        """Store names that were fetched elsewhere."""
        self._names |= names

    def refresh(
        self, missed: Serial | None = None, *, not_within_s: float = 0.0
    ) -> None:
        """Fetch all names in the background, unless that was done just now.

        Known names stay if the Dashboard does not answer.
        """
        with self._lock:
            now = self._clock.monotonic()
            if now - self._asked_at < not_within_s:
                return
            self._asked_at = now
            self._wait_until = time.monotonic() + _NAME_WAIT_S
            self._answered.clear()
        threading.Thread(
            target=self._ask, args=(missed,), name="camera-names", daemon=True
        ).start()

    def _ask(self, missed: Serial | None) -> None:
        failed = True
        try:
            if self._fetch_name is not None and missed is not None:
                failed = not self._fetch_name(missed)
                if not failed or self._is_all:
                    return
            found = ask_all(
                self._dashboards.each(),
                lambda dashboard, asked: dashboard.camera_names(asked.id),
            )
            for _, names in found.answered:
                self._names |= names
            for refusal in found.refusals():
                log.info("camera names: %s", refusal)
            failed = found.may_change
        except UpstreamError as exc:
            log.info("camera names unavailable: %s", exc.message)
            failed = True
        finally:
            if failed:
                self._asked_at += _AFTER_FAILURE_S - _ASK_AGAIN_S
            self._answered.set()


class Photographer:
    """Takes snapshots through the Dashboard of the camera's organization."""

    def __init__(
        self, dashboards: DashboardOfCamera, clock: Clock, *, picture_wait_s: float
    ) -> None:
        self._dashboards = dashboards
        self._clock = clock
        self._picture_wait_s = picture_wait_s

    def take_snapshot(
        self,
        job: Job,
        serial: Serial,
        pool: Executor,
        *,
        wanted: datetime | None = None,
        link_at: datetime | None = None,
        in_haste: bool = False,
    ) -> Snapshot:
        """Request a picture and wait for it; the video link is fetched meanwhile.

        wanted: the moment that the picture must show; default: that of the job.
        link_at: where the video must begin if that is not the wanted moment.
        in_haste: another picture serves for the time being, so the wait is short.

        Raises:
            UpstreamError: no picture this time; `retry` says whether to try again.
        """
        wanted = wanted or wanted_moment(job)
        begin = link_at or wanted
        if job.picture_url and (jpeg := self._of_the_alert(serial, job.picture_url)):
            return Snapshot(wanted, jpeg, begin, *self._asked_link(serial, begin))
        moment = moment_to_ask(job, wanted, self._clock.now())
        dashboard, (ticket, occurred_at) = self._request(serial, moment)
        if seconds_off(occurred_at, begin) is None:
            begin = occurred_at
        # Not earlier: with many cameras the requests for pictures go first.
        link = pool.submit(dashboard.video_link, serial, begin)
        wait_s = self._picture_wait_s
        if in_haste and moment is not None:
            wait_s = min(wait_s, _HASTE_S)
        try:
            jpeg = dashboard.fetch_picture(ticket, limit_s=wait_s)
            found = self._link(link, serial, begin)
        finally:
            link.cancel()  # if it has not begun: nobody waits for it any more
        return Snapshot(occurred_at, jpeg, begin, *found)

    def take_first_snapshot(self, serial: Serial, link_at: datetime) -> Snapshot:
        """Request a picture of now, because that of the moment is not there yet.

        Raises:
            UpstreamError: no picture.
        """
        dashboard, (ticket, occurred_at) = self._request(serial, None)
        jpeg = dashboard.fetch_picture(ticket, limit_s=self._picture_wait_s)
        link = self._asked_link(serial, link_at)
        return Snapshot(occurred_at, jpeg, link_at, *link)

    def _request(
        self, serial: Serial, moment: datetime | None
    ) -> tuple[Dashboard, tuple[SnapshotTicket, datetime]]:
        """Return the ticket, and the moment that its picture shows."""

        def request(dashboard: Dashboard) -> tuple[SnapshotTicket, datetime]:
            ticket = dashboard.request_snapshot(serial, moment)
            # Not before the call: it may have waited for its turn.
            return ticket, moment or self._clock.now()

        return asked(self._dashboards, serial, request)

    def _of_the_alert(self, serial: Serial, url: str) -> bytes | None:
        """Return the picture that Meraki took for its alert, None if there is none."""
        try:
            dashboard = self._dashboards.of(serial)
            return dashboard.fetch_alert_picture(url, limit_s=_ALERT_PICTURE_S)
        except UpstreamError as exc:
            log.warning("no picture from the alert, asking the camera: %s", exc.message)
            return None

    def take_past_snapshot(self, serial: Serial, at: datetime) -> Snapshot:
        """Request the picture of a past moment; urgent calls go first.

        Raises:
            UpstreamError: no picture this time.
        """
        jpeg = self.take_past_picture(serial, at)
        return Snapshot(at, jpeg, at, *self._asked_link(serial, at))

    def take_past_picture(self, serial: Serial, at: datetime) -> bytes:
        """Return the picture of a past moment without its link: one call less.

        Raises:
            UpstreamError: no picture this time.
        """
        dashboard, ticket = asked(
            self._dashboards,
            serial,
            lambda one: one.request_snapshot(serial, at, urgent=False),
        )
        return dashboard.fetch_picture(ticket, limit_s=self._picture_wait_s)

    def ask_link(self, serial: Serial, at: datetime) -> str:
        """Return the link to the video of a moment.

        Raises:
            UpstreamError: the Dashboard does not return it, or not yet.
        """
        return asked(self._dashboards, serial, lambda one: one.video_link(serial, at))[
            1
        ]

    def video_link(self, serial: Serial, at: datetime) -> str | None:
        """Return the link, None if the Dashboard does not return it now."""
        return self._asked_link(serial, at)[0]

    def _asked_link(self, serial: Serial, at: datetime) -> _Link:
        try:
            return self.ask_link(serial, at), None
        except UpstreamError as exc:
            log.warning("no video link for %s: %s", serial, exc.message)
            return None, exc

    def _link(self, asked: Future[str], serial: Serial, at: datetime) -> _Link:
        try:
            return asked.result(_LINK_WAIT_S), None
        except TimeoutError:
            return None, UpstreamError(wordings.MERAKI_BUSY_SO_FAR(), retry=True)
        except UpstreamError:
            return self._asked_link(serial, at)


class Cameras(Struct, frozen=True):
    """Takes pictures of cameras, and knows their names."""

    photographer: Photographer
    names: CameraNames
