"""The contents of a folder, and whether all of it belongs to an export."""

import os
from collections.abc import Iterator
from pathlib import Path

from augcon_lib.dataset.exports.formats import (
    CARD_MARK,
    CARD_NAME,
    FORMATS,
    LINEAGE_NAME,
    split_name,
)
from augcon_lib.dataset.exports.manifest import MANIFEST_NAME, read_manifest
from augcon_lib.dataset.rows import SPLITS
from augcon_lib.errors import SettingsError

IGNORED = ".DS_Store"  # macOS leaves one in every folder that somebody opens


def export_files(folder: Path) -> Iterator[str]:
    """List all files, links and empty folders below *folder* by their paths; follow no links.

    Raises ``OSError`` if a folder cannot be listed.
    """
    for entry in sorted(os.scandir(folder), key=lambda found: found.name):
        path = Path(entry.path)
        if entry.is_dir(follow_symlinks=False) and any(path.iterdir()):
            yield from (f"{entry.name}/{name}" for name in export_files(path))
        elif entry.name != IGNORED:
            yield entry.name


def stranger(folder: Path) -> str | None:
    """Return the first file in *folder* that no export wrote; None if there is none."""
    known = _names(folder)
    return next((name for name in export_files(folder) if name not in known), None)


def _names(folder: Path) -> set[str]:
    """List the files of the export in *folder*: those in its manifest; without one, all."""
    try:
        return {file.name for file in read_manifest(folder).files} | {MANIFEST_NAME}
    except SettingsError:
        pass
    if not (folder / LINEAGE_NAME).is_file():
        return set()
    card = {CARD_NAME} if _is_card(folder / CARD_NAME) else set()
    splits = {split_name(split, each) for split in SPLITS for each in FORMATS}
    return {LINEAGE_NAME, MANIFEST_NAME} | splits | card


def _is_card(path: Path) -> bool:
    return path.is_file() and CARD_MARK in path.read_text(encoding="utf-8", errors="replace")
