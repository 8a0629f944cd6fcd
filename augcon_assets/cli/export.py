"""``augcon export``: the dataset as files for a trainer."""

from pathlib import Path

from augcon_assets.cli.console import console, workspace_at
from augcon_lib.dataset.exports import export_dataset, verify_export
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.datasets import read_dataset


def export_command(
    folder: Path | None, directory: Path, format_name: str, version: str | None
) -> None:
    """Write *version* (default: the current one) and list the files."""
    rows = read_dataset(StageRun(workspace_at(folder)).warehouse, version)
    written = export_dataset(rows, directory, format_name)
    out = console()
    out.print(f"{rows.height:,} rows", markup=False)
    for path in written:
        out.print(f"  {path}", markup=False)


def verify_command(directory: Path) -> None:
    """Verify the export in *directory*; raises ``SettingsError`` that lists the differences."""
    manifest = verify_export(directory)
    out = console()
    out.print(
        f"{directory} is complete: {manifest.format}, dataset version {manifest.dataset_version}",
        markup=False,
    )
    for file in manifest.files:
        rows = "" if file.rows is None else f"{file.rows:,} rows, "
        out.print(f"  {file.name}: {rows}{file.bytes:,} bytes", markup=False)
