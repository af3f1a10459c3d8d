"""Reads the directory when it has changed, and fetches photos of people seen."""

from __future__ import annotations

import hashlib
import io
import logging
from datetime import timedelta
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from mvsnap.badges import directory
from mvsnap.badges.directory import Directory
from mvsnap.badges.directory_client import DirectoryClient
from mvsnap.badges.directory_store import DirectoryState, DirectoryStore, PhotoRequest
from mvsnap.clock import Clock, has_passed
from mvsnap.core.encodings import check_encoding, encoding_of
from mvsnap.errors import BadInput, UpstreamError
from mvsnap.store.files import Files
from mvsnap.texts import file_wordings as said
from mvsnap.texts.wording import Reason
from mvsnap.upstreams import OUTCOMES, Upstream
from mvsnap.values import replace

log = logging.getLogger(__name__)

_URL_EVERY = timedelta(minutes=10)
_URL_AFTER_ERROR = timedelta(minutes=1)
_MAX_BYTES = 20 * 1024 * 1024
_PHOTOS_AT_ONCE = 4
# Raised when the same file is read in another way: it is then read again.
_READS = 2


class DirectoryReader:
    """place: a file, an http(s) address, or None without a directory.

    encoding: of its text, None to find it.
    """

    def __init__(
        self,
        store: DirectoryStore,
        files: Files,
        client: DirectoryClient,
        clock: Clock,
        *,
        place: str | None,
        encoding: str | None = None,
    ) -> None:
        self._store = store
        self._files = files
        self._client = client
        self._clock = clock
        self._place = place
        self._encoding = encoding
        self._is_url = place is not None and _is_url(place)
        self._seen = ""

    def step(self) -> None:
        """Read the directory if it has changed."""
        known = self._store.state()
        if self._place is None:
            if known is not None:
                self._store.clear()
            return
        if known is not None and known.place != self._place:
            known = None
        if self._is_url:
            if known is None or self._is_due(known):
                self._read(self._place, known)
            return
        fingerprint = self._fingerprint()
        if known is not None and known.fingerprint == fingerprint:
            return
        before, self._seen = self._seen, fingerprint
        if known is not None and fingerprint != before:
            return  # it may be half written: reading it now would drop the other half
        self._read(self._place, known, fingerprint)

    def fetch_photos(self) -> bool:
        """Fetch some of the photos needed; return whether to continue at once.

        Stops at a host that does not answer: the next one may take as long.
        """
        for _ in range(_PHOTOS_AT_ONCE):
            # One at a time: photos not reached remain for the next time.
            requests = self._store.claim_photos(self._clock.now(), 1)
            if not all(map(self._fetch_photo, requests)) or not requests:
                return False
        return True

    def _fingerprint(self) -> str:
        """Return a text that differs when the file must be read again."""
        try:
            found = Path(self._place or "").stat()
        except OSError as exc:
            return f"error {exc.errno}"
        how = f"{_READS} {self._encoding or ''}".strip()
        return f"{found.st_mtime_ns} {found.st_size} {found.st_ino} {how}"

    def _is_due(self, known: DirectoryState) -> bool:
        every = _URL_AFTER_ERROR if known.error else _URL_EVERY
        return has_passed(every, known.read_at, self._clock.now())

    def _read(
        self, place: str, known: DirectoryState | None, fingerprint: str = ""
    ) -> None:
        """fingerprint: of a file; that of an address comes from its people."""
        now = self._clock.now()
        state = DirectoryState(place, fingerprint, now, 0, 0, Reason(""))
        try:
            found = read_directory(place, self._client, self._encoding)
        except (BadInput, UpstreamError) as exc:
            if known:
                state = replace(
                    state,
                    people=known.people,
                    fingerprint=fingerprint or known.fingerprint,
                )
            OUTCOMES.failed(Upstream.DIRECTORY, exc.as_reason)
            self._store.note(replace(state, error=exc.as_reason))
            log.warning("the directory cannot be used: %s", exc.message)
            return
        OUTCOMES.worked(Upstream.DIRECTORY)
        if found.mistakes:
            state = replace(state, error=left_out(found))
        fingerprint = fingerprint or _digest(found)
        people = len(found.people)
        state = replace(
            state, fingerprint=fingerprint, people=people, mistakes=found.mistakes
        )
        if known is not None and known.fingerprint == fingerprint:
            self._store.note(state)  # spare the SD card: no person is rewritten
            return
        self._store.replace(state, found.people)
        log.info("the directory has %d people", people)

    def _fetch_photo(self, request: PhotoRequest) -> bool:
        """Store the photo, or why there is none; False if its host is in trouble."""
        goes_on, error = True, None
        try:
            image = self._image(request.photo)
            path: str | None = self._files.save_photo(image)
        except UpstreamError as exc:
            path, error, goes_on = None, exc.as_reason, not exc.retry
        except BadInput as exc:  # of the picture
            path, error = None, exc.as_reason
        except Exception:
            # Unrecorded, this photo would come first each time and block the others.
            log.exception("fetching a directory photo failed unexpectedly")
            path, error = None, said.NOT_STORED()
        self._store.keep_photo(request, path, error)
        if error:
            log.info("directory photo not used: %s", error)
        return goes_on

    def _image(self, photo: str) -> bytes:
        has_scheme = ":" in photo.split("/")[0]
        if self._is_url:
            return self._client.photo(_joined(self._place or "", photo))
        if has_scheme or photo.startswith(("//", "\\")):
            return self._client.photo(photo)
        folder = Path(self._place or "").parent.resolve()
        try:
            path = (folder / photo).resolve()
            if path.is_relative_to(folder) and path.is_file():
                return _photo_file(path)
        except (OSError, RuntimeError):
            pass  # a name that is too long, or a link to itself
        raise UpstreamError(said.NO_FILE(value=repr(photo[:40])), retry=False)


