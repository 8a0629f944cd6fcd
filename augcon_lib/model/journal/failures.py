"""Explain SQLite's errors to the user, each with its fix."""

import sqlite3
from pathlib import Path

from augcon_lib.errors import ModelError

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_MISMATCH})
NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# Invalid UTF-8 raises one or the other, depending on where the damage is.
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
RECOVER = (
    "restore it from a backup, or keep what can still be read: augcon journal recover; lost "
    "answers are requested, and paid for, again"
)


class JournalDamaged(ModelError):
    """The file no longer contains what was written to it."""


def is_busy(error: BaseException) -> bool:
    """Whether another program holds the file."""
    return _code(error) in BUSY


def journal_error(path: Path, what: str, error: BaseException) -> ModelError:
    """Return the error to raise if *what* (``opened``, ``read``, ...) failed with *error*."""
    cause = f"{path}: the call journal cannot be {what}: {error}"
    if is_damage(error):
        return JournalDamaged(f"{cause}; the file is damaged: {RECOVER}")
    return ModelError(f"{cause}; {_way_out(error)}")


def is_damage(error: BaseException) -> bool:
    """Whether *error* means that the file's content is not what was written."""
    if isinstance(error, UnicodeDecodeError) or "could not decode" in str(error).lower():
        return True
    return _code(error) in DAMAGED


def _way_out(error: BaseException) -> str:
    if is_busy(error):
        return "another program uses it (augcon journal compact?): run again when it is done"
    if _code(error) in NO_ROOM:
        return "free disk space, check the disk, and run again; everything written before is kept"
    return "check the permissions of the file and its folder, and that it is an SQLite file"


def _code(error: BaseException) -> int:
    """Return SQLite's primary result code; 0 if *error* is not from SQLite."""
    code: int = getattr(error, "sqlite_errorcode", 0) or 0
    return code & 0xFF
