"""Dashboard call: one authenticated request to Meraki, its redirects and its refusals.

The key goes to the configured server and to Meraki's own hosts, nowhere else; requests
would strip it on a shard redirect, or carry a custom header to any host.
Nothing is retried here: that is up to the job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from mvsnap import __version__
from mvsnap.clients import answers
from mvsnap.clients.hosts import is_trusted
from mvsnap.clients.meraki.budget import Budget
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.texts import wordings
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import Upstream, service_name

USER_AGENT = f"mvsnap/{__version__} mvsnap"
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
_MAX_PAGES = 1000
# After a 429 that does not say for how long.
_BUSY_S = 1.0

_ADVICE = {
    401: wordings.MERAKI_REFUSED_KEY,
    403: wordings.MERAKI_FORBIDS,
    404: wordings.MERAKI_UNKNOWN,
}


class DashboardRefused(UpstreamError):
    """Meraki answered 400; `words` is its own message."""

    def __init__(self, words: str) -> None:
        why = words or wordings.NO_REASON_GIVEN()
        super().__init__(wordings.REQUEST_REFUSED(why=why), retry=False)
        self.words = words


class NotOfThisKey(UpstreamError):
    """Meraki answered 403 or 404: it does not know, or may not show, what was asked."""


class DashboardCalls:
    """Sends requests below `base_url` within the budget; thread-safe."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        clock: Clock,
        budget: Budget,
        timeout_s: float,
        trusted_hosts: tuple[str, ...],
        name: str = "",
    ) -> None:
        """name: of the organization in the settings, for the status page."""
        self._configured = self._base = base_url.strip().rstrip("/")
        self._key = api_key.strip()
        self._clock = clock
        self._setting = f"the api_key of {name}" if name else "meraki.api_key"
        self._budget = budget
        self._timeout_s = timeout_s
        self._trusted_hosts = trusted_hosts
        self._http = guard(
            requests.Session(),
            self._configured,
            upstream=service_name(Upstream.MERAKI, name),
        )
        self._http.headers["User-Agent"] = USER_AGENT
        self._http.auth = self._sign

    def close(self) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Any = None,
        body: Any = None,
        urgent: bool = False,
    ) -> Any:
        """Return the parsed JSON of a 2xx answer.

        query: names of array parameters end in `[]`.
        body: a JSON object, possibly empty; None sends no body at all.
        urgent: for calls that cannot wait.

        Raises:
            DashboardRefused: Meraki answered 400.
            UpstreamError: anything else; the message is for people.
        """
        url = self._base + path
        answer = self._follow(method, url, query, body, urgent=urgent)
        return self._parsed(answer)

    def pages(self, path: str, *, query: Any = None) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of all pages; `next` links are followed as they are.

        Source: Pagination.md (unquoted rel, links may be relative).
        """
        url, seen = self._base + path, set[str]()
        while True:
            answer = self._follow("GET", url, query, None)
            yield from _rows(self._parsed(answer))
            link = answer.links.get("next", {}).get("url")
            if not link:
                return
            seen.add(url)
            url, query = urljoin(answer.url, link), None
            if url in seen or len(seen) >= _MAX_PAGES:
                raise UpstreamError(wordings.MERAKI_ENDLESS(), retry=False)
            self._check_host(url, "page")

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._key}"
        return request

    def _follow(
        self, method: str, url: str, query: Any, body: Any, *, urgent: bool = False
    ) -> requests.Response:
        """Send, and repeat the request at the target of a 3xx, five times at most."""
        path = urlsplit(url).path.removeprefix(urlsplit(self._base).path)
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._send(method, url, query, body, urgent)
            if answer.status_code not in REDIRECTS:
                self._remember(url, path, answer.status_code)
                return answer
            location = answer.headers.get("Location")
            if not location:
                raise UpstreamError(wordings.MERAKI_REDIRECTS_NOWHERE(), retry=False)
            # The query is part of the Location already.
            url, query = urljoin(answer.url, location), None
            self._check_host(url, "redirect")
        why = wordings.MERAKI_REDIRECTS_ENDLESSLY(most=MAX_REDIRECTS)
        raise UpstreamError(why, retry=False)

    def _remember(self, url: str, path: str, status: int) -> None:
        """Use the shard that answered directly next time.

        A shard that fails or has nothing is forgotten: organizations move.
        """
        found = url.split("?")[0]
        if 200 <= status < 300 and found.endswith(path):
            self._base = found.removesuffix(path)
        elif status not in (400, 429):
            self._base = self._configured

    def _check_host(self, url: str, what: str) -> None:
        if not is_trusted(url, self._trusted_hosts, self._configured):
            host = urlsplit(url).hostname or "an unclear address"
            why = wordings.MERAKI_LEADS_AWAY(what=what, host=answers.clean(host)[:80])
            raise UpstreamError(why, retry=False)

    def _send(
        self, method: str, url: str, query: Any, body: Any, urgent: bool
    ) -> requests.Response:
        self._budget.acquire(urgent=urgent)
        try:
            return self._http.request(
                method,
                url,
                params=query,
                json=body,
                timeout=self._timeout_s,
                allow_redirects=False,
            )
        except ExchangeFailed as exc:
            words, again = exc.words, exc.again
        except (requests.RequestException, ValueError):
            words, again = wordings.MERAKI_MALFORMED(), False
        # A shard may be shut down; the configured server knows the new one.
        self._base = self._configured
        host = urlsplit(url).hostname
        why = wordings.MERAKI_UNREACHABLE(host=str(host), why=words)
        raise UpstreamError(why, retry=again)

    def _parsed(self, answer: requests.Response) -> Any:
        status = answer.status_code
        if not 200 <= status < 300:
            raise self._refusal(answer)
        parsed = answers.parse_json(answer.content)
        if parsed is None:
            raise UpstreamError(wordings.MERAKI_NO_JSON(status=status), retry=True)
        return parsed

    def _refusal(self, answer: requests.Response) -> UpstreamError:
        status = answer.status_code
        words = answers.reason(answer.content, self._key)
        wait_s = answers.retry_after_s(
            answer.headers.get("Retry-After"), self._clock.now()
        )
        if status == 400:
            return DashboardRefused(words)
        if status == 429:
            # All others would be refused, too.
            self._budget.hold(_BUSY_S if wait_s is None else wait_s)
        if status in (408, 429) or status >= 500:
            wording = wordings.MERAKI_BUSY if status == 429 else wordings.MERAKI_ERROR
            why = _with(wording(status=status), words)
            return UpstreamError(why, retry=True, retry_after_s=wait_s)
        wording = _ADVICE.get(status, wordings.MERAKI_REFUSED)
        kind = NotOfThisKey if status in (403, 404) else UpstreamError
        why = _with(wording(status=status, setting=self._setting), words)
        return kind(why, retry=False)


def _with(why: Reason, words: str) -> Reason:
    """Return the reason with what Meraki said, if it said anything."""
    return wordings.WITH(first=why, then=words) if words else why


def _rows(parsed: Any) -> list[Mapping[str, Any]]:
    """Return the rows of a page: a list, or `{"items": [...]}` of newer operations."""
    rows = parsed.get("items") if isinstance(parsed, dict) else parsed
    if not isinstance(rows, list):
        raise UpstreamError(wordings.MERAKI_NO_LIST(), retry=True)
    return [row for row in rows if isinstance(row, dict)]
