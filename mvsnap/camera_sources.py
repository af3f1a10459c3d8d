"""Camera sources: builds a Recorder from the settings, and finds its streams.

A camera's address is in the settings, or is requested from Meraki or IXON before each
connection. Their answers become the camera's state.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from mvsnap.clients.ixon.client import Account, Ixon, NotAllowed, ServiceToken
from mvsnap.clients.meraki.dashboards import DashboardOfCamera, asked
from mvsnap.clock import Clock
from mvsnap.config.model import Settings
from mvsnap.config.recorder import CameraAuth, RecorderCameraSection
from mvsnap.domain import Serial
from mvsnap.errors import UpstreamError
from mvsnap.recorder import (
    Auth,
    AuthType,
    CameraRefused,
    CameraSettings,
    Ending,
    Merge,
    Mode,
    Recode,
    Recorder,
    RecorderSettings,
    State,
    StreamSource,
    Transport,
    source_of,
)
from mvsnap.texts.camera_wordings import NOT_OURS
from mvsnap.values import replace

_REMEMBERED_S = (
    300.0  # an address in the LAN rarely changes; a camera may disconnect often
)

AskSource = Callable[[], StreamSource]


def build_recorder(
    settings: Settings,
    clock: Clock,
    dashboards: DashboardOfCamera,
    ixon: Ixon | None,
    is_ours: Callable[[str], bool] = lambda _: True,
    *,
    made_by: str = "",
) -> Recorder | None:
    """Return a recorder that is not started, None without cameras in the settings.

    ixon: from `open_ixon`; needed if a camera is behind IXON.
    is_ours: whether no other recorder may have this camera: a cloud is asked for the
        address of those alone.
    made_by: a word in the names of its files.

    Raises:
        BadInput: the URL of a camera is invalid.
    """
    if not settings.recorder.cameras:
        return None
    sources = {
        name: _if_ours(
            ask_source(settings, name, clock, dashboards, ixon), partial(is_ours, name)
        )
        for name in settings.recorder.cameras
    }
    sources |= {
        name: ask_source(settings, name, clock, dashboards, ixon)
        for name, entry in settings.recorder.cameras.items()
        if entry.url is not None
    }
    own = replace(recorder_settings(settings), made_by=made_by)
    return Recorder(own, clock, sources)


def _if_ours(ask: AskSource, is_ours: Callable[[], bool]) -> AskSource:
    def source() -> StreamSource:
        if not is_ours():
            raise CameraRefused(Ending(State.OFFLINE, NOT_OURS(), alone=True))
        return ask()

    return source


def open_ixon(settings: Settings, clock: Clock) -> Ixon | None:
    """Return the IXON Cloud of the settings, None if not configured; no calls yet."""
    ixon = settings.ixon
    if not ixon.configured or ixon.application_id is None:
        return None
    if ixon.token is not None:
        login: ServiceToken | Account = ServiceToken(ixon.token.get_secret_value())
    else:
        password = ixon.password.get_secret_value() if ixon.password else ""
        login = Account(ixon.email or "", password)
    return Ixon(
        ixon.url,
        ixon.application_id,
        login,
        clock=clock,
        company_id=ixon.company_id or "",
        api_version=ixon.api_version,
    )


def recorder_settings(settings: Settings) -> RecorderSettings:
    """Return the settings in the recorder's own type."""
    own = settings.recorder
    return RecorderSettings(
        data_dir=settings.data_dir,
        cameras=tuple(_camera(name, own.cameras[name]) for name in own.cameras),
        merge=Merge(own.merge),
        max_clip_s=own.max_clip_s,
        max_event_age_s=own.max_event_age_s,
        ring_max_mb=own.ring_max_mb,
        min_free_mb=own.min_free_mb,
        ffmpeg=own.ffmpeg,
        ffprobe=own.ffprobe,
    )


