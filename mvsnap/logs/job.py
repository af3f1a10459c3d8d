"""The job that a thread is busy with: its id stands in every line of the log.

From the request that was accepted to the last message. Threads that work for a job get
their caller's: `JobThreads`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_current: ContextVar[str] = ContextVar("mvsnap_job", default="")
# None outside a request.
_accepted: ContextVar[tuple[str, ...] | None] = ContextVar(
    "mvsnap_accepted", default=None
)


def current() -> str:
    """Return the id of this thread's job, "" without one."""
    return _current.get()


def begin_request() -> None:
    """Say that what follows in this thread is a new request, for no job yet."""
    _current.set("")
    _accepted.set(())


def end_request() -> None:
    """Say that what follows in this thread is for no request and no job."""
    _current.set("")
    _accepted.set(None)


def accepted(job_id: str) -> None:
    """Say that the rest of the request is for a job, accepted just now.

    Outside a request nothing: a thread that lives on does the next thing for no job.
    """
    if (before := _accepted.get()) is not None:
        _current.set(job_id)
        _accepted.set((*before, job_id))


def of_request() -> tuple[str, ...]:
    """Return what was accepted since the request began."""
    return tuple(dict.fromkeys(_accepted.get() or ()))


@contextmanager
def about(job_id: str) -> Iterator[None]:
    """Say that the block is for a job."""
    before = _current.set(job_id)
    try:
        yield
    finally:
        _current.reset(before)


class JobThreads(ThreadPoolExecutor):
    """Threads for the job of the thread that gives them work."""

    def submit(
        self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        run = copy_context().run
        # mypy loses the parameters of `fn` on the way through `run`.
        return super().submit(run, fn, *args, **kwargs)  # type: ignore[arg-type]
