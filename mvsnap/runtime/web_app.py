"""The Flask application. Creating one starts nothing and opens nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any

from flask import Flask, Request, Response, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
)
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter

from mvsnap import texts
from mvsnap.badges import api as badges
from mvsnap.badges import api_read as badge_reading
from mvsnap.badges import page_clips as badge_clips
from mvsnap.badges import page_near as badge_near
from mvsnap.badges import page_report as badge_report
from mvsnap.badges import pages as badge_review
from mvsnap.config.server import ServerSection
from mvsnap.core.keys import KeyKind
from mvsnap.errors import BadConfig, Forbidden, MvsnapError
from mvsnap.resources import STATIC, TEMPLATES
from mvsnap.runtime import ops
from mvsnap.sqlite_errors import reason
from mvsnap.store.time_limits import answering
from mvsnap.texts.sentences import localized
from mvsnap.visitors import api as visitors_api
from mvsnap.visitors import pages as visitors
from mvsnap.web import (
    access_log,
    api,
    auth,
    context,
    events,
    evidence,
    https,
    jobs,
    login,
    login_code,
    mutes,
    pages,
    request_log,
    seen,
)
from mvsnap.web.answers import ErrorAnswer, ErrorDetails, json_response
from mvsnap.web.auth.session_key import SessionKey
from mvsnap.web.auth.stored_keys import StoredKeys
from mvsnap.web.context import Gateway
from mvsnap.web.head import HeadLimit
from mvsnap.web.pages import (
    account,
    audit,
    cameras,
    channels,
    clip_frames,
    clip_share,
    clips,
    crowd_events,
    entries,
    overview,
    people,
    second_factor,
    set_up,
    settings,
    status,
)
from mvsnap.web.pages import events as event_pages
from mvsnap.web.pages import jobs as job_pages
from mvsnap.web.pages import keys as key_pages
from mvsnap.web.plain_errors import INTERNAL, in_plain_words, no_database
from mvsnap.web.proxies import TrustedProxies
from mvsnap.web.status import api as status_api
from mvsnap.webhooks import api as hooks
from mvsnap.webhooks import pages as alarms
from mvsnap.wifi import api as wifi_api
from mvsnap.wifi import pages as wifi
from mvsnap.wifi import receiver

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

OIDC_EXTRA = "two libraries more: pip install 'Authlib>=1.7.2' 'joserfc>=1.6'"
# A form of a page, the parameters of a trigger. Blueprints that take more say so.
_MAX_BODY_BYTES = 65_536
_MAX_PARTS = 200
_BLUEPRINTS = (
    *(api.bp, badges.bp, events.bp, evidence.bp, seen.bp, jobs.bp, hooks.bp, mutes.bp),
    *(ops.bp, receiver.bp, channels.bp, badge_reading.bp),
    *(badge_review.bp, badge_near.bp, badge_clips.bp, badge_report.bp),
    *(login.bp, overview.bp, event_pages.bp, cameras.bp, crowd_events.bp, clips.bp),
    *(clip_share.bp, clip_frames.bp, alarms.bp),
    *(visitors_api.bp, wifi_api.bp, visitors.bp, wifi.bp),
    *(settings.bp, entries.bp, people.bp, key_pages.bp),
    *(audit.bp, login_code.bp, account.bp, second_factor.bp),
    *(status.bp, status_api.bp, job_pages.bp, set_up.bp),
)


class _SmallRequest(Request):
    """Nothing here takes files: those of a form cost no temporary file each."""

    def _get_file_stream(self, *_: object, **__: object) -> BytesIO:
        return BytesIO()


class _Part(BaseConverter):
    """A part of an address. It has no NUL: PostgreSQL takes no text with one."""

    regex = r"[^/\0]+"
    part_isolating = True  # the slash in it is one that it does not take


class Application(Flask):
    """Has the key of sessions from the store, whenever a session needs it."""

    request_class = _SmallRequest

    @cached_property
    def _session_key(self) -> SessionKey:
        here: Gateway = self.extensions[context.EXTENSION]
        return SessionKey(here.session_keys, here.clock)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return it: nothing here is async. Flask looks at each one in each request."""
        return func

    @property
    def secret_key(self) -> str:  # type: ignore[override]  # elsewhere it is a setting
        return self._session_key.newest(self)


