"""Check an export against its manifest."""

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
    """Check the export in *directory*, and return its manifest.

    Leftovers of a killed export next to *directory* are cleaned up first. Raises ``SettingsError``
    if the manifest is missing, or with all files that are missing, extra or changed.
    """
    settle(directory)
    if not directory.is_dir():
        raise SettingsError(f"{directory} is not a folder; write an export with: augcon export")
    manifest = read_manifest(directory)
    problems = differences(directory, manifest)
    if problems:
        raise SettingsError(
            f"{directory} does not match its {MANIFEST_NAME}: {'; '.join(problems)}; write it "
            "again with: augcon export"
        )
    return manifest


def differences(folder: Path, manifest: Manifest) -> list[str]:
    """Describe the differences between *folder* and *manifest*; each file is named once."""
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
    """Count the rows of a file; None if its format has no count, or it is broken."""
    if path.suffix == ".jsonl":
        with path.open("rb") as file:
            return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
    if path.suffix == ".parquet":
        try:
            return int(pl.scan_parquet(path).select(pl.len()).collect().item())
        except pl.exceptions.PolarsError:
            return None
    return None
