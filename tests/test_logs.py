"""One line for each record, whoever makes it; no secret in any; repeats are counted."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import SimpleNamespace

import pytest

from mvsnap import logs
from mvsnap.clock import SystemClock
from mvsnap.core.keys import RANDOM_BYTES, secret_text
from mvsnap.logs import job
from mvsnap.logs.lines import Format, TextLine
from mvsnap.logs.printed import PrintedLines
from mvsnap.logs.repeats import Repeats
from mvsnap.loop import Attempt
from tests.servers.no_threads import no_more_threads
from tests.servers.processes import wait_until

SECRET = secret_text(bytes(range(RANDOM_BYTES)))
ours = logging.getLogger("mvsnap.tests")
Logged = Callable[..., AbstractContextManager[Callable[[], list[str]]]]


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Logged]:
    """Configures the log as a service does; what it says is a list of lines."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook

    @contextmanager
    def configured(
        form: Format = "text", *, secrets: tuple[str, ...] = (), repeats_s: float = 60
    ) -> Iterator[Callable[[], list[str]]]:
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        logs.configure(secrets, form=form, repeats_s=repeats_s)
        logs.catch_errors_of_threads()
        yield lambda: stream.getvalue().splitlines()
        root.handlers[0].close()

    yield configured
    logging.captureWarnings(False)
    root.handlers[:], root.level = before, level
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    logging.getLogger("mvsnap").setLevel(logging.NOTSET)


@pytest.mark.parametrize(
    "text",
    [
        f"POST /webhook/{SECRET} failed",
        f"key {SECRET.upper()!r}",
        f"https://mv.example/webhook/{SECRET}/",
        f"?apikey={SECRET}&x=1",
    ],
)
def test_a_key_made_on_a_page_is_hidden_by_its_form(text: str) -> None:
    record = logging.LogRecord("x", logging.INFO, "x", 1, text, None, None)
    line = TextLine([]).format(record)
    assert SECRET[7:] not in line.lower()
    assert "[hidden]" in line


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "secret", ["plain-secret", 'with"quote', "back\\slash", "a ä/&"]
)
def test_a_secret_is_hidden_however_it_is_written(
    logged: Logged, form: Format, secret: str
) -> None:
    with logged(form, secrets=(secret,)) as lines:
        ours.info("it is %s, or %r", secret, secret)
        ours.info("as JSON: %s", json.dumps({"key": secret}))
        try:
            raise ValueError(secret)
        except ValueError:
            ours.exception("failed")
        text = "\n".join(lines())
    escaped = json.dumps(secret)[1:-1]
    found = [each for each in (secret, escaped, repr(secret)[1:-1]) if each in text]
    assert found == []
    assert text.count("[hidden]") == 4


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://mv:correct%20horse@db/mv", "no correct horse"),
        ("postgresql+psycopg://mv:correct-horse@db/mv", "no correct-horse at db"),
    ],
)
def test_the_password_in_a_secret_url_is_hidden(
    logged: Logged, url: str, shown: str
) -> None:
    with logged(secrets=(url, "http://[broken", "p://mvsnap:mvsnap@h")) as lines:
        ours.warning("%s; of mvsnap", shown)
        assert "horse" not in lines()[0]
        assert lines()[0].endswith("of mvsnap")


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "end", ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "\0"]
)
def test_what_comes_from_outside_makes_no_second_line(
    logged: Logged, form: Format, end: str
) -> None:
    with logged(form) as lines, job.about(f"1{end}2"):
        ours.info("from %s", f"me{end}2026-01-01T00:00:00+0000 INFO mvsnap: forged")
        logging.getLogger("lib").error("%s", f"a{end}b")
        try:
            raise ValueError(f"a{end}b")
        except ValueError:
            ours.exception("failed")
        assert len(lines()) == 3
        if form == "json":
            assert all(json.loads(line) for line in lines())


def test_json_has_the_job_and_the_thread(logged: Logged) -> None:
    with logged("json") as lines:
        with job.about("a-job"), job.JobThreads(1, "picture") as pool:
            pool.submit(ours.info, "taken").result()
        ours.info("of none")
        taken, of_none = (json.loads(line) for line in lines())
    assert taken["thread"] == "picture_0"
    assert (taken["job"], taken["level"], taken["message"]) == (
        "a-job",
        "info",
        "taken",
    )
    assert taken["time"].endswith("Z")
    assert "job" not in of_none


