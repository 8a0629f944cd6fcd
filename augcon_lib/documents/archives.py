"""ZIP and tar archives as stores. Nothing is unpacked to named files."""

import bz2
import errno
import gzip
import lzma
import posixpath
import re
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cached_property
from typing import IO, Any, cast

from augcon_lib.documents.stored_file import StoredFile
from augcon_lib.errors import DocumentError, StoreError
from augcon_lib.settings import SourceSettings

ARCHIVE_SUFFIXES = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz",
)  # fmt: skip
IN_MEMORY_BYTES = 64_000_000
DECOMPRESSORS: tuple[tuple[tuple[str, ...], Any], ...] = (
    ((".gz", ".tgz"), gzip.open),
    ((".bz2", ".tbz2"), bz2.open),
    ((".xz", ".txz"), lzma.open),
)
BROKEN = (
    tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, EOFError,
    NotImplementedError, RecursionError, ValueError,
)  # fmt: skip
# An archive may unpack to this many times the size limit of one document; it contains many.
DOCUMENTS_PER_ARCHIVE = 100
MAX_MEMBERS = 500_000
MAX_HEADER_BYTES = 1_000_000
MAX_LINKS_IN_A_ROW = 40  # as Linux follows; a longer chain is followed again from each of its links
LONG_HEADERS = (
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
)  # fmt: skip


def is_archive_name(name: str) -> bool:
    """Whether a file called *name* counts as an archive of documents."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


@contextmanager
def open_archive(
    file: IO[bytes], name: str, stamp: str, source: SourceSettings
) -> Iterator["ZipFiles | TarFiles"]:
    """Open the archive *file* as a store; raises ``StoreError`` if it is damaged or far too large.

    A compressed tar is decompressed to a temporary file first: reading its members in another
    order would decompress it once per member. *stamp* is the archive's own.
    """
    follow_links = source.links != "none"
    with ExitStack() as stack:
        try:
            if name.lower().endswith(".zip"):
                packed = stack.enter_context(zipfile.ZipFile(file))
                archive: ZipFiles | TarFiles = ZipFiles(packed, stamp)
            else:
                limit = source.max_document_bytes * DOCUMENTS_PER_ARCHIVE
                plain = _decompressed(file, name, limit, stack)
                tar = stack.enter_context(tarfile.TarFile(fileobj=plain, tarinfo=_Member))
                archive = TarFiles(tar, stamp, follow_links)
            files = archive.files
        except (*BROKEN, OSError) as error:
            # A size that points outside the file is an invalid argument.
            if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
                raise
            message = f"the archive {name} is damaged ({error}); create or download it again"
            raise StoreError(message) from None
        if len(files) > MAX_MEMBERS:
            raise StoreError(
                f"the archive {name} contains more than {MAX_MEMBERS:,} files; unpack it into a "
                "folder and set [source] uri to that"
            )
        yield archive


class ZipFiles:
    """The members of a ZIP archive."""

    single = False
    parallel = False

    def __init__(self, archive: zipfile.ZipFile, stamp: str) -> None:
        self._archive = archive
        self._stamp = stamp

    @cached_property
    def files(self) -> list[StoredFile]:
        """All but folders; their stamps change with the archive's."""
        members = {m.filename: m for m in self._archive.infolist() if not m.is_dir()}
        return [
            StoredFile(
                name,
                f"{self._stamp}/{member.file_size}-{member.CRC}",
                member.file_size,
                _when_packed(member.date_time),
            )
            for name, member in members.items()
        ]

    def open(self, path: str) -> IO[bytes]:
        """Open the member *path*; raises ``FileNotFoundError``, or what the ZIP reader raises."""
        try:
            member = self._archive.getinfo(path)
        except KeyError:
            raise FileNotFoundError(path) from None
        if stat.S_ISLNK(member.external_attr >> 16):
            raise DocumentError(path, "link", "it is a link inside a ZIP; pack the file itself")
        return self._archive.open(member)


class TarFiles:
    """The members of a tar archive; a link points to another member, or nowhere."""

    single = False
    parallel = False

    def __init__(self, archive: tarfile.TarFile, stamp: str, follow_links: bool) -> None:
        self._archive = archive
        self._stamp = stamp
        self._follow_links = follow_links
        self._members: dict[str, tarfile.TarInfo] = {}
        self._by_place: dict[str, tarfile.TarInfo] = {}
        for number, member in enumerate(archive, start=1):
            self._members[re.sub("/+", "/", member.name.rstrip("/"))] = member
            self._by_place[posixpath.normpath(member.name)] = member
            if number > MAX_MEMBERS:
                break

    @cached_property
    def files(self) -> list[StoredFile]:
        """All but folders; their stamps change with the archive's."""
        files = []
        for name, member in self._members.items():
            if not member.isdir():
                target = self._target(member) if _is_link(member) else member
                size = target.size if target else 0
                stamp = f"{self._stamp}/{size}-"
                files.append(StoredFile(name, stamp, size, _from_seconds(member.mtime)))
        return files

    def open(self, path: str) -> IO[bytes]:
        """Open the member *path*.

        Raises ``DocumentError`` if it is a link that points nowhere or is not followed,
        ``ValueError`` if it is not a regular file.
        """
        member = self._members.get(path)
        if member is None:
            raise FileNotFoundError(path)
        if _is_link(member):
            if not self._follow_links:
                message = 'it is a link; pack the file itself, or set [source] links = "inside"'
                raise DocumentError(path, "link", message)
            target = self._target(member)
            if target is None:
                message = "it is a link to nothing in the archive; pack the file itself"
                raise DocumentError(path, "not_found", message)
            member = target
        if not member.isreg():
            raise ValueError("it is a pipe, a device or a folder")
        return cast("IO[bytes]", self._archive.extractfile(member))

    def _target(self, member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        """Return the final target of a link; None if it has none, or too many links lead there."""
        for _ in range(MAX_LINKS_IN_A_ROW):
            folder = posixpath.dirname(member.name) if member.issym() else ""
            place = posixpath.normpath(posixpath.join(folder, member.linkname))
            following = self._by_place.get(place)
            if following is None:
                return None
            if not _is_link(following):
                return following
            member = following
        return None


class _Member(tarfile.TarInfo):
    """A member whose name and attributes have a limited length: they are read into memory."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in LONG_HEADERS and self.size > MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {self.size:,} bytes")
        return super()._proc_member(archive)  # type: ignore[misc]


def _decompressed(file: IO[bytes], name: str, limit: int, stack: ExitStack) -> IO[bytes]:
    for suffixes, decompress in DECOMPRESSORS:
        if name.lower().endswith(suffixes):
            spooled = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115
            plain = stack.enter_context(spooled)
            unpacked = decompress(file)
            while chunk := unpacked.read(1 << 20):
                plain.write(chunk)
                if plain.tell() > limit:
                    raise StoreError(
                        f"the archive {name} unpacks to more than {limit // 1_000_000:,} MB, "
                        f"{DOCUMENTS_PER_ARCHIVE} times [source] max_document_megabytes; raise "
                        "that setting, or unpack the archive into a folder"
                    )
            plain.seek(0)
            return cast("IO[bytes]", plain)
    return file


def _is_link(member: tarfile.TarInfo) -> bool:
    return member.issym() or member.islnk()


def _when_packed(date_time: tuple[int, ...]) -> datetime | None:
    try:
        return datetime(*date_time[:6]).replace(tzinfo=UTC)  # type: ignore[arg-type]
    except ValueError:
        return None


def _from_seconds(seconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None
