"""A time limit for the work of one tick; the next tick continues.

Dagster drops a tick that takes too long, with the runs it requested, and restoring a lost instance
of ten thousand documents takes fifty thousand events. So a tick works in pieces and checks the
clock between them. It keeps no state for the next tick, which compares again.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

# A piece is one SQLite transaction, or one per asset. Meanwhile nobody else can write to the same
# file, and Dagster's daemon must write its heartbeats.
DOCUMENTS_PER_PIECE = 500

Item = TypeVar("Item")


class Turn:
    """A limit of *seconds*, by *clock*, for work in pieces; no limit by default, as for a command.

    The time starts with the first piece, which is always done: each turn makes progress, even on a
    slow machine. ``left`` is the least number of documents left when the time was over.
    """

    def __init__(
        self,
        seconds: float = math.inf,
        *,
        documents: int = DOCUMENTS_PER_PIECE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.documents = documents
        self.left = 0
        self._seconds = seconds
        self._clock = clock
        self._began_at: float | None = None

    def goes_on(self) -> bool:
        """Whether there is time for another piece."""
        if self._began_at is None:
            self._began_at = self._clock()
            return True
        return self._clock() - self._began_at < self._seconds

    def pieces(self, items: Sequence[Item]) -> Iterator[Sequence[Item]]:
        """Yield *items*, which are documents, piece by piece while there is time."""
        for start in range(0, len(items), self.documents):
            if not self.goes_on():
                self.leave(len(items) - start)
                return
            yield items[start : start + self.documents]

    def leave(self, documents: int) -> None:
        """Note that *documents* are left; they may include those noted before."""
        self.left = max(self.left, documents)
