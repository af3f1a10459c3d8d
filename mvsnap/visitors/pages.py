"""Visitors: who came where and when, as counted by cameras; makes no outside calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.config.setting_overrides import with_overrides
from mvsnap.domain import Role, Serial, ZoneId, parse_serial
from mvsnap.errors import BadInput, NotFound
from mvsnap.visitors.csv_export import ZONE_HOUR_COLUMNS, visitor_columns
from mvsnap.visitors.model import CountingCamera, HourPicture, KnownZone
from mvsnap.visitors.page_filter import (
    PERIODS,
    SORTS,
    VisitorFilter,
    parse_day,
    read_filter,
)
from mvsnap.visitors.page_rows import VisitorRow, visitor_chart, visitor_rows, zone_name
from mvsnap.visitors.page_zone import known_zone, zone_hours
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.store import VisitorStore
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.context import feature, gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.pages.places import Places, known_places
from mvsnap.web.private_file import private_file

bp = Blueprint("visitors", __name__)

T = TypeVar("T")

# Page views are noted at most this often: pages are loaded more often than they change.
_PAGE_VIEW_EVERY = timedelta(minutes=5)
_MAX_ID = 64
_CSV_ROWS = 500


@dataclass(frozen=True, slots=True)
class NotCounting:
    """A camera that does not count, and why."""

    camera: str
    serial: Serial
    why: str


@bp.get("/visitors")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked, places = _asked(), _places()
    rows = visitor_rows(_store(), places, asked)
    chart = visitor_chart(_store(), rows, asked, _clock())
    cameras = _store().cameras()
    page = render_template(
        "visitors/index.html",
        asked=asked,
        places=places,
        periods=PERIODS,
        rows=rows,
        chart=chart,
        hours_only=asked.days == 1 and chart is None and any(r.entrances for r in rows),
        without=_without(places, cameras, rows),
        advice=None if rows else _advice(cameras),
        asked_at=max((camera.asked_at for camera in cameras.values()), default=None),
        csv_url=url_for(".download", **asked.query),
        sorts={sort: url_for(".index", **asked.sorted_by(sort)) for sort in SORTS},
        detail={"day": asked.last.isoformat()} if asked.entered.get("day") else {},
    )
    return page, 400 if asked.mistakes else 200


@bp.get("/visitors.csv")
@auth.page(Role.VIEWER)
def download() -> ResponseReturnValue:
    asked = _asked()
    asked.require_valid()
    rows = visitor_rows(_store(), _places(), asked)
    columns = visitor_columns(asked.since, asked.until)
    return csv_file("mvsnap-visitors", columns, _parts(rows))


@bp.get("/visitors/<serial>/<zone_id>")
@auth.page(Role.VIEWER)
def zone(serial: str, zone_id: str) -> ResponseReturnValue:
    place = _Place(serial, zone_id)
    day, mistake = _day()
    found = zone_hours(gateway(), place.serial, place.zone_id, day)
    place.add_page_view()
    today = _now().astimezone(_clock()).date()
    shown = day or today
    page = render_template(
        "visitors/zone.html",
        place=place,
        found=found,
        rows=list(reversed(found.rows)),
        mistake=mistake,
        entered=request.args.get("day", "").strip(),
        today=today,
        before=place.address(shown - timedelta(days=1)),
        after=place.address(shown + timedelta(days=1)) if shown < today else None,
        csv_url=url_for(
            ".download_zone",
            serial=place.serial,
            zone_id=place.zone_id,
            day=day.isoformat() if day else None,
        ),
    )
    return page, 400 if mistake else 200


@bp.get("/visitors/<serial>/<zone_id>/hours.csv")
@auth.page(Role.VIEWER)
def download_zone(serial: str, zone_id: str) -> ResponseReturnValue:
    place = _Place(serial, zone_id)
    day, mistake = _day()
    if mistake:
        raise BadInput(mistake)
    found = zone_hours(gateway(), place.serial, place.zone_id, day)
    return csv_file("mvsnap-visitors-hours", ZONE_HOUR_COLUMNS, _parts(found.rows))


@bp.get("/visitors/<serial>/<zone_id>/<hour>/picture.jpg")
@auth.page(Role.VIEWER)
def picture(serial: str, zone_id: str, hour: str) -> ResponseReturnValue:
    found = _picture(serial, zone_id, hour)
    path = gateway().files.picture(found.snapshot_path)
    if path is not None:
        viewed(f"picture of {serial}, zone {zone_id}, hour {hour}")
    return _file(path)


@bp.get("/visitors/<serial>/<zone_id>/<hour>/thumbnail.jpg")
@auth.page(Role.VIEWER)
def thumbnail(serial: str, zone_id: str, hour: str) -> ResponseReturnValue:
    found = _picture(serial, zone_id, hour)
    return _file(gateway().files.small_picture(found.snapshot_path))


class _Place:
    """The zone in an address. Raises NotFound for one that was never counted."""

    def __init__(self, serial: str, zone_id: str) -> None:
        self.serial, self.zone_id = _ids(serial, zone_id)
        self.known: KnownZone | None = known_zone(gateway(), self.serial, self.zone_id)
        if self.known is None and not self._was_counted():
            raise NotFound(f"Nobody was counted in zone {zone_id[:40]!r} of {serial}")
        places = _places()
        self.camera = places.camera(self.serial)
        named = self.known.zone if self.known else None
        self.name = zone_name(named, places, self.serial, self.zone_id)

    def _was_counted(self) -> bool:
        key, now = (self.serial, self.zone_id), _now()
        days = gateway().settings.storage.retention_days
        since = now - timedelta(days=days + 1)
        here = _store()
        return here.was_counted(*key) or key in here.most_seen([(since, now)])

    def address(self, day: date | None = None) -> str:
        text = day.isoformat() if day else None
        return url_for(".zone", serial=self.serial, zone_id=self.zone_id, day=text)

    def add_page_view(self) -> None:
        """Tell the background that the zone's pictures are wanted."""
        now, here = _now(), _store()
        if (self.serial, self.zone_id) not in here.page_views(now - _PAGE_VIEW_EVERY):
            here.add_page_view(self.serial, self.zone_id, now)


