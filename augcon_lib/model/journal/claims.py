"""One process at a time asks for an answer: the others wait, and find it in the journal.

A claim is a lock on one byte of a file beside the journal, at a place that the key gives. The
system gives it back when its process ends, however that ends.
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
# The time for a lock grows with those that are held. A batch of thousands goes without the rest.
MAX_CLAIMS = 2_000
# Claims are held by those alone whose turn will be soon: many at once are slow.
PLACES_PER_CALL = 2
TAKEN = frozenset({errno.EACCES, errno.EAGAIN})


class Claims:
    """The claims of one process at the journal *path*; shared by all journals opened there.

    A file's locks are all lost with the first descriptor of it that a process closes, so there is
    one, for as long as anybody uses it.
    """

    _open: ClassVar["dict[tuple[int, Path], Claims]"] = {}  # by process, since a fork holds none
    _opening = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._users = 0
        self._held: set[int] = set()
        self._lock = threading.Lock()
        self._file = -1

    @classmethod
    def at(cls, journal_path: Path) -> "Claims":
        """Those of *journal_path*, to be given back with :meth:`close`."""
        path = journal_path.resolve()
        with cls._opening:
            claims = cls._open.setdefault((os.getpid(), path), cls(path))
            claims._users += 1
            return claims

    def close(self) -> None:
        """Use them no more; the last of all users closes the file."""
        with self._opening:
            self._users -= 1
            if self._users == 0:
                self._open.pop((os.getpid(), self._path), None)
                if self._file >= 0:
                    os.close(self._file)
                    self._file = -1

    def held(self, key: bytes) -> "Claim":
        """To hold the claim of *key* (8 bytes or more) in the body, once nobody else does."""
        return Claim(self, int.from_bytes(key[:8], "big") >> 2)

    def take(self, place: int) -> bool:
        """Claim *place*, unless somebody holds it; whether that went well."""
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
                # A file system without locks: nobody can be told, and nobody waits.
            self._held.add(place)
            return True

    def give_back(self, place: int) -> None:
        """Hold *place* no more."""
        with self._lock:
            self._held.discard(place)
            if self._file >= 0:
                with suppress(OSError):  # where locks cannot be taken
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
