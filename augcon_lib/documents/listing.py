"""List a store: its documents, and which of them may have changed."""

import hashlib
import json
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile

from augcon_lib.confined import Limits, run_confined
from augcon_lib.documents.entries import (
    KnownSource,
    SourceEntry,
    StoreListing,
    printable_id,
    unique_ids,
)
from augcon_lib.documents.faults import Faults, is_file_fault
from augcon_lib.documents.globs import Wanted
from augcon_lib.documents.links import SKIPPED_FOLDERS
from augcon_lib.documents.local import UNSETTLED
from augcon_lib.documents.patterns import unmatched_patterns
from augcon_lib.documents.remote import store_error
from augcon_lib.documents.stored_file import StoredFile
from augcon_lib.documents.stores import Store, open_store
from augcon_lib.documents.tables import is_table_name
from augcon_lib.documents.tasks import LIST_ROWS
from augcon_lib.errors import DocumentError, StoreError
from augcon_lib.settings import SourceSettings

PARALLEL_READS = 16
# Errors of one file only: permissions, or a damaged or encrypted member of an archive. Any other
# OSError is an outage, which must not look like a change.
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
# States of a table file in which its rows are not gone: the file exists and says nothing else.
BROKEN_TABLE = ("unreadable_table", "undecodable", "too_large")
DROPPINGS = {".ds_store", "thumbs.db", "desktop.ini"}
DROPPING_PREFIXES = ("~$", "._")


