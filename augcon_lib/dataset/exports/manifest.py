"""``manifest.json``: lists the files of an export, so that a part never counts as complete."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from augcon_lib.errors import SettingsError

MANIFEST_NAME = "manifest.json"
MANIFEST_VERSION = 1


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export by its path in it; ``rows`` is None if it contains none."""

    name: str
    rows: int | None
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The format and dataset version of an export (None: no rows), and all its files."""

    format: str
    dataset_version: str | None
    files: tuple[ExportFile, ...]


def write_manifest(
    folder: Path, format_name: str, dataset_version: str | None, rows: Mapping[str, int | None]
) -> None:
    """Describe the files in *folder*; *rows* maps their names to their numbers of rows."""
    files = tuple(
        ExportFile(name, count, (folder / name).stat().st_size, file_sha256(folder / name))
        for name, count in sorted(rows.items())
    )
    manifest = asdict(Manifest(format_name, dataset_version, files))
    text = json.dumps({"manifest_version": MANIFEST_VERSION, **manifest}, indent=2)
    (folder / MANIFEST_NAME).write_text(text + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest in *folder*; raises ``SettingsError`` if it is missing or unreadable."""
    path = folder / MANIFEST_NAME
    try:
        found = json.loads(path.read_bytes())
        version = found["manifest_version"]
        if version == MANIFEST_VERSION:
            files = tuple(ExportFile(**each) for each in found["files"])
            if not all(_is_name(file.name) for file in files):
                raise ValueError("a name that points outside the export")
            return Manifest(found["format"], found["dataset_version"], files)
    except FileNotFoundError as error:
        raise SettingsError(
            f"{folder} has no {MANIFEST_NAME}: it is not an export, or one of augcon 0.1; write "
            "it again with: augcon export"
        ) from error
    except (OSError, ValueError, TypeError, LookupError) as error:
        raise SettingsError(
            f"{path} cannot be read ({type(error).__name__}); write the export again with: "
            "augcon export"
        ) from error
    raise SettingsError(f"{path} is from a newer augcon (version {version}); upgrade augcon")


def _is_name(name: object) -> bool:
    """Whether *name* is a file inside the export."""
    return isinstance(name, str) and ".." not in Path(name).parts and not Path(name).is_absolute()


def file_sha256(path: Path) -> str:
    """Return the hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