def test_what_is_said_while_the_log_is_made_anew_hides_secrets(
    logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    with logged(secrets=("a-secret",)) as lines:
        close = logs.LogHandler.close

        def beside(handler: logs.LogHandler) -> None:
            # As of another thread, between the old handler and the new one.
            ours.warning("the key is a-secret, the other new-secret")
            close(handler)

        with monkeypatch.context() as patch:
            patch.setattr(logs.LogHandler, "close", beside)
            logs.hide(["new-secret"])
            logs.configure(["a-secret"])
        (said,) = lines()
        assert said.endswith("the key is [hidden], the other [hidden]")


def test_libraries_with_handlers_of_their_own_use_ours(logged: Logged) -> None:
    from dbos._logger import init_logger

    with logged() as lines:
        init_logger()
        logging.getLogger("dbos").warning("lost: %s", "why\n[SQL: SELECT 1]")
        logging.getLogger("botocore.hooks").warning("a bucket")
        logging.getLogger("sqlalchemy.pool").error("a pool")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", DeprecationWarning, stacklevel=1)
        assert [line.split(" ", 2)[2] for line in lines()[:3]] == [
            "dbos: lost: why",
            "botocore.hooks: a bucket",
            "sqlalchemy.pool: a pool",
        ]
        assert " WARNING py.warnings: " in lines()[3]


def test_a_traceback_of_a_library_is_what_it_ends_with(logged: Logged) -> None:
    trace = (
        "Traceback (most recent call last):\n  File x, line 1\npsycopg.Error: gone\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        "Traceback (most recent call last):\n  File y, line 2\n"
        "sqlalchemy.exc.OperationalError: (psycopg.Error) gone\n[SQL: SELECT 'x']\n"
        "(Background on this error at: https://sqlalche.me/e/20/e3q8)\n"
    )
    with logged() as lines:
        logging.getLogger("dbos").warning("polling: " + trace)  # noqa: G003
        assert len(lines()) == 1
        assert lines()[0].endswith(
            "dbos: polling: sqlalchemy.exc.OperationalError: (psycopg.Error) gone"
        )


def test_what_is_down_needs_no_traceback(logged: Logged) -> None:
    with logged() as lines:
        try:
            raise ConnectionRefusedError(111, "Connection refused")
        except ConnectionRefusedError:
            ours.exception("not stored")
        assert lines()[0].endswith(
            "not stored | ConnectionRefusedError: [Errno 111] Connection refused"
        )


def test_what_nobody_caught_is_a_line(logged: Logged) -> None:
    def fail() -> None:
        raise ValueError("with a secret")

    with logged(secrets=("secret",)) as lines:
        thread = threading.Thread(target=fail, name="camera")
        thread.start()
        thread.join()
        sys.excepthook(ValueError, ValueError("secret"), None)
        assert len(lines()) == 2
        assert "thread camera ended by an unexpected error" in lines()[0]
        assert "ValueError: with a [hidden]" in lines()[0]


def test_a_line_that_cannot_be_made_shows_no_values(logged: Logged) -> None:
    with logged() as lines:
        ours.warning("%d cameras", "a secret")
        assert "'%d cameras'" in lines()[0]
        assert "a secret" not in lines()[0]


def test_what_is_printed_is_a_line(logged: Logged) -> None:
    with logged(secrets=("hush-hush",)) as lines:
        print("a", "hush-hush\nb", file=PrintedLines(sys.stderr, "stdout"))
        assert [line.split(" ", 1)[1] for line in lines()] == [
            "WARNING stdout: a [hidden]",
            "WARNING stdout: b",
        ]


def test_repeated_warnings_are_counted_and_what_happened_is_not(
    logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Logging them takes a busy machine longer than that.
    now_s = 0.0
    monkeypatch.setattr(logs, "time", SimpleNamespace(monotonic=lambda: now_s))
    with logged(repeats_s=0.2) as lines:
        for n in range(58):
            logging.getLogger("dbos").warning("attempt %d failed after 0.%d s", n, n)
            ours.info("a crowd at the gate")
        assert sum("attempt" in line for line in lines()) == 1
        assert sum("a crowd" in line for line in lines()) == 58
        now_s = 0.3
        wait_until(lambda: "57 times more in 0.2 s" in lines()[-1], "without another")


def test_a_line_is_written_also_where_no_thread_can_begin(logged: Logged) -> None:
    with logged(repeats_s=0.2) as lines:
        with no_more_threads():
            for _ in range(3):
                ours.warning("no answer")
        ours.warning("no answer")
        wait_until(lambda: "more in 0.2 s" in lines()[-1], "without another")


def test_a_loop_goes_on_that_fails_where_no_thread_can_begin(logged: Logged) -> None:
    def step() -> None:
        raise RuntimeError("can't start new thread")

    with logged() as lines, no_more_threads():
        for _ in range(2):
            assert not Attempt("clips", step, SystemClock())()
        assert len(lines()) == 1


def test_warnings_of_two_jobs_are_two(logged: Logged) -> None:
    with logged() as lines:
        for name in ("one", "two", "one"):
            with job.about(name):
                ours.warning("no answer; trying again")
        assert [line[-9:] for line in lines()] == ["(job one)", "(job two)"]
    assert "(once more in a minute) (job one)" in lines()[-1]


def test_an_outage_is_a_line_a_minute_and_needs_little_memory() -> None:
    written: list[str] = []
    now_s = 0.0
    repeats = Repeats(
        lambda record: written.append(record.getMessage()),
        lambda: now_s,
        threading.RLock(),
    )

    def say(text: str) -> None:
        repeats.handle(
            logging.LogRecord("mvsnap", logging.ERROR, "", 1, text, None, None)
        )

    for second in range(181):
        now_s = second
        say("away")
    assert written == [
        "away",
        "away (59 times more in a minute)",
        "away (60 times more in a minute)",
        "away (60 times more in a minute)",
    ]
    for number in range(5_000):
        say(f"different {number}")
    assert len(repeats._seen) <= 500
    assert "away (once more in a minute)" in written
    repeats.tell_all()
    assert not repeats._seen
