"""The time, as everything that depends on the day reads it; another may be set for a body."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_clock: ContextVar[Callable[[], float]] = ContextVar("augcon_clock", default=time.time)


def now() -> float:
    """Seconds since 1970, UTC."""
    return _clock.get()()


def utc_now() -> datetime:
    """The same as the warehouse keeps it: UTC, without a time zone."""
    return datetime.fromtimestamp(now(), UTC).replace(tzinfo=None)


@contextmanager
def reading(clock: Callable[[], float]) -> Iterator[None]:
    """In the body, :func:`now` is what *clock* says."""
    token = _clock.set(clock)
    try:
        yield
    finally:
        _clock.reset(token)
