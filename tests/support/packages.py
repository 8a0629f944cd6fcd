"""Packages that are installed by hand: a folder with their metadata, to be put on ``sys.path``."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "extension"


def install(
    folder: Path, package: str, version: str, parts: Mapping[str, Mapping[str, str]]
) -> Path:
    """Write the metadata of *package* with its entry points (group to name to place)."""
    for old in folder.glob(f"{package.replace('-', '_')}-*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    metadata = folder / f"{package.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", encoding="utf-8"
    )
    lines = [
        line
        for group, names in parts.items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in names.items()))
    ]
    (metadata / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def install_example(folder: Path, version: str = "1.0") -> Path:
    """The metadata of the example's package, as its pyproject.toml has it."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return install(folder, project["name"], version, project["entry-points"])
