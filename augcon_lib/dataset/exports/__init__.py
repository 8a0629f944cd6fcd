"""Write a dataset version for a trainer: byte for byte the same for the same rows.

Next to the rows of each split are ``lineage.jsonl``, one line per row in the same order, with the
way back to the document, and ``manifest.json``, which lists the required files. Nothing in an
export depends on when or where it was written.
"""

from pathlib import Path

import polars as pl

from augcon_lib.dataset.exports.folder import replaced_folder
from augcon_lib.dataset.exports.formats import FORMATS, write_files
from augcon_lib.dataset.exports.manifest import MANIFEST_NAME, write_manifest
from augcon_lib.dataset.exports.packaged import Exporter, write_packaged_files
from augcon_lib.dataset.exports.verify import verify_export
from augcon_lib.errors import SettingsError
from augcon_lib.extensions import find, known_names

__all__ = ["FORMATS", "Exporter", "export_dataset", "verify_export"]


def export_dataset(rows: pl.DataFrame, directory: Path, format_name: str) -> list[Path]:
    """Write *rows* (of ``warehouse.datasets.read_dataset``) to *directory*; return the files.

    One file per split that has rows. An earlier export of any format is replaced as a whole, and
    stays until the new one is complete. *format_name* is one of ``FORMATS`` or of a package. Raises
    ``SettingsError`` if the format is unknown, or *directory* cannot be written or contains files
    that no export wrote.
    """
    extension = find("exporter", format_name, FORMATS)
    if extension is None and format_name not in FORMATS:
        known = known_names("exporter", FORMATS)
        raise SettingsError(f"--format {format_name}: unknown; use one of {known}")
    with replaced_folder(directory) as folder:
        if extension is not None:
            files = write_packaged_files(rows, folder, extension)
        else:
            files = write_files(rows, folder, format_name)
        version = rows["dataset_version"][0] if rows.height else None
        write_manifest(folder, format_name, version, files)
    return [directory / name for name in (*files, MANIFEST_NAME)]