def _ids(serial: str, zone_id: str) -> tuple[Serial, ZoneId]:
    # No id contains a NUL, and PostgreSQL refuses to search for one.
    if not zone_id.isprintable() or len(zone_id) > _MAX_ID:
        raise NotFound("No such zone")
    try:
        return parse_serial(serial), ZoneId(zone_id)
    except BadInput as exc:
        raise NotFound(exc.message) from exc


def _picture(serial: str, zone_id: str, hour: str) -> HourPicture:
    key = _ids(serial, zone_id)
    try:
        begin = datetime.fromtimestamp(int(hour), UTC)
        found = _store().pictures(*key, begin, begin + timedelta(seconds=1))
    except (ValueError, OverflowError, OSError) as exc:
        raise NotFound("No such hour") from exc
    for one in found.values():
        return one
    raise NotFound("No picture of this hour")


def _file(path: Path | None) -> Response:
    if path is None:
        raise NotFound("No picture of this hour, or it was deleted")
    return private_file(path, "image/jpeg")


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the rows in chunks: a table is written while it is sent."""
    for first in range(0, len(rows), _CSV_ROWS):
        yield rows[first : first + _CSV_ROWS]


def _asked() -> VisitorFilter:
    return read_filter(request.args, _now(), _clock())


def _day() -> tuple[date | None, str]:
    """Return the requested day, None for the last hours; and what is wrong."""
    text = request.args.get("day", "").strip()
    today = _now().astimezone(_clock()).date()
    try:
        return (parse_day(text, today, _clock()) if text else None), ""
    except BadInput as exc:
        return None, exc.message


def _now() -> datetime:
    return gateway().clock.now()


def _clock() -> ZoneInfo:
    return gateway().zone


def _places() -> Places:
    return known_places(gateway().site, gateway().sense)


def _without(
    places: Places,
    cameras: dict[Serial, CountingCamera],
    rows: Sequence[VisitorRow],
) -> list[NotCounting]:
    """Return the cameras that do not count, of those the Dashboard was asked about."""
    counting = {row.serial for row in rows if row.entrances is not None}
    found = []
    for serial, camera in cameras.items():
        if camera.has_sense is False:
            why = "MV Sense is off"
        elif camera.error and serial not in counting:
            why = camera.error
        else:
            continue
        found.append(NotCounting(places.camera(serial), serial, why))
    return sorted(found, key=lambda one: (one.camera.casefold(), one.serial))


def _advice(cameras: dict[Serial, CountingCamera]) -> str:
    """Return what to do so that people are counted."""
    here = gateway()
    if not here.settings.asks_meraki:
        try:
            listens = with_overrides(
                here.settings.sense, here.site.setting_overrides()
            ).enabled
        except BadInput:
            listens = here.settings.sense.enabled
        if listens:
            return "Nobody seen yet. MV Sense is on, and what it sees will appear here."
        return (
            "Nothing is counting people yet. Set meraki.api_key in config/mvsnap.yaml, "
            "or turn on sense.enabled."
        )
    if not cameras:
        return (
            "Fetching cameras and zones from the Dashboard. Reload in "
            "a minute; if this "
            "persists, check the log of the worker."
        )
    if all(camera.has_sense is False for camera in cameras.values()):
        return (
            "MV Sense is not enabled on any camera. Dashboard > Cameras > the camera > "
            "Settings > Sense; each camera needs a Sense license."
        )
    return "Nobody was counted in this period."


def _store() -> VisitorStore:
    return feature(VisitorParts).store
