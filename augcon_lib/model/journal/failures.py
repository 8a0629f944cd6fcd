"""What SQLite's errors mean for the user, and the way out of each."""

import sqlite3
from pathlib import Path

from augcon_lib.errors import ModelError

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH})
NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# Text that is no UTF-8 is one or the other, by where in it the damage is.
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
RECOVER = (
    "restore it from a backup, or keep what can still be read: augcon journal recover; what is "
    "lost is asked for, and paid, again"
)


class JournalDamaged(ModelError):
    """The file does not hold what was written to it."""


def is_busy(error: BaseException) -> bool:
    """Whether another program holds the file."""
    return _code(error) in BUSY


def journal_error(path: Path, what: str, error: BaseException) -> ModelError:
    """The error to raise where *what* (``opened``, ``read``, ...) failed with *error*."""
    said = f"{path}: the call journal cannot be {what}: {error}"
    if is_damage(error):
        return JournalDamaged(f"{said}; the file is damaged: {RECOVER}")
    return ModelError(f"{said}; {_way_out(error)}")


def is_damage(error: BaseException) -> bool:
    """Whether *error* says that the file's content is not what was written."""
    if isinstance(error, UnicodeDecodeError) or "could not decode" in str(error).lower():
        return True
    return _code(error) in DAMAGED


def _way_out(error: BaseException) -> str:
    if is_busy(error):
        return "another program holds it (augcon journal compact?): run again when it is done"
    if _code(error) in NO_ROOM:
        return "free disk space, check the disk, and run again; what was written before is kept"
    return "check the permissions of the file and its folder, and that it is an SQLite file"


def _code(error: BaseException) -> int:
    """SQLite's primary result code, 0 where *error* is not of SQLite."""
    code: int = getattr(error, "sqlite_errorcode", 0) or 0
    return code & 0xFF
