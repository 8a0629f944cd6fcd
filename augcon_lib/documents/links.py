"""Which files of this machine a store may read: the targets of links, and the opened files."""

import errno
import fcntl
import os
import stat
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from augcon_lib.errors import DocumentError

# System folders: environments with keys, memory, devices. Never read.
SYSTEM_FOLDERS = ("/proc", "/sys", "/dev")
ORDINARY_FOLDERS = ("/dev/shm",)
SKIPPED_FOLDERS = frozenset({".git", "__MACOSX", ".svn", ".hg"})
MACOS_F_GETPATH = 50
OPEN_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NOCTTY

Follow = Literal["inside", "none", "all"]


@dataclass(frozen=True, slots=True)
class LinkRule:
    """``[source] links`` for the store in the folder *root*, a real path."""

    follow: Follow
    root: str

    def refusal(self, real: str, *, linked: bool) -> tuple[str, str] | None:
        """Return reason and message if the real path must not be read; *linked*: through a link."""
        if is_of_system(real):
            return "system_file", "it is a file of the operating system, not a document; exclude it"
        if self.follow == "none" and linked:
            return "link", 'it is a link; store the file itself, or set [source] links = "inside"'
        if self.follow != "all" and not self._holds(real):
            message = (
                "it is a link to a file outside the store; copy the file into the store, or set "
                '[source] links = "all"'
            )
            return "link_leaves_store", message
        return None

    def _holds(self, real: str) -> bool:
        if not is_within(real, self.root):
            return False
        below = real[len(self.root) :].split("/")
        return SKIPPED_FOLDERS.isdisjoint(below[:-1])


def is_within(path: str, folder: str) -> bool:
    """Whether the real path *path* is *folder* or is below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_of_system(real: str) -> bool:
    """Whether a real path is in ``/proc``, ``/sys`` or ``/dev``."""
    return any(is_within(real, folder) for folder in SYSTEM_FOLDERS) and not any(
        is_within(real, folder) for folder in ORDINARY_FOLDERS
    )


def open_regular(path: str, place: Path, rule: LinkRule | None) -> int:
    """Open the regular file at *place*; *path* is its name in messages.

    The opened file itself is checked, not only the path before: a link that replaces it meanwhile
    is refused. Without a *rule*, links are followed. Never waits for a pipe or a device. Raises
    ``DocumentError`` if it must not be read, ``ValueError`` if it is not a regular file, otherwise
    ``OSError``.
    """
    real = str(place)
    try:
        # Most are plain files; for them it is enough to check the opened file.
        if not stat.S_ISREG(place.lstat().st_mode):
            real = os.path.realpath(place)
            _check(path, real, rule)
            # Opening a device can have side effects; a pipe is never opened either.
            _refuse_special(Path(real).stat())
        descriptor = os.open(real, OPEN_FLAGS)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise FileNotFoundError(errno.ENOENT, "a link to itself", path) from None
    try:
        status = os.fstat(descriptor)
        _refuse_special(status)
        opened = _path_of(descriptor)
        if opened is None:
            opened = os.path.realpath(real)
            if not os.path.samestat(status, Path(opened).stat()):
                raise FileNotFoundError(path)
        _check(path, opened, rule)
        if status.st_dev in _system_devices():
            raise DocumentError(path, "system_file", "it is a file of the operating system")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _refuse_special(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is a pipe, a socket, a device or a folder")


def _check(path: str, real: str, rule: LinkRule | None) -> None:
    if rule is None:
        rule = LinkRule("all", "/")
    linked = real != str(Path(rule.root, path))
    refusal = rule.refusal(real, linked=linked)
    if refusal:
        reason, message = refusal
        raise DocumentError(path, reason, message)


def _path_of(descriptor: int) -> str | None:
    """Return the real path of an open file; None if the system doesn't report it."""
    try:
        if sys.platform == "darwin":
            found = fcntl.fcntl(descriptor, MACOS_F_GETPATH, bytes(1024))
            return os.fsdecode(found.partition(b"\0")[0])
        return str(Path(f"/proc/self/fd/{descriptor}").readlink())
    except OSError:
        return None


@lru_cache(maxsize=1)
def _system_devices() -> set[int]:
    devices = set()
    for folder in ("/proc", "/sys"):
        try:
            devices.add(Path(folder).stat().st_dev)
        except OSError:
            continue
    return devices - {Path("/").stat().st_dev}
