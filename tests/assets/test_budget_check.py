"""What is left of the day and the month, as the UI shows it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import dagster as dg
import pytest

from augcon_assets.definitions import defs
from augcon_assets.inputs import DOCUMENTS
from augcon_assets.instance.budget import BUDGET_CHECK
from augcon_assets.instance.sync import report_changes
from augcon_assets.resources import WorkspaceResource
from augcon_lib import clock
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.workspace import Workspace, open_workspace
from tests.assets.test_sensors import tick
from tests.support.workspaces import SETTINGS, toml

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()
KEY = dg.AssetCheckKey(dg.AssetKey(DOCUMENTS), BUDGET_CHECK)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.reading(lambda: NOON):
        yield


def evaluations(instance: dg.DagsterInstance) -> list[dg.AssetCheckEvaluation]:
    """Those that were recorded, latest first."""
    records = instance.event_log_storage.get_asset_check_execution_history(KEY, limit=100)
    return [record.evaluation for record in records if record.evaluation]


def with_limit(workspace: Workspace, **budget: float) -> Workspace:
    (workspace.root / "augcon.toml").write_text(toml({**SETTINGS, "budget": budget}), "utf-8")
    return open_workspace(workspace.root)


def spend(workspace: Workspace, calls: int) -> None:
    """So many calls of the journal are of now, all others of days before."""
    with closing(sqlite3.connect(workspace.journal_path)) as journal, journal:
        journal.execute("UPDATE calls SET started_at = 1e9")
        journal.execute(
            "UPDATE calls SET started_at = ? WHERE rowid IN (SELECT rowid FROM calls LIMIT ?)",
            [NOON, calls],
        )


def test_each_sync_records_what_is_left_where_it_changed(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    limited = with_limit(workspace, max_calls_per_day=5, max_usd_per_month=20)
    spend(limited, 3)
    recorded = len(evaluations(instance))
    for _ in range(2):
        tick(limited, instance)
    latest, *others = evaluations(instance)
    assert len(others) == recorded
    assert latest.passed
    assert latest.metadata["left/max_calls_per_day"].value == 2
    assert latest.metadata["left/max_usd_per_month"].value == 20
    assert "max_calls_per_day: 2 of 5 calls left until 2026-12-01 00:00" in str(latest.description)

    spend(limited, 5)
    report_changes(StageRun(limited), instance)
    reached = evaluations(instance)[0]
    assert not reached.passed
    assert reached.severity == dg.AssetCheckSeverity.WARN
    assert reached.metadata["left/max_calls_per_day"].value == 0
    assert len(evaluations(instance)) == recorded + 2

    report_changes(StageRun(with_limit(workspace)), instance)
    assert evaluations(instance)[0].passed
    assert "sets no limit" in str(evaluations(instance)[0].description)


def test_the_check_shows_the_same_when_somebody_runs_it(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    limited = with_limit(workspace, max_calls_per_day=5)
    spend(limited, 5)
    (check,) = [each for each in defs.asset_checks or [] if KEY in each.check_keys]  # type: ignore[union-attr]
    result = check(WorkspaceResource(root=str(limited.root)))  # type: ignore[operator]
    assert isinstance(result, dg.AssetCheckResult)
    assert not result.passed
    report_changes(StageRun(limited), instance)
    assert evaluations(instance)[0].description == result.description


def test_a_check_that_a_run_has_planned_says_nothing_of_what_is_left(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    report_changes(StageRun(workspace), instance)
    job = defs.get_implicit_global_asset_job_def().get_subset(
        asset_selection={KEY.asset_key}, asset_check_selection={KEY}
    )
    instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    (planned,) = instance.event_log_storage.get_latest_asset_check_execution_by_key([KEY]).values()
    assert planned.status.value == "PLANNED"
    for _ in range(2):
        report_changes(StageRun(workspace), instance)
    records = instance.event_log_storage.get_asset_check_execution_history(KEY, limit=2)
    assert [record.status.value for record in records] == ["SUCCEEDED", "PLANNED"]
