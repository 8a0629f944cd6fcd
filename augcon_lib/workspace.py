"""A workspace: the folder with an ``augcon.toml``, and the paths of its parts."""

from dataclasses import dataclass
from pathlib import Path

from augcon_lib.errors import SettingsError
from augcon_lib.settings import SETTINGS_FILE_NAME, Settings, load_settings


@dataclass(frozen=True, slots=True)
class Workspace:
    """The folder and its settings; relative paths of the settings are relative to the folder."""

    root: Path
    settings: Settings

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return self.root / self.settings.storage.warehouse

    @property
    def journal_path(self) -> Path:
        """The SQLite journal of model calls, next to the warehouse."""
        return self.warehouse_path.parent / "journal.sqlite"

    @property
    def prompts_dir(self) -> Path:
        """The user's own copies of prompt files; may be absent."""
        return self.root / "prompts"

    @property
    def principles_path(self) -> Path:
        """The constitution that precedes each answer (section 3.4)."""
        return self.root / "principles.md"

    @property
    def examples_path(self) -> Path:
        """The human-written few-shot examples, one JSON object a line (section 3.4)."""
        return self.root / "examples.jsonl"

    @property
    def dagster_home(self) -> Path:
        """Dagster's instance folder."""
        return self.root / "dagster_home"


def find_workspace(start: Path) -> Path:
    """Find the nearest folder from *start* upwards that contains an ``augcon.toml``.

    Raises ``SettingsError``, also if *start* is not a folder: a misspelled workspace must not
    become the one above it.
    """
    start = start.resolve()
    if not start.is_dir():
        raise SettingsError(
            f"no {SETTINGS_FILE_NAME}: {start} is not a folder; create a workspace with: augcon "
            "init DIR"
        )
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE_NAME).is_file():
            return folder
    raise SettingsError(
        f"no {SETTINGS_FILE_NAME} in {start} or above; create a workspace with: augcon init DIR"
    )


def open_workspace(root: Path) -> Workspace:
    """Open the workspace at *root*; raises ``SettingsError``."""
    root = root.resolve()
    return Workspace(root, load_settings(root / SETTINGS_FILE_NAME))
