"""The fault server in a thread of its own, for tests that are not asynchronous themselves."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.fault_server import FaultServer, fault_server


class Served:
    """A server that can keep its answers back. ``server`` counts what it was asked."""

    def __init__(self, server: FaultServer, loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self._loop = loop

    def hold(self) -> None:
        """Answer nothing from now on, and forget what has arrived."""

        def begin() -> None:
            self.server.arrived.clear()
            self.server.hold = asyncio.Event()

        self._do(begin)

    def has_arrived(self, timeout_seconds: float = 20.0) -> bool:
        """Whether a call comes, or has come, within the time."""
        come = threading.Event()

        async def wait() -> None:
            await self.server.arrived.wait()
            come.set()

        asyncio.run_coroutine_threadsafe(wait(), self._loop)
        return come.wait(timeout_seconds)

    def release(self) -> None:
        """Answer what is waiting, and what comes."""

        def end() -> None:
            assert self.server.hold is not None
            self.server.hold.set()
            self.server.hold = None

        self._do(end)

    def _do(self, action: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            action()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(10)


@contextmanager
def served(**state: Any) -> Iterator[Served]:
    """A running server in a thread; see :class:`~tests.support.fault_server.FaultServer`."""
    ready: list[Served] = []
    is_up = threading.Event()
    stop: list[asyncio.Event] = []

    async def serve() -> None:
        async with fault_server(**state) as server:
            stop.append(asyncio.Event())
            ready.append(Served(server, asyncio.get_running_loop()))
            is_up.set()
            await stop[0].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert is_up.wait(10)
    try:
        yield ready[0]
    finally:
        ready[0]._loop.call_soon_threadsafe(stop[0].set)
        thread.join(10)
