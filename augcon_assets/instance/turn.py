"""How much of what is left to do a tick does before it lets the next one go on.

A tick that takes longer than Dagster allows is dropped with what it requested, and a lost instance
of ten thousand documents is fifty thousand events. So a tick works in pieces, and looks at the
clock between them. Nothing is kept for the next tick: it compares again.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

# A piece is a transaction of SQLite, or one for each asset: while it lasts, no one else writes to
# the same file, and Dagster's daemon has its heartbeats to write.
DOCUMENTS_PER_PIECE = 500

Item = TypeVar("Item")


class Turn:
    """Work in pieces for so many seconds, by *clock*; without end by default, as for a command.

    The time begins with the first piece, which is always done: each turn comes closer to the end,
    however slow the machine. ``left``: so many documents at least were left for want of time.
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
        """*items*, which are documents, piece by piece while there is time."""
        for start in range(0, len(items), self.documents):
            if not self.goes_on():
                self.leave(len(items) - start)
                return
            yield items[start : start + self.documents]

    def leave(self, documents: int) -> None:
        """Note that *documents* are left; they may be those that were noted before."""
        self.left = max(self.left, documents)