def create_app(gateway: Gateway) -> Flask:
    app = Application("mvsnap", static_folder=STATIC, template_folder=TEMPLATES)
    settings, server = gateway.settings, gateway.settings.server
    texts.use(settings.site.locale)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    app.config["MAX_FORM_PARTS"] = _MAX_PARTS
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider
    app.url_map.converters["default"] = _Part
    app.extensions[context.EXTENSION] = gateway
    context.follow_settings(app)
    for weakness in (settings.short_keys(), settings.keys_without_scopes()):
        if weakness:
            log.warning("api_keys: %s", weakness)
    # The first: a request that is refused at the door is not the one before it.
    request_log.prepare(app)
    auth.prepare(
        app,
        settings.api_keys,
        stored=StoredKeys(gateway.keys, KeyKind.KEY, gateway.clock).find,
        rate_per_minute=server.rate_per_minute,
        session_hours=settings.login.session_hours,
    )
    login.prepare(app, gateway)
    login_code.prepare(app, gateway)
    if settings.login.backend == "oidc":
        _add_provider(app, gateway)
    pages.prepare(app)
    app.after_request(_no_sniffing)
    app.after_request(https.add_hsts)
    app.register_error_handler(MvsnapError, _expected)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(SQLAlchemyError, _no_storage)
    app.register_error_handler(Exception, _bug)
    for blueprint in _BLUEPRINTS:
        app.register_blueprint(blueprint)
    if gateway.settings.webex.takes_commands:
        # Imported here: most gateways have nobody to answer.
        from mvsnap.bot import receiver as answers

        app.register_blueprint(answers.bp)
    inner = _behind_proxies(_with_short_waits(app.wsgi_app), server)
    # Flask's own documentation wraps an app so; to mypy it is a method.
    app.wsgi_app = HeadLimit(inner)  # type: ignore[method-assign]
    return app


def _add_provider(app: Flask, gateway: Gateway) -> None:
    # Imported here: an optional extra.
    try:
        from mvsnap.oidc import pages as provider
    except ImportError as exc:
        raise BadConfig([f"login.backend: oidc needs {OIDC_EXTRA}"]) from exc
    provider.prepare(app, gateway)


def _with_short_waits(app: WSGIApplication) -> WSGIApplication:
    """A thread that waits for a database in trouble is missing for everybody else."""

    def asked(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        with answering():
            return app(environ, start)

    return asked


def _behind_proxies(app: WSGIApplication, server: ServerSection) -> WSGIApplication:
    host, prefix = "host" in server.forwarded, "prefix" in server.forwarded
    if not isinstance(server.trusted_proxies, int):
        return TrustedProxies(app, server.trusted_proxies, host=host, prefix=prefix)
    n = server.trusted_proxies
    return ProxyFix(app, x_for=n, x_proto=n, x_host=n * host, x_prefix=n * prefix)


def error_answer(code: str, message: str, status: int) -> Response:
    """Return the error as a page for people, or as JSON for programs."""
    if auth.for_a_person():
        page = render_template("error.html", message=message, status=status)
        return Response(page, status)
    # A page's script shows it; the API is in English.
    said = message if auth.for_a_program() else localized(message)
    return json_response(ErrorAnswer(ErrorDetails(code, said)), status)


def _expected(error: MvsnapError) -> ResponseReturnValue:
    if isinstance(error, Forbidden):
        access_log.refused(error.as_reason)
    answer = error_answer(error.code, error.message, error.status)
    retry_after_s = getattr(error, "retry_after_s", None)
    if retry_after_s is not None:
        answer.headers["Retry-After"] = str(int(retry_after_s))
    if error.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="mvsnap"'
    return answer


def _http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        # Flask wraps errors raised before a view is found, such as when opening a
        # session.
        if isinstance(error.original_exception, SQLAlchemyError):
            return _no_storage(error.original_exception)
        return _bug(error.original_exception)
    status = error.code or 500
    code = error.name.lower().replace(" ", "_")
    message = error.description or error.name
    if message == NotFound.description:
        message = "There is nothing at this address"
    valid = error.valid_methods if isinstance(error, MethodNotAllowed) else None
    if set(valid or ()) - {"OPTIONS"} == {"POST"}:
        message = f"{message} Use POST."
    words = in_plain_words(error) if auth.for_a_person() else None
    answer = error_answer(code, words or message, status)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers.setdefault(name, value)
    return answer


def _no_storage(error: SQLAlchemyError) -> ResponseReturnValue:
    log.error("the database is unavailable: %s", reason(error))
    message = "The database is unavailable; nothing was accepted"
    if auth.for_a_person():
        message = no_database()
    answer = error_answer("storage_unavailable", message, 503)
    answer.headers["Retry-After"] = "30"
    return answer


def _bug(error: BaseException) -> ResponseReturnValue:
    log.error("unexpected error while answering a request", exc_info=error)
    message = INTERNAL if auth.for_a_person() else "Internal error; see the log"
    return error_answer("internal", message, 500)


def _no_sniffing(answer: Response) -> Response:
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Cache-Control", "private, no-store")
    return answer
