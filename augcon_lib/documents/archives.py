"""ZIP and tar archives as stores. Nothing is unpacked to named files."""

import bz2
import gzip
import lzma
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import IO, Any

import fsspec  # type: ignore[import-untyped]

from augcon_lib.documents.stored_file import StoredFile
from augcon_lib.errors import StoreError

ARCHIVE_SUFFIXES = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz",
)  # fmt: skip
IN_MEMORY_BYTES = 64_000_000
DECOMPRESSORS: tuple[tuple[tuple[str, ...], Any], ...] = (
    ((".gz", ".tgz"), gzip.open),
    ((".bz2", ".tbz2"), bz2.open),
    ((".xz", ".txz"), lzma.open),
)
BROKEN = (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, EOFError)


def is_archive_name(name: str) -> bool:
    """Whether a file called *name* is taken for an archive of documents."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


@contextmanager
def open_archive(file: IO[bytes], name: str) -> Iterator[Any]:
    """The archive *file* as an fsspec file system; raises ``StoreError`` where it is damaged.

    A compressed tar is decompressed to a temporary file first: reading its members in another
    order would decompress it again for each.
    """
    with ExitStack() as stack:
        try:
            if name.lower().endswith(".zip"):
                filesystem = fsspec.filesystem("zip", fo=file, skip_instance_cache=True)
            else:
                for suffixes, decompress in DECOMPRESSORS:
                    if name.lower().endswith(suffixes):
                        plain = stack.enter_context(
                            tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)
                        )
                        shutil.copyfileobj(decompress(file), plain)
                        plain.seek(0)
                        file = plain
                        break
                filesystem = fsspec.filesystem("tar", fo=file, skip_instance_cache=True)
        except BROKEN as error:
            message = f"the archive {name} is damaged ({error}); make or download it again"
            raise StoreError(message) from None
        yield filesystem


def archive_files(filesystem: Any, archive_stamp: str) -> list[StoredFile]:
    """The files in the archive; their stamps change with the archive's."""
    files = []
    for path, info in filesystem.find("", detail=True).items():
        stamp = f"{archive_stamp}/{info['size']}-{info.get('CRC', '')}"
        files.append(StoredFile(path, stamp, int(info["size"] or 0), _modified_at(info)))
    return files


def _modified_at(info: dict[str, Any]) -> datetime | None:
    when = info.get("mtime") or info.get("date_time")
    try:
        if isinstance(when, tuple):
            return datetime(*when).replace(tzinfo=UTC)
        return datetime.fromtimestamp(when, UTC) if when else None
    except (ValueError, OverflowError, OSError):
        return None
