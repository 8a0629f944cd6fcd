"""``augcon report``: one HTML page with plots and tables of a dataset version."""

from pathlib import Path

from augcon_assets.cli.console import console, workspace_at
from augcon_lib.errors import SettingsError
from augcon_lib.evaluation.evaluate import evaluate
from augcon_lib.evaluation.report import report_html
from augcon_lib.model import model_identity
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.evaluation_rows import read_rows

SAMPLE_ROWS = 12
DEFAULT_NAME = "report.html"


def write_report(folder: Path | None, file: Path | None, version: str | None) -> None:
    """Measure *version* and write *file* (default: ``report.html`` in the workspace).

    Raises ``WarehouseError`` if the version does not exist, and ``SettingsError`` if the file
    cannot be written.
    """
    workspace = workspace_at(folder)
    warehouse = StageRun(workspace).warehouse
    evaluation = evaluate(warehouse, workspace.settings, version)
    sample = read_rows(warehouse, version, SAMPLE_ROWS, evaluation.seed)
    facts = {
        "made by": f"augcon, model {model_identity(workspace.settings.model)}",
        "strategy": workspace.settings.tree.strategy,
        "rows": f"{evaluation.rows:,}",
        "documents": f"{evaluation.documents:,}",
    }
    rows = [{n: getattr(row, n) for n in ("document_id", "query", "response")} for row in sample]
    page = report_html(evaluation, facts, rows)
    path = file or workspace.root / DEFAULT_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written ({error.strerror}); choose another file"
        ) from error
    console().print(f"{path}: {len(page) // 1024:,} KiB", markup=False)
