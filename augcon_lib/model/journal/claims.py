"""Let one process at a time ask for an answer: the others wait, and find it in the journal.

A claim is a lock on one byte of a file next to the journal, at a position given by the key. The
operating system releases it when its process ends, however that ends.
"""

import asyncio
import errno
import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

FIRST_PAUSE_SECONDS = 0.02
MAX_PAUSE_SECONDS = 0.5
# A lock takes longer the more are held. A batch of thousands does without the others.
MAX_CLAIMS = 2_000
# Only requests whose turn comes soon hold claims: many at once are slow.
PLACES_PER_CALL = 2
TAKEN = frozenset({errno.EACCES, errno.EAGAIN})


class Claims:
    """The claims of one process at the journal *path*; shared by all journals opened there.

    All locks of a file are lost when a process closes any descriptor of it, so there is only one,
    open as long as somebody uses it.
    """

    _open: ClassVar["dict[tuple[int, Path], Claims]"] = {}  # by process, since a fork has none
    _opening = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._users = 0
        self._held: set[int] = set()
        self._lock = threading.Lock()
        self._file = -1

    @classmethod
    def at(cls, journal_path: Path) -> "Claims":
        """Return the claims of *journal_path*; release them with :meth:`close`."""
        path = journal_path.resolve()
        with cls._opening:
            claims = cls._open.setdefault((os.getpid(), path), cls(path))
            claims._users += 1
            return claims

    def close(self) -> None:
        """Stop using the claims; the last user closes the file."""
        with self._opening:
            self._users -= 1
            if self._users == 0:
                self._open.pop((os.getpid(), self._path), None)
                if self._file >= 0:
                    os.close(self._file)
                    self._file = -1

    def held(self, key: bytes) -> "Claim":
        """Hold the claim of *key* (8 bytes or more) in the body, once nobody else does."""
        return Claim(self, int.from_bytes(key[:8], "big") >> 2)

    def take(self, place: int) -> bool:
        """Claim *place* unless somebody holds it; return whether that succeeded."""
        with self._lock:
            if place in self._held:
                return False
            if len(self._held) >= MAX_CLAIMS:
                self._held.add(place)
                return True
            try:
                if self._file < 0:
                    name = self._path.with_name(f"{self._path.name}.claims")
                    self._file = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError as error:
                if error.errno in TAKEN:
                    return False
                # A file system without locks: nobody can see a claim, and nobody waits.
            self._held.add(place)
            return True

    def give_back(self, place: int) -> None:
        """Release *place*."""
        with self._lock:
            self._held.discard(place)
            if self._file >= 0:
                with suppress(OSError):  # if locks are not supported
                    fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)


class Claim:
    """One place of *claims*, held in the body of ``async with``."""

    __slots__ = ("_claims", "_place")

    def __init__(self, claims: Claims, place: int) -> None:
        self._claims = claims
        self._place = place

    async def __aenter__(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._claims.take(self._place):
            await asyncio.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE_SECONDS)

    async def __aexit__(self, *error: object) -> None:
        self._claims.give_back(self._place)
