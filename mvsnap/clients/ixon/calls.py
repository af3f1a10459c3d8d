"""IXON call: one signed request to the IXON Cloud, its addresses, pages and refusals.

IXON's discovery lists the address of everything. Keys are only sent to addresses on the
configured server or on IXON's own hosts. Nothing is retried here, except for an expired
token.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import requests

from mvsnap import __version__
from mvsnap.clients.answers import moment
from mvsnap.clients.hosts import is_trusted
from mvsnap.clients.ixon.errors import (
    ACCOUNT_ADVICE,
    LOGIN_ADVICE,
    TOKEN_ADVICE,
    parsed,
    refusal,
)
from mvsnap.clients.ixon.login import (
    TOKEN_LIFE,
    AccessToken,
    Account,
    IxonLogin,
    PasswordRefused,
    ServiceToken,
)
from mvsnap.clients.transport import ExchangeFailed, guard
from mvsnap.clock import Clock
from mvsnap.errors import UpstreamError
from mvsnap.texts import ixon_wordings
from mvsnap.texts.wording import Reason
from mvsnap.texts.wordings import IXON_MALFORMED
from mvsnap.upstreams import Upstream

USER_AGENT = f"mvsnap/{__version__} mvsnap"
# The portal, version 1, and an older name of the portal that is still in use.
IXON_HOSTS = ("ixon.cloud", "ixon.net", "ayayot.com")

_DISCOVERY_ADVICE = {
    status: ixon_wordings.NOT_HERE(status=status) for status in (401, 403, 404)
}
_MAX_PAGES = 1000
_GOODBYE_S = 2.0


class IxonCalls:
    """Sends requests to one IXON cloud as one user; thread-safe."""

    def __init__(
        self,
        base_url: str,
        application_id: str,
        credentials: ServiceToken | Account,
        *,
        api_version: int,
        clock: Clock,
        timeout_s: float,
    ) -> None:
        self._base = base_url.strip().rstrip("/")
        self._clock = clock
        self._timeout_s = timeout_s
        prefix = "IXapi" if api_version == 1 else "Api"
        # With a token of version 1, no known client sends more.
        self._token_fields = "secretId" if api_version == 1 else "secretId,expiresOn"
        self._company_header = f"{prefix}-Company"
        self._links: dict[str, str] = {}
        self._discovering = threading.Lock()
        is_account = isinstance(credentials, Account)
        self._advice = ACCOUNT_ADVICE if is_account else TOKEN_ADVICE
        self._login = IxonLogin(credentials, clock=clock, sign_in=self._sign_in)
        self._http = guard(requests.Session(), self._base, upstream=Upstream.IXON)
        self._http.headers.update(
            {
                "User-Agent": USER_AGENT,
                "Accept": "application/json",
                f"{prefix}-Version": str(api_version),
                f"{prefix}-Application": application_id.strip(),
            }
        )

    def close(self) -> None:
        """Revoke the token of a login, if IXON is reachable."""
        token = self._login.forget()
        url = self._links.get("MyAccessToken")
        if token and url and is_trusted(url, IXON_HOSTS, self._base):
            with suppress(UpstreamError):
                headers = {"Authorization": f"Bearer {token}"}
                self._send("DELETE", url, headers=headers, limit_s=_GOODBYE_S)
        self._http.close()

    def object(self, method: str, rel: str, body: Any, *, company_id: str) -> Any:
        """Return the only object in `data` of a 2xx answer.

        IXON may send an object, or a list with one in it.
        """
        data = self._data(method, rel, {}, {}, company_id, body).get("data")
        if isinstance(data, list) and len(data) == 1:
            data = data[0]
        if not isinstance(data, dict):
            raise UpstreamError(ixon_wordings.NO_OBJECT(), retry=True)
        return data

    def rows(
        self, rel: str, fields: str, *, company_id: str | None = None, **ids: str
    ) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of all pages of a list.

        fields: the fields to request, like `name,servers(publicId,name)`.
        ids: fill the placeholders in the address, like {agentId}.

        Raises:
            UpstreamError: refused, unreachable, or endless pages.
        """

        def page(after: dict[str, str]) -> dict[str, Any]:
            return self._data("GET", rel, ids, {"fields": fields} | after, company_id)

        return _rows_of_pages(page)

    def names(self, rel: str) -> bool:
        """Return whether IXON's discovery has this address."""
        return rel in self._discovered()

    def _data(
        self,
        method: str,
        rel: str,
        ids: Mapping[str, str],
        query: Mapping[str, str],
        company_id: str | None,
        body: Any = None,
    ) -> dict[str, Any]:
        url = self._url(rel)
        for name, value in ids.items():
            url = url.replace(f"{{{name}}}", quote(value, safe=""))
        headers = {} if company_id is None else {self._company_header: company_id}
        answer = self._signed(method, url, headers, query, body)
        if not 200 <= answer.status_code < 300:
            if answer.status_code == 404:
                self._links = {}  # the address itself may have changed
            raise self._refusal(answer, self._advice)
        return self._parsed(answer)

    def _signed(
        self, method: str, url: str, headers: dict[str, str], query: Any, body: Any
    ) -> requests.Response:
        """Send with the token, and once more with a new one if it has expired."""
        token = self._login.token()
        headers["Authorization"] = f"Bearer {token}"
        answer = self._send(method, url, headers=headers, query=query, body=body)
        if answer.status_code == 401 and self._login.renewable:
            headers["Authorization"] = f"Bearer {self._login.renewed(token)}"
            answer = self._send(method, url, headers=headers, query=query, body=body)
        return answer

    def _sign_in(self, account: Account) -> AccessToken:
        """Source: POST /access-tokens with `Authorization: Basic`, answered 201."""
        answer = self._send(
            "POST",
            self._url("AccessTokenList"),
            headers={"Authorization": account.basic()},
            query={"fields": self._token_fields},
            body={"expiresIn": int(TOKEN_LIFE.total_seconds())},
        )
        if not 200 <= answer.status_code < 300:
            error = self._refusal(answer, LOGIN_ADVICE)
            if answer.status_code in (401, 403):
                raise PasswordRefused(error.as_reason, retry=False)
            raise error
        rows = _rows(self._parsed(answer))
        secret = rows[0].get("secretId") if rows else None
        if not isinstance(secret, str) or not secret:
            raise UpstreamError(ixon_wordings.NO_TOKEN(), retry=True)
        return AccessToken(secret, moment(rows[0].get("expiresOn")))

    def _discovered(self) -> dict[str, str]:
        """Return IXON's addresses by their `rel`; fetched once.

        Source: GET / answers `{"data": [{"rel", "href"}]}`, in version 1 `links`.
        """

        def page(after: dict[str, str]) -> dict[str, Any]:
            answer = self._send("GET", f"{self._base}/", query=after)
            if not 200 <= answer.status_code < 300:
                raise self._refusal(answer, _DISCOVERY_ADVICE)
            body = self._parsed(answer)
            return body if "data" in body else body | {"data": body.get("links")}

        with self._discovering:
            if not self._links:
                rows = _rows_of_pages(page)
                self._links = {str(r.get("rel")): str(r.get("href")) for r in rows}
            return self._links

    def _url(self, rel: str) -> str:
        url = self._discovered().get(rel, "")
        if not url:
            raise UpstreamError(ixon_wordings.NOT_OFFERED(name=rel), retry=False)
        if not is_trusted(url, IXON_HOSTS, self._base):
            raise UpstreamError(ixon_wordings.LEADS_AWAY(name=rel), retry=False)
        return url

    def _send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Any = None,
        body: Any = None,
        limit_s: float | None = None,
    ) -> requests.Response:
        try:
            return self._http.request(
                method,
                url,
                params=query,
                json=body,
                headers=headers,
                timeout=limit_s or self._timeout_s,
                allow_redirects=False,
            )
        except ExchangeFailed as exc:
            words, again = exc.words, exc.again
        except (requests.RequestException, ValueError):
            words, again = IXON_MALFORMED(), False
        # Not inside `except`: the library's exception contains the headers.
        raise UpstreamError(ixon_wordings.UNREACHABLE(why=words), retry=again)

    def _parsed(self, answer: requests.Response) -> dict[str, Any]:
        return parsed(answer, *self._login.secrets())

    def _refusal(
        self, answer: requests.Response, advice: Mapping[int, Reason]
    ) -> UpstreamError:
        return refusal(answer, self._clock.now(), advice, *self._login.secrets())


def _rows_of_pages(
    page: Callable[[dict[str, str]], dict[str, Any]],
) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of page after page, until `moreAfter` is null."""
    after, seen = dict[str, str](), set[str]()
    while True:
        body = page(after)
        yield from _rows(body)
        more = body.get("moreAfter")
        if more is None or more == "":
            return
        if str(more) in seen or len(seen) >= _MAX_PAGES:
            raise UpstreamError(ixon_wordings.ENDLESS(), retry=False)
        seen.add(str(more))
        after = {"page-after": str(more)}


def _rows(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return `data` as a list: a single value may come without one."""
    data = body.get("data")
    rows = [data] if isinstance(data, dict) else data
    if not isinstance(rows, list):
        raise UpstreamError(ixon_wordings.NO_LIST(), retry=True)
    return [row for row in rows if isinstance(row, dict)]
