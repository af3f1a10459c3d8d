"""Visitors: who came where and when, as counted by cameras; makes no outside calls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from mvsnap.domain import Role
from mvsnap.errors import BadInput, NotFound
from mvsnap.texts import N_, _
from mvsnap.texts.audit_wordings import ZONE_PICTURE
from mvsnap.visitors.csv_export import ZONE_HOUR_COLUMNS, visitor_columns
from mvsnap.visitors.filter import (
    PERIODS,
    SORTS,
    VisitorFilter,
    parse_day,
    read_filter,
)
from mvsnap.visitors.model import HourPicture, KnownZone
from mvsnap.visitors.not_counting import without_counts
from mvsnap.visitors.occupancy import Occupancy, ZoneSources, occupancies
from mvsnap.visitors.overview import VisitorOverview, overview
from mvsnap.visitors.page_advice import advice
from mvsnap.visitors.parts import VisitorParts
from mvsnap.visitors.period_text import of_period, of_spans, span_words
from mvsnap.visitors.report import read_every, visitor_report
from mvsnap.visitors.store import VisitorStore
from mvsnap.visitors.zone_hours import known_zone, zone_hours, zone_key
from mvsnap.visitors.zone_rows import VisitorRow, visitor_rows, zone_name
from mvsnap.web import auth
from mvsnap.web.access_log import viewed
from mvsnap.web.context import feature, gateway
from mvsnap.web.csv_file import csv_file
from mvsnap.web.heat import heat_map
from mvsnap.web.private_file import private_file

bp = Blueprint("visitors", __name__)

T = TypeVar("T")

# Page views are noted at most this often: pages are loaded more often than they change.
_PAGE_VIEW_EVERY = timedelta(minutes=5)
_CSV_ROWS = 500


@bp.get("/visitors")
@auth.page(Role.VIEWER)
def index() -> ResponseReturnValue:
    asked, places = _asked(), gateway().places()
    rows = visitor_rows(_store(), places, asked)
    found, cameras = _overview(rows, asked), _store().cameras()
    page = render_template(
        "visitors/index.html",
        asked=asked,
        places=places,
        periods=PERIODS,
        rows=rows,
        occupancy=_occupancy(),
        has_opening_hours=_open_hours() is not None,
        **_shown(found, asked),
        hours_only=asked.days == 1
        and found.chart is None
        and any(row.entrances for row in rows),
        without=without_counts(places, cameras, rows),
        advice=None if rows else advice(cameras),
        asked_at=max((camera.asked_at for camera in cameras.values()), default=None),
        csv_url=url_for(".download", **asked.query),
        sorts={sort: url_for(".index", **asked.sorted_by(sort)) for sort in SORTS},
        detail={"day": asked.last.isoformat()} if asked.entered.get("day") else {},
    )
    return page, 400 if asked.mistakes else 200


@bp.get("/visitors/report")
@auth.page(Role.VIEWER)
def report() -> ResponseReturnValue:
    """The same as a scheduled report says, as a page to print."""
    here = gateway()
    made = visitor_report(
        read_every(request.args.get("every", "").strip()),
        request.args.get("day", "").strip(),
        *(feature(VisitorParts), here.places(), here.settings.visitors),
        *(here.zone, _now()),
    )
    step = timedelta(days=made.asked.days)
    today = _now().astimezone(gateway().zone).date()
    later = made.day + step if made.day + step < today else None
    return render_template(
        "visitors/report.html",
        asked=made.asked,
        every=made.every,
        rows=[] if made.is_empty else made.rows,
        wifi=made.wifi,
        first=made.asked.since.astimezone(gateway().zone).date(),
        site=here.settings.site.name,
        made_at=_now(),
        earlier=url_for(".report", every=made.every, day=made.day - step),
        later=url_for(".report", every=made.every, day=later) if later else None,
        **_shown(made.found, made.asked),
    )


@bp.get("/visitors.csv")
@auth.page(Role.VIEWER)
def download() -> ResponseReturnValue:
    asked = _asked()
    asked.require_valid()
    rows = visitor_rows(_store(), gateway().places(), asked)
    columns = visitor_columns(asked.since, asked.until)
    return csv_file("mvsnap-visitors", columns, _parts(rows))


@bp.get("/visitors/<serial>/<zone_id>")
@auth.page(Role.VIEWER)
def zone(serial: str, zone_id: str) -> ResponseReturnValue:
    place = _Place(serial, zone_id)
    day, mistake = _day()
    found = zone_hours(gateway(), place.serial, place.zone_id, day)
    place.add_page_view()
    today = _now().astimezone(gateway().zone).date()
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
        viewed(ZONE_PICTURE(serial=serial, zone=zone_id, hour=hour))
    return _file(path)


@bp.get("/visitors/<serial>/<zone_id>/<hour>/thumbnail.jpg")
@auth.page(Role.VIEWER)
def thumbnail(serial: str, zone_id: str, hour: str) -> ResponseReturnValue:
    found = _picture(serial, zone_id, hour)
    return _file(gateway().files.small_picture(found.snapshot_path))


class _Place:
    """The zone in an address. Raises NotFound for one that was never counted."""

    def __init__(self, serial: str, zone_id: str) -> None:
        self.serial, self.zone_id = zone_key(serial, zone_id)
        self.known: KnownZone | None = known_zone(self.serial, self.zone_id)
        if self.known is None and not self._was_counted():
            raise NotFound(f"Nobody was counted in zone {zone_id[:40]!r} of {serial}")
        places = gateway().places()
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
        lately = here.page_views(now - _PAGE_VIEW_EVERY, now)
        if (self.serial, self.zone_id) not in lately:
            here.add_page_view(self.serial, self.zone_id, now)


def _picture(serial: str, zone_id: str, hour: str) -> HourPicture:
    key = zone_key(serial, zone_id)
    try:
        begin = datetime.fromtimestamp(int(hour), UTC)
        found = _store().pictures(*key, begin, begin + timedelta(seconds=1))
    except (ValueError, OverflowError, OSError) as exc:
        raise NotFound(N_("No such hour")) from exc
    for one in found.values():
        return one
    raise NotFound(N_("No picture of this hour"))


def _file(path: Path | None) -> Response:
    if path is None:
        raise NotFound(N_("No picture of this hour, or it was deleted"))
    return private_file(path, "image/jpeg")


def _parts(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield the rows in chunks: a table is written while it is sent."""
    for first in range(0, len(rows), _CSV_ROWS):
        yield rows[first : first + _CSV_ROWS]


