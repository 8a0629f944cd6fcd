"""Read documents: bytes in, one document or one rejection out per entry."""

import hashlib
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augcon_lib.confined import Limits, run_confined, worker_count
from augcon_lib.documents.entries import SourceEntry
from augcon_lib.documents.faults import is_file_fault
from augcon_lib.documents.listing import FILE_ERRORS, PARALLEL_READS
from augcon_lib.documents.remote import store_error
from augcon_lib.documents.stores import Store, open_store
from augcon_lib.documents.tasks import CONVERT, CONVERT_ROWS
from augcon_lib.errors import DocumentError
from augcon_lib.pipeline import RAW_CORPUS
from augcon_lib.records import Document, Rejection, text_sha256
from augcon_lib.settings import SourceSettings
from augcon_lib.text.surrogates import without_surrogates

# The reason of a fault that may be gone next time.
READ_ERROR = "read_error"


@dataclass(frozen=True, slots=True)
class _Text:
    """A document's text and the child's header; ``about`` may contain why there is no text."""

    about: dict[str, Any]
    text: str
    sha256: str


_Outcome = _Text | DocumentError


def read_documents(
    source: SourceSettings, base_dir: Path, entries: Iterable[SourceEntry]
) -> Iterator[Document | Rejection]:
    """Return one result for each of *entries*, in their order.

    Files are converted in child processes, each within the limits of ``[source]``. A document that
    cannot be read gives a rejection whose ``reason`` is one of ``empty``, ``binary``,
    ``undecodable``, ``unsupported_type``, ``encrypted``, ``no_text_layer``, ``unreadable_pdf``,
    ``unreadable_docx``, ``unreadable_table``, ``bad_row``, ``missing_text_column``,
    ``text_not_a_string``, ``too_large``, ``too_slow``, ``too_much_memory``, ``converter_crashed``,
    ``link``, ``link_leaves_store``, ``system_file``, ``not_found``, ``not_permitted``,
    ``read_error`` or ``unreadable``, or the reason of a package's converter. Raises ``StoreError``
    if the store itself can no longer be reached, and ``SettingsError`` if a package's converter
    cannot be used; neither is the fault of a document.
    """
    entries = list(entries)
    if not entries:
        return
    with open_store(source, base_dir) as store:
        threads = PARALLEL_READS if store.parallel else worker_count(len(entries))
        reader = _Reader(source, store, entries)
        pool = ThreadPoolExecutor(threads)
        try:
            yield from reader.read(pool, ahead=threads + 1)
        finally:
            # Nobody waits for files that are still being read.
            reader.cancelled.set()
            pool.shutdown(cancel_futures=True)


