"""Reading documents: bytes in, one document or one rejection out for each entry."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from augcon_lib.documents.conversion import PLAIN, Converted, convert, first_heading
from augcon_lib.documents.entries import SourceEntry
from augcon_lib.documents.listing import FILE_ERRORS, PARALLEL_READS
from augcon_lib.documents.remote import store_error
from augcon_lib.documents.stores import Store, open_store
from augcon_lib.documents.tables import Row, is_table_name, parse_table
from augcon_lib.errors import DocumentError, StoreError
from augcon_lib.languages import detect_language
from augcon_lib.normalise import normalise
from augcon_lib.records import Document, Rejection, text_sha256
from augcon_lib.settings import SourceSettings
from augcon_lib.surrogates import without_surrogates

STAGE = "raw_corpus"
MAX_DOCUMENT_BYTES = 256 << 20
TITLE_COLUMNS = ("title", "name", "headline")

Item = TypeVar("Item")


def read_documents(
    source: SourceSettings, base_dir: Path, entries: Iterable[SourceEntry]
) -> Iterator[Document | Rejection]:
    """One result for each of *entries*, in their order.

    A document that cannot be read gives a rejection whose ``reason`` is one of ``empty``,
    ``binary``, ``undecodable``, ``unsupported_type``, ``encrypted``, ``no_text_layer``,
    ``unreadable_pdf``, ``unreadable_docx``, ``unreadable_table``, ``bad_row``,
    ``missing_text_column``, ``text_not_a_string``, ``too_large``, ``not_found``, ``not_permitted``
    or ``unreadable``. Raises ``StoreError`` where the store itself can no longer be reached: no
    document is to blame for that.
    """
    entries = list(entries)
    if not entries:
        return
    with open_store(source.uri, base_dir) as store:
        reader = _Reader(source, store, entries)
        with ThreadPoolExecutor(PARALLEL_READS if store.parallel else 1) as pool:
            fetched = (
                _ahead(pool, reader.fetch, entries)
                if store.parallel
                else map(reader.fetch, entries)
            )
            for entry, data in zip(entries, fetched, strict=True):
                yield reader.read(entry, data)


class _Reader:
    def __init__(
        self, source: SourceSettings, store: Store, entries: Sequence[SourceEntry]
    ) -> None:
        self._source = source
        self._store = store
        self._rows_left = Counter(entry.path for entry in entries if entry.row_id is not None)
        self._tables: dict[str, dict[str, Row] | DocumentError] = {}

    def fetch(self, entry: SourceEntry) -> bytes | DocumentError:
        """The bytes of *entry*'s file; nothing for a row, whose table is read once for all."""
        return b"" if entry.row_id is not None else self._bytes(entry.path, MAX_DOCUMENT_BYTES)

    def read(self, entry: SourceEntry, data: bytes | DocumentError) -> Document | Rejection:
        """The document of *entry*, from the bytes of its file."""
        try:
            if isinstance(data, DocumentError):
                raise data
            if entry.row_id is None:
                sha256 = hashlib.sha256(data).hexdigest()
                converted = self._convert(entry, data)
            else:
                row = self._row(entry)
                sha256, converted = row.sha256, _from_row(entry, row, self._source.text_column)
        except DocumentError as error:
            return _rejection(entry, error.reason, error.message)
        except StoreError:
            raise
        # A converter that fails in a way it doesn't document loses this one document only.
        except Exception as error:
            detail = f"{type(error).__name__}: {error}; please report this file"
            return _rejection(entry, "unreadable", detail)
        return Document(
            document_id=entry.document_id,
            uri=entry.uri,
            media_type=converted.media_type,
            title=converted.title,
            language=detect_language(converted.text),
            text=converted.text,
            text_sha256=text_sha256(converted.text),
            source_sha256=sha256,
            modified_at=entry.modified_at,
        )

    def _convert(self, entry: SourceEntry, data: bytes) -> Converted:
        if is_table_name(entry.path) and not entry.path.lower().endswith(".json"):
            parse_table(entry.path, data, self._source.id_column)
            raise DocumentError(entry.path, "empty", "the table has no rows; fill or remove it")
        return convert(entry.path, data, self._source.text_column)

    def _row(self, entry: SourceEntry) -> Row:
        if entry.path not in self._tables:
            self._tables[entry.path] = self._table(entry.path)
        table = self._tables[entry.path]
        self._rows_left[entry.path] -= 1
        if self._rows_left[entry.path] == 0:
            del self._tables[entry.path]
        if isinstance(table, DocumentError):
            raise table
        row = table.get(entry.row_id or "")
        if row is None:
            raise _gone(entry.path)
        return row

    def _table(self, path: str) -> dict[str, Row] | DocumentError:
        data = self._bytes(path, None)
        if isinstance(data, DocumentError):
            return data
        try:
            rows = parse_table(path, data, self._source.id_column) or []
        except DocumentError as error:
            return error
        return {row.row_id: row for row in rows}

    def _bytes(self, path: str, limit: int | None) -> bytes | DocumentError:
        try:
            with self._store.open(path) as opened:
                data = opened.read() if limit is None else opened.read(limit + 1)
        except FileNotFoundError:
            return _gone(path)
        except PermissionError:
            return DocumentError(
                path, "not_permitted", "this user may not read it; change its rights or exclude it"
            )
        except FILE_ERRORS as error:
            # The ZIP reader raises RuntimeError for members that need a password.
            reason = "encrypted" if "password" in str(error) else "unreadable"
            return DocumentError(path, reason, f"{error}; store a plain, whole copy of it")
        except OSError as error:
            raise store_error(f"{self._source.uri}/{path}", error) from error
        if limit is not None and len(data) > limit:
            return DocumentError(
                path, "too_large", f"it is larger than {limit >> 20} MiB; split it into parts"
            )
        return data


def _rejection(entry: SourceEntry, reason: str, detail: str) -> Rejection:
    """Why *entry* is no document; a path in *detail* may hold what UTF-8 cannot."""
    name = entry.document_id
    return Rejection(STAGE, name, name, reason, without_surrogates(detail))


def _from_row(entry: SourceEntry, row: Row, text_column: str) -> Converted:
    name = entry.document_id
    if row.problem:
        raise DocumentError(name, "bad_row", f"{row.problem}; mend or remove it")
    if text_column not in row.fields:
        columns = ", ".join(map(str, row.fields)) or "none"
        message = f"it has no column {text_column!r} (columns: {columns}); set [source] text_column"
        raise DocumentError(name, "missing_text_column", message)
    value = row.fields[text_column]
    if value is not None and not isinstance(value, str):
        message = (
            f"{text_column!r} holds {type(value).__name__}, not a text; mend or remove the row"
        )
        raise DocumentError(name, "text_not_a_string", message)
    text = normalise(value or "")
    if not text.strip():
        raise DocumentError(name, "empty", f"{text_column!r} is empty; fill or remove the row")
    titles = (row.fields.get(column) for column in TITLE_COLUMNS)
    title = next((" ".join(normalise(t).split()) for t in titles if isinstance(t, str) and t), "")
    return Converted(PLAIN, title or first_heading(text, PLAIN) or (entry.row_id or name), text)


def _gone(path: str) -> DocumentError:
    return DocumentError(
        path, "not_found", "it is gone, or a link to nothing; list the store again"
    )


def _ahead(
    pool: ThreadPoolExecutor, function: Callable[[SourceEntry], Item], items: Sequence[SourceEntry]
) -> Iterator[Item]:
    """``map`` in threads, a few items ahead of what is used, so that memory stays bounded."""
    waiting: deque[Future[Item]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) > PARALLEL_READS:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
