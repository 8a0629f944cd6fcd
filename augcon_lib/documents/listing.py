"""Listing a store: which documents there are, and which of them may have changed."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath

from augcon_lib.documents.entries import (
    KnownSource,
    SourceEntry,
    StoreListing,
    printable_id,
    unique_ids,
)
from augcon_lib.documents.globs import path_filter
from augcon_lib.documents.stored_file import StoredFile
from augcon_lib.documents.stores import UNSETTLED, Store, open_store
from augcon_lib.documents.remote import store_error
from augcon_lib.documents.tables import is_table_name, parse_table
from augcon_lib.errors import DocumentError
from augcon_lib.settings import SourceSettings

PARALLEL_READS = 16
DROPPINGS = {".ds_store", "thumbs.db", "desktop.ini"}
DROPPING_PREFIXES = ("~$", "._")
DROPPING_FOLDERS = {".git", ".svn", ".hg", "__MACOSX"}


def list_store(
    source: SourceSettings, base_dir: Path, known: Mapping[str, KnownSource] | None = None
) -> StoreListing:
    """Every document of the store, bad ones too; a relative uri is relative to *base_dir*.

    A table file gives an entry for each row, ``<path>#<id>``, and one for the file itself where it
    has no rows or cannot be read. Only files whose stamp differs from *known* are read. Files that
    systems drop (``.DS_Store``, ``Thumbs.db``, ``~$...``) are no documents.

    Raises ``StoreError`` where the store, or a part of it, cannot be listed: never a listing that
    is shorter than the store.
    """
    wanted = path_filter(source.include, source.exclude)
    with open_store(source.uri, base_dir) as store:
        files = sorted(
            (file for file in store.files if wanted(file.path) and not _is_dropping(file.path)),
            key=lambda file: file.path,
        )
        names = unique_ids(printable_id(file.path) for file in files)
        listing = _Listing(source, store, known or {})
        with ThreadPoolExecutor(PARALLEL_READS if store.parallel else 1) as pool:
            entries = [e for found in pool.map(listing.entries, files, names) for e in found]
    rows_first = sorted(entries, key=lambda e: (e.row_id is None, e.document_id))
    ids = unique_ids(entry.document_id for entry in rows_first)
    unique = {
        document_id: _renamed(entry, document_id)
        for entry, document_id in zip(rows_first, ids, strict=True)
    }
    return StoreListing(tuple(unique[document_id] for document_id in sorted(unique)))


@dataclass(frozen=True)
class _Listing:
    source: SourceSettings
    store: Store
    known: Mapping[str, KnownSource]

    @cached_property
    def known_ids(self) -> Sequence[str]:
        return sorted(self.known)

    def entries(self, file: StoredFile, name: str) -> list[SourceEntry]:
        """The documents in *file*, whose own id is *name*; none where it has just gone."""
        uri = self.source.uri.rstrip("/")
        entry = partial(
            SourceEntry,
            uri=uri if self.store.single else f"{uri}/{printable_id(file.path)}",
            modified_at=file.modified_at,
            path=file.path,
        )
        if is_table_name(file.path):
            stamp = f"{file.stamp};{self.source.id_column}"
            rows = self._known_rows(name, stamp) or self._rows(file, stamp)
            if rows:
                return [
                    entry(f"{name}#{row_id}", stamp=full_stamp, source_sha256=sha256, row_id=row_id)
                    for row_id, full_stamp, sha256 in rows
                ]
        remembered = self.known.get(name)
        if remembered and remembered.stamp == file.stamp and not file.stamp.endswith(UNSETTLED):
            return [entry(name, stamp=file.stamp, source_sha256=remembered.source_sha256)]
        sha256 = self._sha256(file)
        return [entry(name, stamp=file.stamp, source_sha256=sha256)] if sha256 else []

    def _known_rows(self, name: str, stamp: str) -> list[tuple[str, str, str]]:
        """Id, stamp and hash of each row of an unchanged table; empty where that is not known."""
        prefix = f"{name}#"
        if stamp.partition(";")[0].endswith(UNSETTLED):
            return []
        rows = []
        for document_id in self.known_ids[bisect_left(self.known_ids, prefix) :]:
            if not document_id.startswith(prefix):
                break
            remembered = self.known[document_id]
            if remembered.stamp.startswith(f"{stamp};"):
                row = (document_id.removeprefix(prefix), remembered.stamp, remembered.source_sha256)
                rows.append(row)
        # The stamp says how many rows there were: all of them have to be known.
        return rows if rows and rows[0][1] == f"{stamp};{len(rows)}" else []

    def _rows(self, file: StoredFile, stamp: str) -> list[tuple[str, str, str]]:
        remembered = self.known.get(printable_id(file.path))
        if remembered and remembered.stamp == file.stamp:
            return []
        try:
            with self.store.open(file.path) as opened:
                rows = parse_table(file.path, opened.read(), self.source.id_column) or []
        except (OSError, DocumentError):
            # Reading the file's own entry gives the reason.
            return []
        return [(row.row_id, f"{stamp};{len(rows)}", row.sha256) for row in rows]

    def _sha256(self, file: StoredFile) -> str:
        """The hash of the file's bytes, or of the reason why it cannot be read; empty: gone."""
        try:
            with self.store.open(file.path) as opened:
                digest = hashlib.sha256()
                while chunk := opened.read(1 << 20):
                    digest.update(chunk)
                return digest.hexdigest()
        except FileNotFoundError:
            if file.stamp != "missing":
                return ""
            problem = "missing"
        except (PermissionError, IsADirectoryError) as error:
            problem = type(error).__name__
        except (RuntimeError, NotImplementedError, ValueError, EOFError) as error:
            # A damaged or encrypted member of an archive.
            problem = f"{type(error).__name__}: {error}"
        except OSError as error:
            raise store_error(f"{self.source.uri}/{printable_id(file.path)}", error) from error
        return hashlib.sha256(f"unreadable: {problem}".encode()).hexdigest()


def _is_dropping(path: str) -> bool:
    pure = PurePosixPath(path)
    name = pure.name
    return (
        name.lower() in DROPPINGS
        or name.startswith(DROPPING_PREFIXES)
        or not DROPPING_FOLDERS.isdisjoint(pure.parts[:-1])
    )


def _renamed(entry: SourceEntry, document_id: str) -> SourceEntry:
    from dataclasses import replace

    return entry if entry.document_id == document_id else replace(entry, document_id=document_id)
