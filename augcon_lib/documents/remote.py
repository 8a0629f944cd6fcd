"""Stores behind an fsspec URL: object storage, web servers, memory."""

import errno
import tarfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import unquote, urlsplit

import fsspec  # type: ignore[import-untyped]
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]
from fsspec.spec import AbstractFileSystem  # type: ignore[import-untyped]

from augcon_lib.documents.archives import TarFiles, ZipFiles, is_archive_name, open_archive
from augcon_lib.documents.stored_file import StoredFile
from augcon_lib.errors import StoreError
from augcon_lib.settings import SourceSettings

# Keys for the version in a file's info, the most specific first.
VERSION_KEYS = ("ETag", "etag", "content_md5", "md5Hash", "VersionId", "generation", "checksum")
TIME_KEYS = ("LastModified", "last_modified", "mtime", "updated", "created")

DISK_ERRORS = {errno.EIO, errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


@dataclass
class RemoteFiles:
    """Files of an fsspec file system below ``root``; paths are relative to it."""

    files: list[StoredFile]
    filesystem: Any
    root: str
    parallel: bool = True
    single: bool = False

    def open(self, path: str) -> IO[bytes]:
        """Open the file at *path* below the root."""
        place = f"{self.root}/{path}" if self.root else path
        try:
            opened: IO[bytes] = self.filesystem.open(self.root if self.single else place, "rb")
        # Archives behind a chained URL raise these for a link to nothing or a device.
        except (LookupError, AttributeError, RecursionError, tarfile.TarError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error
        return opened


def open_remote(source: SourceSettings, stack: ExitStack) -> RemoteFiles | ZipFiles | TarFiles:
    """Open the store at the *source*'s URL; an archive stays open as long as *stack*.

    Raises ``StoreError``, also if the listing is empty because the URL does not exist.
    """
    url = source.uri
    try:
        return _open(source, stack)
    except StoreError:
        raise
    except ImportError as error:
        raise StoreError(f"the store {url!r} needs another package: {error}") from error
    # Each file system has its own exceptions, and none of them means an empty store.
    except Exception as error:
        raise store_error(url, error) from error


def _open(source: SourceSettings, stack: ExitStack) -> RemoteFiles | ZipFiles | TarFiles:
    url = source.uri
    filesystem, root = fsspec.core.url_to_fs(url)
    _refuse_local(url, filesystem)
    filesystem.invalidate_cache()
    root = root.rstrip("/")
    if filesystem.isfile(root):
        info = filesystem.info(root)
        name = _name(url, root)
        if is_archive_name(name):
            file = stack.enter_context(filesystem.open(root, "rb"))
            return stack.enter_context(open_archive(file, name, _stamp(info), source))
        stored = StoredFile(name, _stamp(info), int(info.get("size") or 0), _when(info))
        return RemoteFiles([stored], filesystem, root, single=True)
    files = _list(filesystem, root)
    if not files and not filesystem.exists(root):
        raise FileNotFoundError(f"{url} does not exist")
    return RemoteFiles(files, filesystem, root)


def _refuse_local(url: str, filesystem: Any) -> None:
    """Refuse a folder of this machine behind a URL: only a path has its links checked."""
    while not isinstance(filesystem, LocalFileSystem):
        filesystem = getattr(filesystem, "fs", None)
        if filesystem is None:
            return
    raise StoreError(
        f"the store {url!r} is on this machine, behind another protocol; set [source] uri to its "
        "path"
    )


def store_error(uri: str, error: Exception) -> StoreError:
    """Describe why a listing failed, and the fix."""
    hint = "check the network, the address and the credentials, then try again"
    if isinstance(error, PermissionError):
        hint = "give this user permission to read it, or exclude it from the store"
    elif isinstance(error, FileNotFoundError | NotADirectoryError):
        hint = "set [source] uri in augcon.toml to an existing folder or file"
    elif isinstance(error, OSError) and error.errno in DISK_ERRORS:
        hint = "check the disk and its file system, then try again"
    elif isinstance(error, ValueError):
        hint = "set [source] uri to a folder, a file or an fsspec URL"
    detail = " ".join(str(error).split()) or "no details given"
    return StoreError(
        f"the store {uri!r} cannot be read ({type(error).__name__}: {detail}); {hint}"
    )


def _list(filesystem: AbstractFileSystem, root: str) -> list[StoredFile]:
    found: dict[str, dict[str, Any]] = {}
    if type(filesystem).find is AbstractFileSystem.find:
        # find() would leave out a folder that cannot be listed.
        for folder, _, infos in filesystem.walk(root, detail=True, on_error="raise"):
            for name, info in infos.items():
                found[f"{folder}/{name}" if folder else name] = info
    else:
        found = filesystem.find(root, detail=True)
    files = []
    for path, info in found.items():
        relative = path[len(root) :].lstrip("/") if path.startswith(root) else path.lstrip("/")
        if relative and info.get("type", "file") == "file":
            size = int(info.get("size") or 0)
            files.append(StoredFile(relative, _stamp(info), size, _when(info)))
    return files


def _stamp(info: dict[str, Any]) -> str:
    versions = [str(info[key]) for key in VERSION_KEYS if info.get(key)]
    when = next((str(info[key]) for key in TIME_KEYS if info.get(key)), "")
    # Without a version or a time nothing shows that the file is unchanged.
    return "-".join([str(info.get("size")), *versions, when]) + ("" if versions or when else "?")


def _when(info: dict[str, Any]) -> datetime | None:
    for key in TIME_KEYS:
        value = info.get(key)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
    return None


def _name(url: str, root: str) -> str:
    path = urlsplit(url).path if "::" not in url else root
    return unquote(PurePosixPath(path or root).name) or "document"
