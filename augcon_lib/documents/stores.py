"""A store as a list of files that can be read: a folder, a file, an archive, or a remote URL.

Everything but local folders goes through fsspec. The two kinds of failure are kept apart: a store
that cannot be listed is a ``StoreError``, a file that cannot be read is that file's problem.
"""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol

from augcon_lib.documents.archives import archive_files, is_archive_name, open_archive
from augcon_lib.documents.remote import RemoteFiles, open_remote, store_error
from augcon_lib.documents.stored_file import StoredFile

# A file that changed this recently may change again within the same tick of the file system's
# clock; its stamp is then not trusted in the next listing.
UNSETTLED_SECONDS = 2.0
UNSETTLED = "?"
SKIPPED_FOLDERS = {".git", "__MACOSX", ".svn", ".hg"}


class Store(Protocol):
    """Files below one uri; ``single`` where the uri itself is the one file, ``parallel``
    where reading several at once pays and is safe."""

    files: list[StoredFile]
    single: bool
    parallel: bool

    def open(self, path: str) -> IO[bytes]:
        """The file at *path*; ``OSError`` where it cannot be read."""
        ...


@dataclass
class LocalFiles:
    """Files of a local folder, or one local file."""

    files: list[StoredFile]
    root: Path
    single: bool = False
    parallel: bool = False

    def open(self, path: str) -> IO[bytes]:
        """The file at *path* below the folder; ``ValueError`` for what is no regular file."""
        place = self.root / path
        if not place.exists():
            # Also what a link that leads to itself amounts to.
            raise FileNotFoundError(errno.ENOENT, "gone, or a link to nothing", str(place))
        if not place.is_file():
            # Opening a pipe would wait for ever.
            raise ValueError("it is a pipe, a socket or a device")
        return place.open("rb")


@contextmanager
def open_store(uri: str, base_dir: Path) -> Iterator[Store]:
    """The store at *uri*, a path relative to *base_dir* or an fsspec URL.

    Raises ``StoreError`` where it cannot be listed.
    """
    with ExitStack() as stack:
        uri = uri.removeprefix("file://")
        if "://" in uri or "::" in uri:
            store: Store = open_remote(uri, stack)
        else:
            try:
                store = _open_local(uri, base_dir, stack)
            except OSError as error:
                raise store_error(uri, error) from error
        yield store


def _open_local(uri: str, base_dir: Path, stack: ExitStack) -> Store:
    root = Path(os.path.normpath(base_dir / Path(uri).expanduser()))
    if root.is_dir():
        return LocalFiles(_walk(root), root)
    if not root.exists():
        raise FileNotFoundError(f"{root} does not exist")
    stamp = stamp_of(root.stat())
    if is_archive_name(root.name):
        file = stack.enter_context(root.open("rb"))
        archive = stack.enter_context(open_archive(file, root.name))
        return RemoteFiles(archive_files(archive, stamp), archive, "", parallel=False)
    status = root.stat()
    stored = StoredFile(root.name, stamp, status.st_size, _when(status))
    return LocalFiles([stored], root.parent, single=True)


def stamp_of(status: os.stat_result) -> str:
    """The cheap change token of a local file."""
    settled = time.time() - status.st_mtime > UNSETTLED_SECONDS
    token = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
    return token if settled else token + UNSETTLED


def _walk(root: Path) -> list[StoredFile]:
    """All files below *root*; links are followed, a link to a folder above it is not."""
    files: list[StoredFile] = []
    pending = [(str(root), "", frozenset[str]())]
    while pending:
        folder, prefix, above = pending.pop()
        real = os.path.realpath(folder)
        if real in above:
            continue
        with os.scandir(folder) as found:
            for entry in found:
                path = prefix + entry.name
                if _is_folder(entry):
                    if entry.name not in SKIPPED_FOLDERS:
                        pending.append((entry.path, path + "/", above | {real}))
                    continue
                files.append(_stored(entry, path))
    return files


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        raise


def _stored(entry: "os.DirEntry[str]", path: str) -> StoredFile:
    try:
        status = entry.stat()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP):
            raise
        # A link to nothing, or to itself, is an entry too; reading it says what is wrong.
        return StoredFile(path, "missing", 0, None)
    return StoredFile(path, stamp_of(status), status.st_size, _when(status))


def _when(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)
