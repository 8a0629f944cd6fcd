"""Explain DuckDB's errors about a file to the user: what is wrong, and the fix."""

import re
from pathlib import Path

import duckdb

from augcon_lib.errors import WarehouseError

_REBUILD = (
    "move {path} and {path}.wal away and run: augcon run. It fills a new file from the journal "
    "without asking the model again; only dataset versions before the current one are gone"
)
# In this order; the first pattern that matches an error explains it.
_MEANINGS = (
    (
        r"No space left|Disk quota exceeded|File too large|not enough disk space",
        "has no space left on its disk; free some, or move it with [storage] warehouse, and run "
        "the command again: everything written before is kept",
    ),
    (
        r"(?i)out of memory",
        "needs more memory than it may take; raise [storage] memory_megabytes",
    ),
    (
        r"Could not set lock|Conflicting lock|with a different configuration",
        "is in use by another program; close that program, and run the command again",
    ),
    (
        r"Permission denied|Read-only file system|Cannot open file|Is a directory",
        "cannot be opened; check the permissions of the file and of its folder, or set [storage] "
        "warehouse to another file",
    ),
    (
        r"database file with version number|different version of DuckDB|newer version of DuckDB",
        f"was written by another version of DuckDB than {duckdb.__version__}; install the augcon "
        f"that wrote it, or {_REBUILD}",
    ),
    (
        r"not a valid DuckDB database file",
        f"is not a DuckDB file; set [storage] warehouse to another one, or {_REBUILD}",
    ),
)
_DAMAGED = f"is damaged; {_REBUILD}"


def error_in_words(path: Path, error: duckdb.Error) -> WarehouseError:
    """Explain *error*, which DuckDB raised about the file at *path*, in one sentence."""
    said = " ".join(str(error).split())
    meaning = next((words for sign, words in _MEANINGS if re.search(sign, said)), _DAMAGED)
    return WarehouseError(f"{path} {meaning.format(path=path)}. DuckDB says: {said}")
