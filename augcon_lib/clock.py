"""The clock for everything that depends on the day; another one may be set for a body."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_clock: ContextVar[Callable[[], float]] = ContextVar("augcon_clock", default=time.time)


def now() -> float:
    """Return the seconds since 1970, UTC."""
    return _clock.get()()


def utc_now() -> datetime:
    """Return the time as the warehouse stores it: UTC, without a time zone."""
    return datetime.fromtimestamp(now(), UTC).replace(tzinfo=None)


@contextmanager
def reading(clock: Callable[[], float]) -> Iterator[None]:
    """Let :func:`now` return the time of *clock* in the body."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)
