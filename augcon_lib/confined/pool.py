"""The child processes: started when needed, kept for the next document."""

import atexit
import os
import threading

from augcon_lib.confined.frames import Frame, Header
from augcon_lib.confined.limits import Limits
from augcon_lib.confined.process import ChildDied, ConfinedProcess, TooMuchMemory, TooSlow
from augcon_lib.errors import DocumentError, SettingsError

MAX_WORKERS = 4
# A child takes a second to start, so that few documents share one.
DOCUMENTS_PER_WORKER = 40
# A crash may come from outside (somebody ends the child); the same one twice is the document's.
MAX_ATTEMPTS = 2


def worker_count(documents: int) -> int:
    """Return how many threads should send *documents* to children at once."""
    return max(1, min(_most_workers(), documents // DOCUMENTS_PER_WORKER))


def _most_workers() -> int:
    return min(MAX_WORKERS, os.cpu_count() or 1)


def run_confined(
    name: str,
    task: str,
    header: Header,
    body: bytes,
    limits: Limits,
    cancelled: threading.Event | None = None,
) -> Frame:
    """Run *task* (``module:function``) on the document *name* in a child process.

    Raises the task's ``DocumentError``, or one with the reason ``too_slow``, ``too_much_memory``,
    ``too_large`` or ``converter_crashed`` if a limit was reached. Raises the task's
    ``SettingsError``: no document is to blame. Raises ``Cancelled`` soon after *cancelled* is set.
    """
    try:
        reply, content = _attempt(
            {**header, "task": task}, body, limits, cancelled or threading.Event()
        )
    except TooSlow:
        detail = f"it takes more than {limits.seconds:g} seconds to read"
        raise DocumentError(name, "too_slow", f"{detail}; {_way_out('seconds')}") from None
    except TooMuchMemory:
        detail = f"reading it takes more than {limits.memory_bytes // 1_000_000:,} MB of memory"
        raise DocumentError(name, "too_much_memory", f"{detail}; {_way_out('megabytes')}") from None
    except ChildDied as error:
        detail = f"it makes its converter crash ({error}); fix or remove it"
        raise DocumentError(name, "converter_crashed", detail) from None
    if "misconfigured" in reply:
        raise SettingsError(reply["misconfigured"])
    if "refused" in reply:
        reason, message = reply["refused"]
        if reason == "unreadable":
            message = f"{message}; please report this file"
        raise DocumentError(name, reason, message)
    return reply, content


def _way_out(unit: str) -> str:
    return f"split it, or raise [source] max_document_{unit}"


def _attempt(header: Header, body: bytes, limits: Limits, cancelled: threading.Event) -> Frame:
    attempts = 0
    with _children.places:
        while True:
            child = _children.take()
            try:
                frame = child.run(header, body, limits, cancelled)
            except ChildDied as error:
                attempts += not error.idle
                if attempts == MAX_ATTEMPTS:
                    raise
            else:
                _children.give_back(child)
                return frame


class _Children:
    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Have none: after a fork they are the parent's."""
        self.places = threading.BoundedSemaphore(_most_workers())
        self._lock = threading.Lock()
        self._idle: list[ConfinedProcess] = []

    def take(self) -> ConfinedProcess:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_usable:
                    return child
                child.close()
        return ConfinedProcess()

    def give_back(self, child: ConfinedProcess) -> None:
        with self._lock:
            if child.is_usable and len(self._idle) < MAX_WORKERS:
                self._idle.append(child)
                return
        child.close()

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.close()


_children = _Children()
atexit.register(_children.close)
os.register_at_fork(after_in_child=_children.forget)
