"""Pages for people: what they share - menu, times, headers."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask, Response, g
from flask_bootstrap import Bootstrap5

from mvsnap import __version__, texts
from mvsnap.clock import is_to_come
from mvsnap.core.amounts import noun
from mvsnap.core.browsers import browser_words
from mvsnap.core.days import lasting
from mvsnap.core.period_words import percent_words
from mvsnap.core.site_time import foreign
from mvsnap.program import program
from mvsnap.texts import formats, ngettext
from mvsnap.texts.reasons import said
from mvsnap.texts.sentences import localized
from mvsnap.web import auth
from mvsnap.web.context import gateway
from mvsnap.web.pages.entry_form import choice_words, kind_words
from mvsnap.web.pages.menu import menu
from mvsnap.web.script_texts import script
from mvsnap.web.time_zone import shown_zone

_STATIC_FILES = ("static", "bootstrap.static")
# Bootstrap's own pictures are data: addresses inside its stylesheet.
_ONLY_OURS = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


def prepare(app: Flask) -> None:
    """Set the app up to render pages; their blueprints are registered separately."""
    app.config["BOOTSTRAP_SERVE_LOCAL"] = True
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 3600
    Bootstrap5(app)
    texts.add_to(app.jinja_env)
    for endpoint in _STATIC_FILES:
        app.view_functions[endpoint] = _public_file(app.view_functions[endpoint])
    app.url_defaults(_add_version)
    app.context_processor(_shell)
    app.add_template_filter(local_time)
    app.add_template_filter(local_clock)
    app.add_template_filter(local_day)
    app.add_template_filter(lasting)
    app.add_template_filter(formats.tenths, "tenths")
    app.add_template_filter(formats.many, "many")
    app.add_template_filter(age)
    app.add_template_filter(localized, "localized")
    app.add_template_filter(said, "said")
    app.add_template_filter(formats.number, "number")
    app.add_template_filter(formats.decimal, "decimal")
    app.add_template_filter(percent_words)
    app.add_template_filter(formats.percent, "percent")
    app.add_template_filter(formats.day, "day")
    app.add_template_filter(formats.near_day, "near_day")
    app.add_template_filter(formats.weekday, "weekday")
    app.add_template_filter(noun)
    app.add_template_filter(browser_words)
    app.add_template_filter(kind_words)
    app.add_template_filter(choice_words)
    app.add_template_test(has_not_been, "to_come")
    app.add_template_global(today)
    app.add_template_global(script)
    app.add_template_global(program)
    app.add_template_global(auth.login_address)
    app.after_request(_protect)


def local_time(moment: datetime) -> str:
    """Return the moment in the page's zone: Sat 21 Nov 14:03:07.

    One that is not the site's is named: Sat 21 Nov 22:03:07 JST. With its year where
    that is not this one: Sat 21 Nov 2026 14:03:07.
    """
    local, now = _local(moment), _local(gateway().clock.now())
    written = formats.near_day if local.year == now.year else formats.far_day
    return f"{written(local)} {local:%H:%M:%S}{_foreign(local)}"


def local_day(day: date) -> str:
    """Return a day of the site: Sat 21 Nov, with its year where it is another."""
    is_this = day.year == _local(gateway().clock.now()).year
    return formats.near_day(day) if is_this else formats.far_day(day)


def today() -> date:
    return _local(gateway().clock.now()).date()


def local_clock(moment: datetime) -> str:
    """Return the time of day alone, where the day is clear: 14:03."""
    local = _local(moment)
    return f"{local:%H:%M}{_foreign(local)}"


def _local(moment: datetime) -> datetime:
    g.shows_times = True  # below such a page base.html names the zone, once
    return moment.astimezone(shown_zone())


def _foreign(local: datetime) -> str:
    return foreign(local, shown_zone(), gateway().zone)


def has_not_been(moment: datetime) -> bool:
    return is_to_come(moment, gateway().clock.now())


def age(seconds: float) -> str:
    """Return an age in one unit, as status.js counts it on: 12 s, 3 min, 5 h."""
    for limit, unit_s, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // unit_s)} {unit}"
    days = int(seconds // 86_400)
    return ngettext("%(num)s day", "%(num)s days", days) % {"num": days}


def with_frame(answer: Response, origin: str) -> Response:
    """Allow the page to show a frame of this site, and no other."""
    policy = f"{_ONLY_OURS}; frame-src {origin}"
    answer.headers["Content-Security-Policy"] = policy
    return answer


def _public_file(send: Any) -> Any:
    @auth.public
    def send_public_file(**given: Any) -> Response:
        answer: Response = send(**given)
        return answer

    return send_public_file


def _add_version(endpoint: str, values: dict[str, Any]) -> None:
    # A new version must not use the old version's stylesheet from the browser's cache.
    if endpoint in _STATIC_FILES:
        values["v"] = __version__


def _shell() -> dict[str, Any]:
    """Return what base.html needs; error pages use it, too, without a database.

    The menu is made where it is drawn: parts of pages have none.
    """
    person = auth.session_user_or_none()
    return {
        "locale": texts.locale(),
        "time_zone": shown_zone().key,
        "site_zone": gateway().zone.key,
        "site_name": gateway().settings.site.name or "mvsnap",
        "person": person,
        "menu": lambda: menu(person),
    }


def _protect(answer: Response) -> Response:
    if answer.mimetype == "text/html":
        answer.headers.setdefault("Content-Security-Policy", _ONLY_OURS)
        answer.headers.setdefault("X-Frame-Options", "DENY")
        answer.headers.setdefault("Referrer-Policy", "same-origin")
    return answer
