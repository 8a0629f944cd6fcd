"""Entries of a listing of the store, one per document."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from augcon_lib.text.normalise import nfc


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """One document of the store: a file, or a row of a table file.

    ``stamp`` changes when the file may have changed, ``source_sha256`` when its bytes (or the
    row's) did. ``path`` is the file's path below the store's uri, as the store spells it;
    ``row_id`` names the row in a table file.
    """

    document_id: str
    uri: str
    stamp: str
    source_sha256: str
    modified_at: datetime | None
    path: str
    row_id: str | None = None


@dataclass(frozen=True, slots=True)
class KnownSource:
    """The entry of a document in an earlier listing, so that an unchanged file isn't read again."""

    stamp: str
    source_sha256: str


@dataclass(frozen=True, slots=True)
class StoreListing:
    """All entries of the store, sorted by ``document_id``, which is unique.

    ``unmatched_patterns`` are include patterns that match no file.
    """

    entries: tuple[SourceEntry, ...]
    unmatched_patterns: Sequence[str] = ()

    @property
    def source_hashes(self) -> dict[str, str]:
        """Hash of the source by document id."""
        return {entry.document_id: entry.source_sha256 for entry in self.entries}


def printable_id(name: str) -> str:
    """Return *name* as an id: NFC, with ``\\xNN`` for control characters and invalid UTF-8."""
    if name.isascii() and name.isprintable():
        return name
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(
        char if char.isprintable() or ord(char) > 0x9F else f"\\x{ord(char):02x}"
        for char in nfc(text)
    )


def unique_ids(names: Iterable[str]) -> list[str]:
    """Return *names* in order; the second ``a`` becomes ``a~2``, the third ``a~3``."""
    names = list(names)
    taken = set(names)
    seen: Counter[str] = Counter()
    ids = []
    for name in names:
        seen[name] += 1
        unique = name
        if seen[name] > 1:
            number = seen[name]
            while (unique := f"{name}~{number}") in taken:
                number += 1
            # Lower numbers are taken; they are not tried again.
            seen[name] = number
            taken.add(unique)
        ids.append(unique)
    return ids
