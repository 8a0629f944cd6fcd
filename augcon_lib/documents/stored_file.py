"""One file of a store, before it is read."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredFile:
    """``path`` is below the store's uri; ``stamp`` changes when the file may have changed.

    ``folder`` marks a folder that is not entered: an entry of its own, so that it is named.
    """

    path: str
    stamp: str
    size_bytes: int
    modified_at: datetime | None
    folder: bool = False