class _Reader:
    def __init__(
        self, source: SourceSettings, store: Store, entries: Sequence[SourceEntry]
    ) -> None:
        self.cancelled = threading.Event()
        self._source = source
        self._store = store
        self._entries = entries
        self._max_bytes = source.max_document_bytes
        self._limits = Limits.of_document(source)
        self._fetching = threading.Semaphore(PARALLEL_READS if store.parallel else 1)
        self._row_ids: dict[str, list[str]] = {}
        for entry in entries:
            if entry.row_id is not None:
                self._row_ids.setdefault(entry.path, []).append(entry.row_id)
        self._tables: dict[str, Future[dict[str, _Outcome] | DocumentError]] = {}
        self._rows_left = Counter({path: len(ids) for path, ids in self._row_ids.items()})

    def read(self, pool: ThreadPoolExecutor, ahead: int) -> Iterator[Document | Rejection]:
        """Yield the results in order; reads at most *ahead* files at once to bound memory."""
        waiting: deque[tuple[SourceEntry, Future[Any]]] = deque()
        for entry in self._entries:
            waiting.append((entry, self._submit(pool, entry)))
            if len(waiting) > ahead:
                yield self._result(*waiting.popleft())
        while waiting:
            yield self._result(*waiting.popleft())

    def _submit(self, pool: ThreadPoolExecutor, entry: SourceEntry) -> Future[Any]:
        if entry.row_id is None:
            return pool.submit(self._file, entry.path)
        if entry.path not in self._tables:
            self._tables[entry.path] = pool.submit(self._table, entry.path)
        return self._tables[entry.path]

    def _result(self, entry: SourceEntry, future: Future[Any]) -> Document | Rejection:
        outcome = future.result()
        if entry.row_id is not None:
            if isinstance(outcome, dict):
                outcome = outcome[entry.row_id]
            self._rows_left[entry.path] -= 1
            if self._rows_left[entry.path] == 0:
                del self._tables[entry.path]
        if isinstance(outcome, DocumentError):
            return _rejection(entry, outcome.reason, outcome.message)
        return Document(
            document_id=entry.document_id,
            uri=entry.uri,
            media_type=outcome.about["media_type"],
            title=outcome.about["title"],
            language=outcome.about["language"],
            text=outcome.text,
            text_sha256=text_sha256(outcome.text),
            source_sha256=outcome.sha256,
            modified_at=entry.modified_at,
        )

    def _file(self, path: str) -> _Outcome:
        try:
            data = self._bytes(path)
            about, text = self._run(path, CONVERT, data)
        except DocumentError as error:
            return error
        return _Text(about, text.decode("utf-8"), hashlib.sha256(data).hexdigest())

    def _table(self, path: str) -> dict[str, _Outcome] | DocumentError:
        """Return the result for each requested row of a table."""
        row_ids = self._row_ids[path]
        try:
            reply, texts = self._run(path, CONVERT_ROWS, self._bytes(path), row_ids=row_ids)
        except DocumentError as error:
            return error
        outcomes: dict[str, _Outcome] = {}
        start = 0
        for row_id, about in zip(row_ids, reply["rows"], strict=True):
            if "refused" in about:
                reason, message = about["refused"]
                gone = reason == "not_found"
                outcomes[row_id] = _gone(path) if gone else DocumentError(path, reason, message)
                continue
            end = start + about["text_bytes"]
            outcomes[row_id] = _Text(about, texts[start:end].decode("utf-8"), about["sha256"])
            start = end
        return outcomes

    def _run(
        self, path: str, task: str, data: bytes, **more: object
    ) -> tuple[dict[str, Any], bytes]:
        header = {
            "path": path,
            "text_column": self._source.text_column,
            "id_column": self._source.id_column,
            "max_bytes": self._max_bytes,
            **more,
        }
        return run_confined(path, task, header, data, self._limits, self.cancelled)

    def _bytes(self, path: str) -> bytes:
        """Read a file; raises ``DocumentError`` if it is too large or cannot be read."""
        try:
            with self._fetching, self._store.open(path) as opened:
                data = opened.read(self._max_bytes + 1)
        except FileNotFoundError:
            raise _gone(path) from None
        except PermissionError:
            message = "this user may not read it; change its permissions, or exclude it"
            raise DocumentError(path, "not_permitted", message) from None
        except FILE_ERRORS as error:
            # The ZIP reader raises RuntimeError for members that need a password.
            reason = "encrypted" if "password" in str(error) else "unreadable"
            message = f"{error}; store a plain and complete copy of it"
            raise DocumentError(path, reason, message) from None
        except OSError as error:
            if self._store.parallel or not is_file_fault(error):
                raise store_error(f"{self._source.uri}/{path}", error) from error
            message = f"the system cannot read it ({error.strerror}); {_way_out(error)}"
            raise DocumentError(path, READ_ERROR, message) from None
        if len(data) > self._max_bytes:
            message = (
                f"it has more than {self._max_bytes:,} bytes; split it, or raise [source] "
                "max_document_megabytes"
            )
            raise DocumentError(path, "too_large", message)
        return data


def _rejection(entry: SourceEntry, reason: str, detail: str) -> Rejection:
    """Reject *entry*; a path in *detail* may contain characters that UTF-8 cannot encode."""
    name = entry.document_id
    return Rejection(RAW_CORPUS, name, name, reason, without_surrogates(detail))


def _way_out(error: OSError) -> str:
    return "shorten its path" if "too long" in str(error.strerror).lower() else "check the disk"


def _gone(path: str) -> DocumentError:
    return DocumentError(
        path, "not_found", "it no longer exists, or is a link to nothing; list the store again"
    )
