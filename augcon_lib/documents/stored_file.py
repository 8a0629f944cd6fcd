"""One file of a store, before it is read."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file: ``path`` is below the store's uri, ``stamp`` changes when it may have changed.

    ``folder`` marks a folder that is not entered: it gets its own entry, so that it is reported.
    """

    path: str
    stamp: str
    size_bytes: int
    modified_at: datetime | None
    folder: bool = False
