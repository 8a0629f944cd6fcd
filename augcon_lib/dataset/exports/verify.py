"""Checking an export against its manifest."""

from pathlib import Path

import polars as pl

from augcon_lib.dataset.exports.contents import export_files
from augcon_lib.dataset.exports.folder import settle
from augcon_lib.dataset.exports.manifest import (
    MANIFEST_NAME,
    ExportFile,
    Manifest,
    file_sha256,
    read_manifest,
)
from augcon_lib.errors import SettingsError


def verify_export(directory: Path) -> Manifest:
    """The manifest of the export in *directory*, all of which is as it says.

    What an export that was killed left beside *directory* is put right first. Raises
    ``SettingsError`` where there is no manifest, or with all that is missing, extra or changed.
    """
    settle(directory)
    if not directory.is_dir():
        raise SettingsError(f"{directory} is no folder; make an export with: augcon export")
    manifest = read_manifest(directory)
    problems = differences(directory, manifest)
    if problems:
        raise SettingsError(
            f"{directory} is not what its {MANIFEST_NAME} says: {'; '.join(problems)}; write it "
            "again with: augcon export"
        )
    return manifest


def differences(folder: Path, manifest: Manifest) -> list[str]:
    """What differs between *folder* and *manifest*, in words: a file is named once."""
    listed = {file.name for file in manifest.files} | {MANIFEST_NAME}
    extra = [name for name in export_files(folder) if name not in listed]
    return [
        *filter(None, (_difference(folder, file) for file in manifest.files)),
        *(f"{name} is extra" for name in extra),
    ]


def _difference(folder: Path, file: ExportFile) -> str:
    path = folder / file.name
    try:
        if path.is_symlink() or not path.is_file():
            return f"{file.name} is missing"
        chars = path.stat().st_size
        if chars == file.bytes and file_sha256(path) == file.sha256:
            return ""
        rows = _rows(path) if file.rows is not None else None
    except OSError as error:
        return f"{file.name} cannot be read ({error.strerror})"
    if rows is not None and rows != file.rows:
        return f"{file.name} has {rows:,} of {file.rows:,} rows"
    if chars != file.bytes:
        return f"{file.name} was changed: {chars:,} of {file.bytes:,} bytes"
    return f"{file.name} was changed"


def _rows(path: Path) -> int | None:
    """How many rows a file holds; None where its format does not say, or it is broken."""
    if path.suffix == ".jsonl":
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    if path.suffix == ".parquet":
        try:
            return int(pl.scan_parquet(path).select(pl.len()).collect().item())
        except pl.exceptions.PolarsError:
            return None
    return None