def ask_source(
    settings: Settings,
    name: str,
    clock: Clock,
    dashboards: DashboardOfCamera,
    ixon: Ixon | None,
) -> AskSource:
    """Return a function that returns where the camera's stream is now.

    It raises CameraRefused, whose `ending` is then the state of the camera.
    """
    entry = settings.recorder.cameras[name]
    camera = _camera(name, entry)
    if entry.ixon is not None and ixon is not None:
        server_id = entry.ixon.agent_server_id or settings.ixon.agent_server_id or ""
        path = entry.ixon.stream_path
        path = settings.ixon.stream_path if path is None else path
        access_type = entry.ixon.access_type or settings.ixon.access_type
        return IxonSource(ixon, server_id, path, access_type, camera)
    if entry.url is None and entry.meraki_serial is not None:
        return MerakiSource(dashboards, Serial(entry.meraki_serial), camera, clock)
    source = source_of(camera)
    return lambda: source


class IxonSource:
    """Opens a new access through IXON each time: their lifetime is unknown."""

    def __init__(
        self,
        ixon: Ixon,
        server_id: str,
        path: str,
        access_type: str,
        camera: CameraSettings,
    ) -> None:
        """path: "" uses the page that IXON opens for people."""
        self._ixon = ixon
        self._server_id = server_id
        self._path = path
        self._access_type = access_type
        self._camera = camera

    def __call__(self) -> StreamSource:
        """Raises CameraRefused."""
        try:
            if not self._path:
                self._path = self._ixon.server(self._server_id).landing_page or "/"
            access = self._ixon.open_web_access(
                self._server_id, access_type=self._access_type
            )
        except UpstreamError as exc:
            is_login = isinstance(exc, NotAllowed)
            for_good = State.WRONG_PASSWORD if is_login else State.NO_VIDEO
            raise _refused(exc, for_good) from None
        found = source_of(replace(self._camera, url=access.stream_url(self._path)))
        return replace(found, headers=access.headers(), has_ended=access.has_ended)


class MerakiSource:
    """Asks the Dashboard for a camera's own stream, and caches it for a while."""

    def __init__(
        self,
        dashboards: DashboardOfCamera,
        serial: Serial,
        camera: CameraSettings,
        clock: Clock,
    ) -> None:
        self._dashboards = dashboards
        self._serial = serial
        self._camera = camera
        self._clock = clock
        self._found: tuple[float, StreamSource] | None = None

    def __call__(self) -> StreamSource:
        """Raises CameraRefused."""
        now = self._clock.monotonic()
        if self._found is not None and now - self._found[0] < _REMEMBERED_S:
            return self._found[1]
        try:
            serial = self._serial
            _, url = asked(self._dashboards, serial, lambda one: one.stream_url(serial))
        except UpstreamError as exc:
            if self._found is not None and exc.retry:
                return self._found[1]  # only the cloud may be unreachable
            raise _refused(exc, State.NO_VIDEO) from None
        source = source_of(replace(self._camera, url=url))
        self._found = now, source
        return source


def _refused(error: UpstreamError, for_good: State) -> CameraRefused:
    state = State.OFFLINE if error.retry else for_good
    return CameraRefused(Ending(state, error.as_reason, alone=True))


def _camera(name: str, entry: RecorderCameraSection) -> CameraSettings:
    rate = entry.framerate
    return CameraSettings(
        name=name,
        url=entry.url.get_secret_value() if entry.url is not None else "",
        auth=_auth(entry.auth),
        mode=Mode.RING if entry.is_ring else Mode.ON_DEMAND,
        pre_roll_s=entry.pre_roll_s,
        post_roll_s=entry.post_roll_s,
        framerate=None if rate == "auto" else rate,
        recode=Recode(entry.recode),
        verify_tls=entry.verify_tls,
        transport=Transport(entry.transport),
        audio=entry.audio,
    )


def _auth(auth: CameraAuth) -> Auth:
    if not auth.username:
        return Auth()
    password = auth.password.get_secret_value() if auth.password is not None else ""
    return Auth(AuthType(auth.type or "auto"), auth.username, password)
