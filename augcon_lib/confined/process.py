"""One child process, as its parent sees it."""

import select
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

import psutil

from augcon_lib.confined.frames import BrokenFrame, Frame, Header, read_frame, write_frame
from augcon_lib.confined.limits import Limits
from augcon_lib.settings import environment_without_secrets

# How often a child at work is looked at; most documents are done before the first time.
LOOK_SECONDS = 0.05
# A child that once used this share of its memory limit is replaced, so that it starts small again.
MAX_PEAK_SHARE = 0.6
HEADER_SPARE_BYTES = 1_000_000
STARTING = Limits(seconds=120, memory_bytes=1_000_000_000, output_bytes=0)
ONE_THREAD = {
    "MALLOC_ARENA_MAX": "2",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
}


class TooSlow(Exception):
    """The child was ended at its time limit."""


class TooMuchMemory(Exception):
    """The child was ended at its memory limit."""


class Cancelled(Exception):
    """Nobody waits for the answer any more."""


class ChildDied(Exception):
    """The child ended by itself, during the task or (``idle``) before it."""

    def __init__(self, description: str, *, idle: bool) -> None:
        super().__init__(description)
        self.idle = idle


class ConfinedProcess:
    """A child that does one task at a time."""

    def __init__(self) -> None:
        path = [str(Path(folder).absolute()) for folder in sys.path]
        environment = {
            **environment_without_secrets(),
            **ONE_THREAD,
            "PYTHONPATH": ":".join(path),
            "PYTHONUTF8": "1",
        }
        # In a session of its own, signals to the parent's group (Ctrl-C) don't reach it.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "augcon_lib.confined.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=environment,
            start_new_session=True,
        )
        self._requests = cast("IO[bytes]", self._process.stdin)
        self._replies = cast("IO[bytes]", self._process.stdout)
        self._poll = select.poll()
        self._poll.register(self._replies, select.POLLIN)
        self._watched = psutil.Process(self._process.pid)
        self._spent = False
        self._ready = False

    @property
    def is_usable(self) -> bool:
        """Whether it may get another task."""
        return not self._spent and self._process.poll() is None

    def run(self, header: Header, body: bytes, limits: Limits, cancelled: threading.Event) -> Frame:
        """Return the child's answer.

        Raises ``TooSlow``, ``TooMuchMemory``, ``ChildDied`` or ``Cancelled``; then the child is
        gone.
        """
        try:
            return self._run(header, body, limits, cancelled)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the child, whatever it does."""
        self._spent = True
        with suppress(OSError):
            self._process.kill()
        for pipe in (self._requests, self._replies):
            with suppress(OSError):
                pipe.close()
        self._process.wait()

    def _run(
        self, header: Header, body: bytes, limits: Limits, cancelled: threading.Event
    ) -> Frame:
        limited = {
            **header,
            "seconds": limits.seconds,
            "memory_bytes": limits.memory_bytes,
            "output_bytes": limits.output_bytes,
        }
        try:
            self._await_start(cancelled)
            write_frame(self._requests, limited, body)
            self._wait(limits, cancelled)
            frame = read_frame(self._replies, 2 * limits.output_bytes + HEADER_SPARE_BYTES)
        except (OSError, BrokenFrame) as error:
            raise self._death(str(error)) from None
        if frame is None:
            raise self._death("it sent no answer")
        if frame[0].get("out_of_memory"):
            raise TooMuchMemory
        if frame[0].get("peak_bytes", 0) > MAX_PEAK_SHARE * limits.memory_bytes:
            self.close()
        return frame

    def _await_start(self, cancelled: threading.Event) -> None:
        """Wait until the child is ready; that does not count as the document's time."""
        if not self._ready:
            self._wait(STARTING, cancelled)
            read_frame(self._replies, HEADER_SPARE_BYTES)
            self._ready = True

    def _wait(self, limits: Limits, cancelled: threading.Event) -> None:
        """Wait until there is an answer, or the child exceeds its limits."""
        end = time.monotonic() + limits.seconds
        while not self._poll.poll(LOOK_SECONDS * 1000):
            if cancelled.is_set():
                raise Cancelled
            if time.monotonic() > end:
                raise TooSlow
            with suppress(psutil.Error):
                if self._watched.memory_info().rss > limits.memory_bytes:
                    raise TooMuchMemory

    def _death(self, problem: str) -> "ChildDied | TooSlow":
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return ChildDied(problem, idle=False)
        if code == -signal.SIGALRM:
            return TooSlow()
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        return ChildDied(f"{problem}; {ended}", idle=code == 0)
