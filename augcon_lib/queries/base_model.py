"""The base model that a transformer scorer was trained on: a hash of its files, or a hub's commit.

A folder whose weights were trained further has another identity under the same name; a name on a
hub is kept at the commit that was loaded.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

from augcon_lib.errors import SettingsError

# The hashes of large files, by their size and times: read once for each change.
_CACHE_FILE = "base_models.json"
_FOLDER = "files:"


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The name or folder of a base model, and its ``revision``: ``files:`` and a hash, or a commit.

    The revision is empty if none is known (a hub's model that was never loaded).
    """

    name: str
    revision: str = ""

    @property
    def hub_revision(self) -> str | None:
        """The commit to load from a hub; ``None``: a folder, or the newest commit."""
        return None if self.revision.startswith(_FOLDER) else self.revision or None

    def at(self, commit: str) -> "BaseModel":
        """Return the same model at a hub's *commit*."""
        return replace(self, revision=commit)

    def check(self, scorer_version: str, cache_folder: Path) -> None:
        """Raise ``SettingsError`` if the folder's files have changed since the training."""
        if not self.revision.startswith(_FOLDER) or not Path(self.name).is_dir():
            return
        if base_model(self.name, cache_folder) != self:
            raise SettingsError(
                f"the base model in {self.name} has changed since scorer {scorer_version} was "
                "trained on it; restore the former files, or train a scorer on the new ones with: "
                "augcon retrain query_scorer"
            )


def base_model(name: str, cache_folder: Path) -> BaseModel:
    """Return the current base model *name*; hashes of its files are kept in *cache_folder*."""
    folder = Path(name)
    if not folder.is_dir():
        return BaseModel(name)
    cache_path = cache_folder / _CACHE_FILE
    try:
        known: dict[str, str] = json.loads(cache_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    before = dict(known)
    found = BaseModel(name, _folder_revision(folder, known))
    if known != before:
        cache_folder.mkdir(parents=True, exist_ok=True)
        unfinished = cache_path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(known), encoding="utf-8")
        unfinished.replace(cache_path)
    return found


def _folder_revision(folder: Path, known: dict[str, str]) -> str:
    """Hash the names and contents of the files of *folder*; *known* gets the files' hashes."""
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        status = path.stat()
        stamp = f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}"
        if stamp not in known:
            known[stamp] = _sha256(path)
        digest.update(f"{path.relative_to(folder)}\0{known[stamp]}\0".encode())
    return f"{_FOLDER}{digest.hexdigest()[:32]}"


def _sha256(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
