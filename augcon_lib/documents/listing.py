"""Listing a store: which documents there are, and which of them may have changed."""

import hashlib
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile

from augcon_lib.documents.entries import (
    KnownSource,
    SourceEntry,
    StoreListing,
    printable_id,
    unique_ids,
)
from augcon_lib.documents.globs import path_filter
from augcon_lib.documents.patterns import unmatched_patterns
from augcon_lib.documents.remote import store_error
from augcon_lib.documents.stored_file import StoredFile
from augcon_lib.documents.stores import UNSETTLED, Store, open_store
from augcon_lib.documents.tables import is_table_name, parse_table
from augcon_lib.errors import DocumentError, StoreError
from augcon_lib.settings import SourceSettings

PARALLEL_READS = 16
# What is wrong with one file only: rights, or a damaged or encrypted member of an archive. Any
# other OSError is an outage, which must not look like a change.
FILE_ERRORS = (
    FileNotFoundError,
    PermissionError,
    IsADirectoryError,
    RuntimeError,
    ValueError,
    EOFError,
    BadZipFile,
    zlib.error,
)
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
    is shorter than the store. Raises ``SettingsError`` where the patterns leave no file.
    """
    wanted = path_filter(source.include, source.exclude)
    with open_store(source.uri, base_dir) as store:
        unmatched = unmatched_patterns(
            source, [file.path for file in store.files if not _is_dropping(file.path)]
        )
        files = sorted(
            (file for file in store.files if wanted(file.path) and not _is_dropping(file.path)),
            key=lambda file: file.path,
        )
        names = unique_ids(printable_id(file.path) for file in files)
        listing = _Listing(source, store, known or {})
        with ThreadPoolExecutor(PARALLEL_READS if store.parallel else 1) as pool:
            # A place in the pool costs more than a look at what is known; most files are known.
            found = [
                listing.remembered(file, name) or pool.submit(listing.entries, file, name)
                for file, name in zip(files, names, strict=True)
            ]
            entries = [e for each in found for e in _result(each)]
    rows_first = sorted(entries, key=lambda e: (e.row_id is None, e.document_id))
    ids = unique_ids(entry.document_id for entry in rows_first)
    unique = {
        document_id: _renamed(entry, document_id)
        for entry, document_id in zip(rows_first, ids, strict=True)
    }
    return StoreListing(tuple(unique[document_id] for document_id in sorted(unique)), unmatched)


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
        if is_table_name(file.path):
            rows = self._rows(file, name)
            if rows:
                return self._row_entries(file, name, rows)
        sha256 = self._known_file(file, name) or self._sha256(file)
        return [self._entry(file)(name, stamp=file.stamp, source_sha256=sha256)] if sha256 else []

    def remembered(self, file: StoredFile, name: str) -> list[SourceEntry]:
        """:meth:`entries`, where the file need not be read for them; else none."""
        if is_table_name(file.path):
            return self._row_entries(file, name, self._known_rows(name, self._table_stamp(file)))
        sha256 = self._known_file(file, name)
        return [self._entry(file)(name, stamp=file.stamp, source_sha256=sha256)] if sha256 else []

    def _table_stamp(self, file: StoredFile) -> str:
        return f"{file.stamp};{self.source.id_column}"

    def _row_entries(
        self, file: StoredFile, name: str, rows: Sequence[tuple[str, str, str]]
    ) -> list[SourceEntry]:
        entry = self._entry(file)
        return [
            entry(f"{name}#{row_id}", stamp=stamp, source_sha256=sha256, row_id=row_id)
            for row_id, stamp, sha256 in rows
        ]

    def _entry(self, file: StoredFile) -> "partial[SourceEntry]":
        uri = self.source.uri.rstrip("/")
        return partial(
            SourceEntry,
            uri=uri if self.store.single else f"{uri}/{printable_id(file.path)}",
            modified_at=file.modified_at,
            path=file.path,
        )

    def _known_file(self, file: StoredFile, name: str) -> str:
        remembered = self.known.get(name)
        if not remembered or remembered.stamp != file.stamp or file.stamp.endswith(UNSETTLED):
            return ""
        return remembered.source_sha256

    def _outage(self, file: StoredFile, error: OSError) -> StoreError:
        return store_error(f"{self.source.uri}/{printable_id(file.path)}", error)

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

    def _rows(self, file: StoredFile, name: str) -> list[tuple[str, str, str]]:
        if self._known_file(file, name):
            return []
        try:
            with self.store.open(file.path) as opened:
                rows = parse_table(file.path, opened.read(), self.source.id_column) or []
        except (DocumentError, *FILE_ERRORS):
            # Reading the file's own entry gives the reason.
            return []
        except OSError as error:
            raise self._outage(file, error) from error
        stamp = f"{self._table_stamp(file)};{len(rows)}"
        return [(row.row_id, stamp, row.sha256) for row in rows]

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
        except FILE_ERRORS as error:
            problem = type(error).__name__
        except OSError as error:
            raise self._outage(file, error) from error
        return hashlib.sha256(f"unreadable: {problem}".encode()).hexdigest()


def _result(found: "list[SourceEntry] | Future[list[SourceEntry]]") -> list[SourceEntry]:
    return found if isinstance(found, list) else found.result()


def _is_dropping(path: str) -> bool:
    pure = PurePosixPath(path)
    name = pure.name
    return (
        name.lower() in DROPPINGS
        or name.startswith(DROPPING_PREFIXES)
        or not DROPPING_FOLDERS.isdisjoint(pure.parts[:-1])
    )


def _renamed(entry: SourceEntry, document_id: str) -> SourceEntry:
    return entry if entry.document_id == document_id else replace(entry, document_id=document_id)