def list_store(
    source: SourceSettings, base_dir: Path, known: Mapping[str, KnownSource] | None = None
) -> StoreListing:
    """List every document of the store, including bad ones.

    A relative uri is relative to *base_dir*. A table file gives one entry per row,
    ``<path>#<id>``, or one for the file itself if it has no rows or cannot be read. Only files
    whose stamp differs from *known* are read. Files that operating systems leave behind
    (``.DS_Store``, ``Thumbs.db``, ``~$...``) are not documents.

    Raises ``StoreError`` if the store, or a part of it, cannot be listed: a listing is never
    shorter than the store. Raises ``SettingsError`` if the patterns leave no file.
    """
    wanted = Wanted(source.include, source.exclude)
    with open_store(source, base_dir) as store:
        try:
            found_files = [file for file in store.files if not _is_dropping(file.path)]
        except OSError as error:
            raise store_error(source.uri, error) from error
        unmatched = unmatched_patterns(source, [f.path for f in found_files if not f.folder])
        files = sorted(
            (file for file in found_files if _is_document(file, wanted)),
            key=lambda file: file.path,
        )
        names = unique_ids(printable_id(file.path) for file in files)
        listing = _Listing(source, store, known or {}, Faults(source.uri, len(files)))
        with ThreadPoolExecutor(PARALLEL_READS if store.parallel else 1) as pool:
            # Submitting to the pool costs more than a look-up; most files are known.
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
    faults: Faults

    @cached_property
    def known_ids(self) -> Sequence[str]:
        return sorted(self.known)

    @cached_property
    def limits(self) -> Limits:
        """The limits for one file."""
        return Limits.of_document(self.source)

    def entries(self, file: StoredFile, name: str) -> list[SourceEntry]:
        """Return the documents in *file*, whose own id is *name*; none if it has just gone."""
        if is_table_name(file.path):
            rows = self._rows(file, name)
            if rows:
                return self._row_entries(file, name, rows)
        sha256 = self._known_file(file, name)
        if sha256:
            return [self._file_entry(file, name, sha256)]
        sha256, unsettled = self._sha256(file)
        # Rows of a table that cannot be read now are not gone.
        kept = self._row_entries(file, name, self._rows_before(name)) if unsettled else []
        return [*kept, self._file_entry(file, name, sha256, unsettled)] if sha256 else []

    def remembered(self, file: StoredFile, name: str) -> list[SourceEntry]:
        """Return :meth:`entries` if that needs no read of the file; otherwise none."""
        if is_table_name(file.path):
            return self._row_entries(file, name, self._known_rows(name, self._table_stamp(file)))
        sha256 = self._known_file(file, name)
        return [self._file_entry(file, name, sha256)] if sha256 else []

    def _file_entry(
        self, file: StoredFile, name: str, sha256: str, unsettled: bool = False
    ) -> SourceEntry:
        stamp = self._own_stamp(file) + (UNSETTLED if unsettled else "")
        return self._entry(file)(name, stamp=stamp, source_sha256=sha256)

    def _own_stamp(self, file: StoredFile) -> str:
        """Return the file's stamp, with the limits if they may be why it is not read as a table."""
        if file.size_bytes <= self.source.max_document_bytes and not is_table_name(file.path):
            return file.stamp
        source = self.source
        limits = f"{source.max_document_megabytes:g} MB {source.max_document_seconds:g} s"
        return f"{file.stamp};{limits}"

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
        if file.stamp.endswith(UNSETTLED):
            return ""
        if not remembered or remembered.stamp != self._own_stamp(file):
            return ""
        return remembered.source_sha256

    def _outage(self, file: StoredFile, error: OSError) -> StoreError:
        return store_error(f"{self.source.uri}/{printable_id(file.path)}", error)

    def _known_rows(self, name: str, stamp: str) -> list[tuple[str, str, str]]:
        """Return id, stamp and hash of each row of an unchanged table; empty if unknown."""
        if stamp.partition(";")[0].endswith(UNSETTLED):
            return []
        rows = [row for row in self._rows_before(name) if row[1].startswith(f"{stamp};")]
        # The stamp contains the number of rows: all of them have to be known.
        return rows if rows and rows[0][1] == f"{stamp};{len(rows)}" else []

    def _rows_before(self, name: str) -> list[tuple[str, str, str]]:
        """Return id, stamp and hash of the rows that the table *name* had."""
        prefix = f"{name}#"
        rows = []
        for document_id in self.known_ids[bisect_left(self.known_ids, prefix) :]:
            if not document_id.startswith(prefix):
                break
            known = self.known[document_id]
            rows.append((document_id.removeprefix(prefix), known.stamp, known.source_sha256))
        return rows

    def _rows(self, file: StoredFile, name: str) -> list[tuple[str, str, str]]:
        """Return id, stamp and hash of each row; none if it has none or cannot be read."""
        most = self.source.max_document_bytes
        if self._known_file(file, name) or file.size_bytes > most:
            return []
        try:
            with self.store.open(file.path) as opened:
                data = opened.read(most + 1)
            if len(data) > most:
                return []
            header = {"path": file.path, "id_column": self.source.id_column, "max_bytes": most}
            _, body = run_confined(file.path, LIST_ROWS, header, data, self.limits)
        except DocumentError as error:
            # Reading the file's own entry reports the reason.
            return [] if error.reason in BROKEN_TABLE else self._rows_before(name)
        except FILE_ERRORS:
            return []
        except OSError as error:
            if self.store.parallel or not is_file_fault(error):
                raise self._outage(file, error) from error
            return []
        rows = json.loads(body)
        stamp = f"{self._table_stamp(file)};{len(rows)}"
        return [(row_id, stamp, sha256) for row_id, sha256 in rows]

    def _sha256(self, file: StoredFile) -> tuple[str, bool]:
        """Return the hash of the file's bytes, or of why it cannot be read; empty: gone.

        The second value is whether that may be different next time.
        """
        problem, unsettled = "", False
        if file.size_bytes > self.source.max_document_bytes:
            problem = f"{file.size_bytes} bytes"
        else:
            try:
                return self._sha256_of_bytes(file.path), False
            except FileNotFoundError:
                if file.stamp != "missing":
                    return "", False
                problem = "missing"
            except DocumentError as error:
                problem = error.reason
            except FILE_ERRORS as error:
                problem = type(error).__name__
                unsettled = isinstance(error, PermissionError)
            except OSError as error:
                if self.store.parallel or not is_file_fault(error):
                    raise self._outage(file, error) from error
                self.faults.add(file.path, error)
                problem, unsettled = f"error {error.errno}", True
        return hashlib.sha256(f"unreadable: {problem}".encode()).hexdigest(), unsettled

    def _sha256_of_bytes(self, path: str) -> str:
        digest = hashlib.sha256()
        left = self.source.max_document_bytes + 1
        with self.store.open(path) as opened:
            while left > 0 and (chunk := opened.read(min(left, 1 << 20))):
                digest.update(chunk)
                left -= len(chunk)
        return digest.hexdigest()


def _result(found: "list[SourceEntry] | Future[list[SourceEntry]]") -> list[SourceEntry]:
    return found if isinstance(found, list) else found.result()


def _is_document(file: StoredFile, wanted: Wanted) -> bool:
    # A folder that is not entered gets an entry, whatever the files in it are called.
    return not wanted.excludes(file.path) if file.folder else wanted(file.path)


def _is_dropping(path: str) -> bool:
    pure = PurePosixPath(path)
    name = pure.name
    return (
        name.lower() in DROPPINGS
        or name.startswith(DROPPING_PREFIXES)
        or not SKIPPED_FOLDERS.isdisjoint(pure.parts[:-1])
    )


def _renamed(entry: SourceEntry, document_id: str) -> SourceEntry:
    return entry if entry.document_id == document_id else replace(entry, document_id=document_id)
