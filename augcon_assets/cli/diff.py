"""``augcon diff``: the rows added, kept, removed and changed between two dataset versions."""

from pathlib import Path

from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_assets.cli.versions import version_json
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.text.printable import one_line
from augcon_lib.warehouse.datasets import diff_versions

MAX_SHOWN_ROWS = 20


def show_diff(folder: Path | None, old: str | None, new: str | None, *, as_json: bool) -> None:
    """Print how *new* (default: current) differs from *old* (default: the one before *new*)."""
    workspace = workspace_at(folder)
    diff = diff_versions(StageRun(workspace).warehouse, old, new)
    if as_json:
        print_json(
            {
                "old_version": diff.old_version,
                "new_version": diff.new_version,
                "rows": {
                    "added": len(diff.added),
                    "kept": diff.kept,
                    "removed": len(diff.removed),
                    "changed": len(diff.changed),
                },
                "versions": [version_json(version) for version in diff.versions],
                "added": diff.added,
                "removed": diff.removed,
                "changed": diff.changed,
            }
        )
        return
    out = console()
    out.print(
        f"{diff.old_version or 'nothing'} to {diff.new_version}: {len(diff.added):,} added, "
        f"{diff.kept:,} kept, {len(diff.removed):,} removed"
        + (f"; {len(diff.changed):,} of these have a new answer" if diff.changed else ""),
        markup=False,
    )
    for version in diff.versions:
        out.print(
            f"{version.dataset_version}: {version.cause_in_words or 'no change'}; "
            f"{version.model_calls:,} model calls, ${version.cost_usd:,.2f}",
            markup=False,
        )
    pairs = {row[name] for row in diff.changed for name in ("row_id", "old_row_id")}
    for row in diff.changed[:MAX_SHOWN_ROWS]:
        out.print(f"~ {one_line(row['document_id'])}: {one_line(row['query'])}", markup=False)
        out.print(f"    - {one_line(row['old_response'])}", markup=False)
        out.print(f"    + {one_line(row['response'])}", markup=False)
    for sign, rows in (("+", diff.added), ("-", diff.removed)):
        alone = [row for row in rows if row["row_id"] not in pairs]
        for row in alone[:MAX_SHOWN_ROWS]:
            shown = f"{one_line(row['document_id'])}: {one_line(row['query'])}"
            out.print(f"{sign} {shown}", markup=False)
        if len(rows) > MAX_SHOWN_ROWS:
            out.print(f"{sign} ... and {len(rows) - MAX_SHOWN_ROWS:,} more; see all with --json")
