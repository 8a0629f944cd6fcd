"""Exporters of other packages: their files are part of an export like those of any format."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import polars as pl

from augcon_lib.dataset.exports.contents import export_files
from augcon_lib.dataset.exports.formats import LINEAGE_NAME, split_parts, write_lineage
from augcon_lib.dataset.exports.manifest import MANIFEST_NAME
from augcon_lib.errors import AugconError, SettingsError
from augcon_lib.extensions import Extension


class Exporter(Protocol):
    """What ``augcon.exporters`` registers; ``augcon export --format`` takes the name.

    The same rows should give the same bytes.
    """

    def __call__(self, rows: pl.DataFrame, split: str, folder: Path, /) -> Mapping[str, int | None]:
        """Write the *rows* of a *split* (``train`` or ``test``), of which there is at least one.

        Returns the number of rows of each new file (None: unknown), by its path in *folder*. The
        columns are those of ``augcon_lib.read_dataset``.
        """
        ...


def write_packaged_files(
    rows: pl.DataFrame, folder: Path, extension: Extension
) -> dict[str, int | None]:
    """Write *rows* as ``formats.write_files`` does, with a package's exporter.

    Raises ``SettingsError`` if it cannot be imported, fails, or returns other files than it wrote.
    """
    exporter: Exporter = extension.load()
    written: dict[str, int | None] = {}
    for split, part in split_parts(rows):
        try:
            returned = dict(exporter(part, split, folder))
        except (AugconError, OSError):
            raise
        # Whatever a package raises: the earlier export stays.
        except Exception as error:
            raise SettingsError(
                f"{extension} failed ({type(error).__name__}: {error}); report it to the "
                "package's authors, or name another --format"
            ) from error
        _check(extension, folder, written, returned)
        written |= returned
    return written | write_lineage(rows, folder)


def _check(
    extension: Extension,
    folder: Path,
    before: Mapping[str, int | None],
    returned: Mapping[str, int | None],
) -> None:
    found = set(export_files(folder)) - before.keys()
    reserved = {LINEAGE_NAME, MANIFEST_NAME}
    if found != returned.keys() or found & reserved:
        said = ", ".join(sorted(returned)) or "no file"
        wrote = ", ".join(sorted(found)) or "no new file"
        raise SettingsError(
            f"{extension} says that it wrote {said}, and wrote {wrote}; a file for each split, "
            f"none of them {' or '.join(sorted(reserved))}: report it to the package's authors"
        )
