"""A folder of this machine as a store, or one file."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import IO

from augcon_lib.documents.globs import Wanted
from augcon_lib.documents.links import (
    SKIPPED_FOLDERS,
    LinkRule,
    is_of_system,
    open_regular,
)
from augcon_lib.documents.stored_file import StoredFile

# A file that changed this recently may change again within the same tick of the file system's
# clock; the next listing does not trust its stamp.
UNSETTLED_SECONDS = 2.0
UNSETTLED = "?"


@dataclass
class LocalFiles:
    """Files of a local folder, or one local file; ``rule`` decides which links are followed."""

    root: Path
    rule: LinkRule | None
    wanted: Wanted
    single: bool = False
    parallel: bool = False

    @cached_property
    def files(self) -> list[StoredFile]:
        """The current files; raises ``OSError`` if a folder cannot be listed."""
        if self.rule is not None:
            return _Walk(self.rule, self.wanted).files()
        status = self.root.stat()
        return [StoredFile(self.root.name, stamp_of(status), status.st_size, _when(status))]

    def open(self, path: str) -> IO[bytes]:
        """Open the file at *path* below the folder, without ever waiting.

        Raises ``DocumentError`` if it is a link that is not followed, ``ValueError`` if it is not
        a regular file, otherwise ``OSError``.
        """
        place = self.root / path if self.rule else self.root
        return os.fdopen(open_regular(path, place, self.rule), "rb")


def stamp_of(status: os.stat_result) -> str:
    """Return the cheap change token of a local file."""
    settled = time.time() - status.st_mtime > UNSETTLED_SECONDS
    token = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}-{status.st_ino}"
    return token if settled else token + UNSETTLED


class _Walk:
    """All files of a folder, each real folder once.

    A folder gives its files under its own path. It gives them under the path of a link only if the
    patterns leave out its own path, and for one link only; so links multiply nothing.
    """

    def __init__(self, rule: LinkRule, wanted: Wanted) -> None:
        self._rule = rule
        self._wanted = wanted
        self._found: list[StoredFile] = []
        self._links: dict[str, str] = {}
        self._seen_links: set[str] = set()
        self._listed: set[str] = set()
        self._entered_by_link: set[str] = set()

    def files(self) -> list[StoredFile]:
        """Return each file, and each link or folder that is not followed."""
        self._enter(self._rule.root, "", by_link=False)
        while self._links:
            links, self._links = sorted(self._links.items(), key=lambda link: link[1]), {}
            for place, path in links:
                self._follow(place, path)
        return self._found

    def _enter(self, folder: str, prefix: str, *, by_link: bool) -> None:
        pending = [(folder, prefix)]
        while pending:
            folder, prefix = pending.pop()
            real = os.path.realpath(folder) if by_link else folder
            if by_link:
                if real in self._entered_by_link:
                    continue
                self._entered_by_link.add(real)
                if is_of_system(real):
                    self._found.append(_refused(prefix.rstrip("/"), real, folder=True))
                    continue
            pending += self._list(folder, real, prefix)

    def _list(self, folder: str, real: str, prefix: str) -> Iterator[tuple[str, str]]:
        """Note the files and links in *folder*; return its folders with their prefixes."""
        listed_before = real in self._listed
        try:
            found = os.scandir(folder)
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            self._found.append(StoredFile(prefix.rstrip("/"), "too long", 0, None, folder=True))
            return
        with found:
            for entry in found:
                path = prefix + entry.name
                if entry.is_symlink():
                    self._note_link(f"{real}/{entry.name}", path)
                elif _is_folder(entry):
                    if entry.name not in SKIPPED_FOLDERS:
                        yield entry.path, path + "/"
                elif not listed_before:
                    self._found.append(_stored(path, partial(entry.stat, follow_symlinks=False)))
                    if self._wanted(path):
                        self._listed.add(real)

    def _note_link(self, place: str, path: str) -> None:
        if place not in self._seen_links:
            self._seen_links.add(place)
            self._links[place] = path

    def _follow(self, place: str, path: str) -> None:
        real = os.path.realpath(place)
        refused = self._rule.refusal(real, linked=True) is not None
        # Path.is_dir raises for a path that is too long.
        if not is_of_system(real) and os.path.isdir(real):  # noqa: PTH112
            if refused:
                self._found.append(_refused(path, real, folder=True))
            else:
                self._enter(real, path + "/", by_link=True)
        elif refused:
            self._found.append(_refused(path, real))
        else:
            # A link to nothing, or to itself, is an entry, too; reading it reports the problem.
            self._found.append(_stored(path, partial(os.stat, place)))


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _stored(path: str, status_of: Callable[[], os.stat_result]) -> StoredFile:
    try:
        status = status_of()
    except OSError as error:
        missing = error.errno in (errno.ENOENT, errno.ELOOP)
        # Reading it reports the problem; the next listing sees whether it lasts.
        return StoredFile(path, "missing" if missing else f"no status{UNSETTLED}", 0, None)
    return StoredFile(path, stamp_of(status), status.st_size, _when(status))


def _refused(path: str, real: str, *, folder: bool = False) -> StoredFile:
    return StoredFile(path, f"refused: {real}", 0, None, folder=folder)


def _when(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)
