"""Webex: posts messages and pictures as a bot, through webexteamssdk.

The SDK is imported on the first call. It is prevented from waiting, from following
links to other servers and from raising a dozen kinds of exceptions: see UpstreamError.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import requests

from mvsnap.clients.hosts import origin
from mvsnap.clients.transport import guard
from mvsnap.clients.webex import rooms as webex_rooms
from mvsnap.clients.webex.errors import translate
from mvsnap.clients.webex.sdk import webexteamssdk
from mvsnap.clients.webex.shared import WebexShared
from mvsnap.clients.webex.text import fit, neutralise
from mvsnap.domain import Destination, MessageId, Room
from mvsnap.errors import UpstreamError
from mvsnap.texts import channel_wordings as wordings
from mvsnap.upstreams import Upstream

__all__ = ["Webex", "fit", "neutralise"]

T = TypeVar("T")

_CACHE_S = 300.0
_IDLE_S = 30.0
# How long a list that is empty or partly unreadable may be wrong.
_DOUBT_S = 600.0
_ROOMS_PER_PAGE = 1000
_MAX_PAGES = 100
# Webex refuses shorter ones; longer ones are no names.
_SHORTEST_NAME, _LONGEST_NAME = 3, 128
_MOST_PEOPLE = 1000
_CARD = "application/vnd.microsoft.card.adaptive"


class _PerThread(threading.local):
    """What one thread's call has received so far."""

    def __init__(self) -> None:
        self.answer: requests.Response | None = None
        self.urls: set[str] = set()


