"""``augcon init``: create a workspace from the packaged template."""

import shutil
from importlib.resources import as_file, files
from pathlib import Path

from augcon_assets.cli.console import console
from augcon_lib.errors import SettingsError
from augcon_lib.settings import SETTINGS_FILE_NAME

NEXT_STEPS = """\
Created a workspace in {root}

  1. Put documents into {root}/documents, or set [source] uri in augcon.toml.
  2. augcon plan --workspace {root}      shows what would run and what it would cost
  3. augcon run --workspace {root}       runs it with the embedded offline provider, as a trial
  4. For a real dataset, set [model] provider = "openai", base_url and name. Then: augcon doctor"""


def init_workspace(directory: Path) -> None:
    """Copy the template to *directory*; raises ``SettingsError`` if it is a workspace already."""
    if (directory / SETTINGS_FILE_NAME).exists():
        raise SettingsError(
            f"{directory} already contains {SETTINGS_FILE_NAME}; choose another folder"
        )
    if directory.exists() and not directory.is_dir():
        raise SettingsError(f"{directory} is a file; choose a folder for the workspace")
    directory.mkdir(parents=True, exist_ok=True)
    with as_file(files("augcon_assets").joinpath("template")) as template:
        for source in sorted(template.rglob("*")):
            target = directory / source.relative_to(template)
            if source.is_dir() or source.name == "__init__.py" or target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    for folder in ("documents", "prompts"):
        (directory / folder).mkdir(exist_ok=True)
    console().print(NEXT_STEPS.format(root=directory), markup=False)
