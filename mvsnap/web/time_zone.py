"""The time zone of a page: the site's, or that of the cameras the page is about.

A view says which cameras those are, before anything of it is rendered; the filters of
times, and what builds texts with times, ask here. Lists over several cameras say
nothing, and have the site's.
"""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from flask import g

from mvsnap.clip_model import Clip
from mvsnap.domain import Event, EventKind, is_serial
from mvsnap.web.context import gateway


def show_zone_of(cameras: Iterable[str]) -> None:
    """Let this page show the time zone that its cameras have in common.

    cameras: serials, and names of recorder cameras.
    """
    g.shown_zone = gateway().organizations.common_zone(cameras)


def show_zone_of_event(event: Event) -> None:
    """Let this page show the time zone of an event's camera, as its messages do.

    An alarm may name no camera: then that of the cameras it was answered with.
    """
    if event.serial or event.kind is not EventKind.ALARM:
        return show_zone_of([event.serial or event.camera_name])
    here = gateway()
    events = here.store.events_of_job(event.job_id)
    answered: list[str] = [one.serial for one in events if one.serial]
    answered += [clip.camera for clip in here.clips.of_job(event.job_id)]
    return show_zone_of(answered or [event.camera_name])


def show_zone_of_clip(clip: Clip) -> None:
    show_zone_of([clip.camera])


def zone_of_list(camera: str) -> ZoneInfo:
    """Let a list show the time zone of the one camera its filter names; return it.

    camera: as it was entered, also wrongly; "": the list is of several.
    """
    name = camera.strip()
    if name:
        show_zone_of([name.upper() if is_serial(name.upper()) else name])
    return shown_zone()


def shown_zone() -> ZoneInfo:
    zone: ZoneInfo | None = g.get("shown_zone")
    return gateway().zone if zone is None else zone