class Webex:
    """The Webex bot of one token; thread-safe; calls are never repeated.

    Every method raises UpstreamError: `retry` says whether the same call may work
    later, `unsure` that a message may have arrived although no answer came.
    """

    def __init__(self, base_url: str, bot_token: str, *, timeout_s: int = 20) -> None:
        # Without the slash, the SDK's urljoin drops the last part of the path.
        self._base_url = base_url.strip().rstrip("/") + "/"
        self._token = bot_token.strip()
        self._timeout_s = max(1, int(timeout_s))
        self._seen = _PerThread()
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._sdk: Any = None
        self._session: requests.Session | None = None
        self._used_at = 0.0
        self._known: tuple[float, list[Room]] = (float("-inf"), [])
        self._shared: WebexShared | None = None
        # Since when, and when last, the list of rooms was in doubt.
        self._doubted_s: tuple[float, float] | None = None
        self._people: dict[str, tuple[float, str]] = {}  # by name: when, and the e-mail

    def share(self, shared: WebexShared) -> None:
        """Keep to what other processes with this bot were told, and tell them."""
        self._shared = shared

    def require_open(self) -> None:
        """Raise UpstreamError if Webex asked for a pause."""
        if self._shared is not None:
            self._shared.require_open(posting=True)

    def me(self) -> str:
        """Return `name <e-mail>` of the bot. Source: GET /people/me."""
        data = self.ask(lambda api: dict(api.people.me().json_data))
        name, emails = data.get("displayName"), data.get("emails")
        email = emails[0] if isinstance(emails, list) and emails else None
        return f"{name} <{email}>" if name and email else str(name or email or "bot")

    def rooms(self) -> list[Room]:
        """Return every room the bot is in.

        The title is "" where Webex could not decrypt it. Source: GET /rooms.
        """
        return self.ask(
            lambda api: [
                webex_rooms.room(room.json_data)
                for room in api.rooms.list(max=_ROOMS_PER_PAGE)
            ]
        )

    def resolve(self, room: str) -> Destination:
        """Return where `room` is: a title, id, space link, e-mail address or person.

        A person is named by the display name, and meant if no room has it as its title.
        A match is cached for five minutes; a miss asks Webex again.
        """
        if (person := webex_rooms.person(room)) is not None:
            return person
        began = time.monotonic()
        if len(found := self._matches(room, since=began - _CACHE_S)) != 1:
            with self._listing:
                # Another thread may have asked while this one waited.
                if self._known[0] < began:
                    self._list_rooms(room)
                found = webex_rooms.matches(room, self._known[1])
        if not found:
            self._require_whole_list()
            if webex_rooms.is_link(room):
                raise webex_rooms.unknown(room, self._known[1])
            return self._person(room)
        if len(found) > 1:
            raise webex_rooms.ambiguous(room, found)
        return Destination(room_id=found[0].id)

    def _require_whole_list(self) -> None:
        """Believe a list that lacks a room only if it is whole, or stays as it is.

        Raises:
            UpstreamError: it is empty, or Webex could not decrypt some of its titles.
        """
        doubt, now_s = webex_rooms.doubt(self._known[1]), time.monotonic()
        if not doubt:
            self._doubted_s = None
            return
        since_s, last_s = self._doubted_s or (now_s, now_s)
        if now_s - last_s >= _DOUBT_S:  # another one: nobody asked in between
            since_s = now_s
        self._doubted_s = since_s, now_s
        if now_s - since_s < _DOUBT_S:
            raise UpstreamError(wordings.ASKED_AGAIN(why=doubt), retry=True)

    def _list_rooms(self, room: str) -> None:
        """Read or list the rooms; a list of others will do if it has the one wanted."""
        lists = self._shared.rooms if self._shared else None
        for within_s in (_CACHE_S, 0.0):
            rooms, age_s = (
                lists.get(self.rooms, within_s) if lists else (self.rooms(), 0.0)
            )
            self._known = (time.monotonic() - age_s, rooms)
            if age_s == 0.0 or len(webex_rooms.matches(room, rooms)) == 1:
                return

    def require_person(self, email: str) -> None:
        """Do nothing if a person with this address is known to Webex.

        Source: GET /people, which shows those of the bot's own organization.

        Raises:
            UpstreamError: it is not, which says nothing about other organizations.
        """
        if not self.ask(lambda api: list(api.people.list(email=email, max=1))):
            raise UpstreamError(
                wordings.WEBEX_NO_SUCH_PERSON(address=email), retry=True
            )

    def _person(self, name: str) -> Destination:
        """Return the only person of this name. Source: GET /people?displayName=."""
        found_at, email = self._people.get(name, (float("-inf"), ""))
        if time.monotonic() - found_at < _CACHE_S:
            return Destination(to_person_email=email)
        wanted = " ".join(name.split())
        emails: list[str] = []
        if _SHORTEST_NAME <= len(wanted) <= _LONGEST_NAME:
            try:
                emails = webex_rooms.people_named(wanted, self._people_like(wanted))
            except UpstreamError as exc:
                if exc.retry:
                    raise
        if not emails:
            raise webex_rooms.unknown(name, self._known[1])
        if len(emails) > 1:
            raise webex_rooms.several_people(name, emails)
        if len(self._people) >= _MOST_PEOPLE:
            self._people.clear()
        self._people[name] = time.monotonic(), emails[0]
        return Destination(to_person_email=emails[0])

    def _people_like(self, name: str) -> list[dict[str, Any]]:
        return self.ask(
            lambda api: [
                dict(person.json_data)
                for person in islice(api.people.list(displayName=name), _MOST_PEOPLE)
            ]
        )

    def _matches(self, room: str, *, since: float) -> list[Room]:
        listed_at, rooms = self._known
        return webex_rooms.matches(room, rooms) if listed_at >= since else []

    def post(
        self,
        to: Destination,
        markdown: str,
        *,
        file: Path | None = None,
        parent_id: MessageId | None = None,
        card: Mapping[str, Any] | None = None,
    ) -> MessageId:
        """Post a message, with a local file, as a reply to a thread's first message.

        `markdown` is truncated to Webex's limit. card: an Adaptive Card, shown in place
        of the text; it cannot travel with a file. Source: POST /messages.
        """
        files = None
        if file is not None:
            if not file.is_file():
                raise UpstreamError(wordings.WEBEX_FILE_GONE(), retry=False)
            files = [str(file.resolve())]
        return self.ask(
            lambda api: _message_id(
                api.messages.create(
                    roomId=to.room_id,
                    toPersonEmail=to.to_person_email,
                    parentId=parent_id,
                    markdown=fit(markdown),
                    files=files,
                    attachments=_attachments(card) if files is None else None,
                ).json_data
            ),
            posting=True,
        )

    def close(self) -> None:
        with self._lock:
            if self._session is not None:
                self._session.close()

    def ask(self, question: Callable[[Any], T], *, posting: bool = False) -> T:
        """Make one call to the SDK and turn all its exceptions into ours.

        For the modules of this package, which know the SDK.
        """
        if self._shared is not None:
            self._shared.require_open(posting=posting)
        self._seen.answer = None
        self._seen.urls.clear()
        sdk = webexteamssdk()
        try:
            return question(self._api(sdk))
        except (
            sdk.webexteamssdkException,
            requests.RequestException,
            OSError,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            AssertionError,
        ) as exc:
            trouble = translate(exc, self._seen.answer, self._token, posting=posting)
        if self._shared is not None:
            self._shared.note(self._seen.answer, trouble, posting=posting)
        # Not inside `except`: the SDK's exceptions contain the token and would be
        # chained as the context.
        raise trouble

    def _api(self, sdk: Any) -> Any:
        """Return the SDK object, created once, for all threads.

        Its only mutable part is the session's connection pool, which is thread-safe.
        """
        with self._lock:
            now = time.monotonic()
            if self._sdk is None:
                api = sdk.WebexTeamsAPI(
                    access_token=self._token,
                    base_url=self._base_url,
                    single_request_timeout=self._timeout_s,
                    # Otherwise it would sleep up to an hour in this thread, and hang
                    # when resending an upload's exhausted body.
                    wait_on_rate_limit=False,
                )
                # The SDK has no public way to its requests session.
                self._session = guard(
                    api._session._req_session,
                    self._base_url,
                    refuse=self._refusal,
                    upstream=Upstream.WEBEX,
                )
                self._session.hooks["response"].append(self._keep_answer)
                # requests would turn a redirected POST into a GET.
                self._session.max_redirects = 0
                self._sdk = api
            elif self._session is not None and now - self._used_at > _IDLE_S:
                # A message into a connection that a firewall has dropped would only end
                # in a timeout, with an unknown outcome.
                self._session.close()
            self._used_at = now
            return self._sdk

    def _refusal(self, request: requests.PreparedRequest) -> str | None:
        """Return why a request must not leave: the SDK sends the token to any link."""
        url = request.url or ""
        if origin(url) != origin(self._base_url):
            return "Webex's answer leads to another server: not followed"
        seen = self._seen.urls
        if request.method == "GET" and (url in seen or len(seen) >= _MAX_PAGES):
            return "Webex's list never ends (paging loop)"
        seen.add(url)
        return None

    def _keep_answer(
        self, answer: requests.Response, *_args: Any, **_kwargs: Any
    ) -> requests.Response:
        """Keep the answer: some of the SDK's exceptions lack its status."""
        self._seen.answer = answer
        if answer.request.method == "POST" and 200 < answer.status_code < 300:
            # The SDK would treat a created message as an error unless it is a 200.
            answer.status_code = 200
        return answer


def _attachments(card: Mapping[str, Any] | None) -> list[dict[str, Any]] | None:
    return None if card is None else [{"contentType": _CARD, "content": dict(card)}]


def _message_id(data: Any) -> MessageId:
    if not isinstance(data["id"], str):
        raise TypeError("the message has no id")
    return MessageId(data["id"])