def _asked() -> VisitorFilter:
    return read_filter(request.args, _now(), gateway().zone, _open_hours())


def _open_hours() -> frozenset[int] | None:
    return gateway().settings.visitors.open_hours


def _overview(rows: Sequence[VisitorRow], asked: VisitorFilter) -> VisitorOverview:
    named = gateway().settings.visitors.entrances
    return overview(_store(), rows, asked, named, gateway().zone, _now())


def _shown(found: VisitorOverview, asked: VisitorFilter) -> dict[str, Any]:
    """Return the totals, the chart and the week as the page shows them."""
    title, clock = _("Average entrances by weekday and hour"), gateway().zone
    week = found.week and heat_map(
        title, _("entrances per hour"), found.week, _open_hours()
    )
    busiest = found.totals.busiest
    return {
        "found": found,
        "week": week,
        "busiest": span_words(busiest, clock) if busiest else None,
        "period": of_period(asked, clock),
        "compared": of_spans(asked.so_far.spans, clock),
        "before": of_spans(asked.before.spans, clock),
        "is_unfinished": asked.since <= _now() < asked.until,
    }


def _occupancy() -> list[Occupancy]:
    here = gateway()
    sources = ZoneSources(here.sense, here.site, here.settings)
    return occupancies(here.settings.visitors.occupancy, sources, _now())


def _day() -> tuple[date | None, str]:
    """Return the requested day, None for the last hours; and what is wrong."""
    text = request.args.get("day", "").strip()
    today = _now().astimezone(gateway().zone).date()
    try:
        return (parse_day(text, today, gateway().zone) if text else None), ""
    except BadInput as exc:
        return None, exc.message


def _now() -> datetime:
    return gateway().clock.now()


def _store() -> VisitorStore:
    return feature(VisitorParts).store
