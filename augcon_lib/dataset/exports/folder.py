"""Replace a folder as a whole: write it next to its target, sync, then rename.

POSIX cannot rename over a folder with files in it. So an older export is moved aside first, and
removed when the new one is in its place. A killed process leaves the old one, the new one, or,
between two renames, both next to the target: :func:`settle` then finishes the job.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from polars.exceptions import PolarsError

from augcon_lib.dataset.exports.contents import stranger
from augcon_lib.dataset.exports.manifest import file_sha256, read_manifest
from augcon_lib.errors import SettingsError


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder to write an export into; at the end of the body it becomes *target*.

    If the body raises, *target* stays unchanged. Raises ``SettingsError`` if *target* contains
    files that no export wrote, or cannot be written.
    """
    target = target.resolve()
    _refuse_what_is_no_folder(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone_in(target.parent):
            _refuse_strangers(target)
            _settle(target)
            new, old = _beside(target)
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            try:
                yield new
                _sync(new)
                _swap(new, target, old)
            except BaseException:
                if not target.exists() and old.exists():
                    old.rename(target)
                shutil.rmtree(new, ignore_errors=True)
                raise
            shutil.rmtree(old, ignore_errors=True)
    except (OSError, PolarsError) as error:
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise SettingsError(
            f"{target} cannot be written: {why}; its files are unchanged. Free space, fix the "
            "permissions of the folder above it, or choose another folder"
        ) from error


def settle(target: Path) -> None:
    """Clean up what a killed export left next to *target*, unless an export is in progress."""
    target = target.resolve()
    if not any(each.exists() for each in _beside(target)):
        return
    try:
        with _alone_in(target.parent):
            if stranger_in(target) is None:
                _settle(target)
    except OSError as error:
        raise SettingsError(
            f"{target}: the files that an interrupted export left next to it cannot be cleaned up "
            f"({error.strerror}: {error.filename}); fix the permissions of the folder above it"
        ) from error


def stranger_in(target: Path) -> str | None:
    """As :func:`stranger`; a folder that does not exist contains none."""
    return stranger(target) if target.exists() else None


def _settle(target: Path) -> None:
    new, old = _beside(target)
    if old.exists():
        if not _holds_files(target):
            (new if _is_complete(new) else old).rename(target)
            _sync_path(target.parent)
        shutil.rmtree(old, ignore_errors=True)
    shutil.rmtree(new, ignore_errors=True)


def _swap(new: Path, target: Path, old: Path) -> None:
    if _holds_files(target):
        target.rename(old)
    new.rename(target)
    _sync_path(target.parent)


def _beside(target: Path) -> tuple[Path, Path]:
    """Return where the new export is written, and where the old one waits."""
    name = f".{target.name}.augcon"
    return target.with_name(f"{name}-new"), target.with_name(f"{name}-old")


def _holds_files(folder: Path) -> bool:
    return folder.exists() and any(folder.iterdir())


def _is_complete(folder: Path) -> bool:
    """Whether *folder* contains all that its manifest, which is written last, lists."""
    try:
        files = read_manifest(folder).files
        return all(file_sha256(folder / file.name) == file.sha256 for file in files)
    except (SettingsError, OSError):
        return False


def _refuse_what_is_no_folder(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise SettingsError(f"{target} is a file; choose a folder for the export")
    if target.is_mount():
        raise SettingsError(f"{target} is a mount point; choose a folder inside it")


def _refuse_strangers(target: Path) -> None:
    found = stranger_in(target)
    if found is not None:
        raise SettingsError(
            f"{target} contains {found}, which no export wrote; an export replaces its folder as a "
            "whole: choose another folder, or move the file away"
        )


@contextmanager
def _alone_in(parent: Path) -> Iterator[None]:
    """Lock *parent*, once no other process exports into a folder of it."""
    descriptor = os.open(parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems cannot lock folders
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sync(folder: Path) -> None:
    """Sync all of *folder* to the disk before it gets its name."""
    for path in folder.rglob("*"):
        _sync_path(path)
    _sync_path(folder)


def _sync_path(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