def read_directory(
    place: str, client: DirectoryClient | None = None, encoding: str | None = None
) -> Directory:
    """Read a file or an address, CSV or JSON; `encoding` is found if None.

    Raises:
        BadInput: it cannot be read, is not a directory, or is empty.
        UpstreamError: its server did not deliver it.
    """
    if _is_url(place):
        content = (client or DirectoryClient(())).people(place)
        path = urlsplit(place).path
    else:
        content, path = _file(place), place
    if encoding is not None:
        encoding = check_encoding(encoding)
    encoding = encoding_of([content], encoding, option="badges.directory_encoding")
    text = content.decode(encoding, errors="replace")
    if not encoding.startswith("utf-8"):
        log.info("the directory is read as %s", encoding)
    if path.casefold().endswith(".json") or text.lstrip()[:1] in ("[", "{"):
        found = directory.read_json(text)
    else:
        found = directory.read_csv(io.StringIO(text, newline=""))
    if not found.people:
        # A failed export is empty, too; an office without people has no readers.
        if found.mistakes:
            raise BadInput(said.NO_PEOPLE_BUT(what=left_out(found)))
        raise BadInput(said.NO_PEOPLE())
    return found


def _digest(found: Directory) -> str:
    """Return a text that differs when the people differ, whatever surrounds them."""
    digest = hashlib.sha256()
    for person in found.people:
        digest.update(repr(person).encode())
    return digest.hexdigest()


def _is_url(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _joined(place: str, photo: str) -> str:
    try:
        return urljoin(place, photo)
    except ValueError as exc:
        words = said.NO_ADDRESS(value=repr(photo[:40]))
        raise UpstreamError(words, retry=False) from exc


def _photo_file(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MAX_BYTES:
            size = _MAX_BYTES // 1024 // 1024
            raise UpstreamError(said.LARGE_PHOTO(size_mb=size), retry=False)
        return path.read_bytes()
    except OSError as exc:
        words = said.UNREAD_PHOTO(why=str(exc.strerror))
        raise UpstreamError(words, retry=False) from exc


def _file(place: str) -> bytes:
    path = Path(place)
    try:
        if path.stat().st_size > _MAX_BYTES:
            size = _MAX_BYTES // 1024 // 1024
            raise BadInput(said.TOO_LARGE(path=path.name, size_mb=size))
        return path.read_bytes()
    except OSError as exc:
        # Where it was looked for, which a relative path does not say.
        where = str(path.absolute())
        raise BadInput(said.UNREAD(path=where, why=str(exc.strerror))) from exc


def left_out(found: Directory) -> Reason:
    """Return how many entries of the file are, and why the first one is."""
    if found.mistakes == 1:
        return said.ONE_LEFT_OUT(first=found.first)
    return said.LEFT_OUT(count=found.mistakes, first=found.first)
