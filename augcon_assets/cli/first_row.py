"""Print the id of one row of the current dataset: ``python -m augcon_assets.cli.first_row``."""

from augcon_assets.cli.console import workspace_at
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.samples import sample_rows

if __name__ == "__main__":
    rows = sample_rows(StageRun(workspace_at(None)).warehouse, 1)
    print(rows[0]["row_id"] if rows else "")
