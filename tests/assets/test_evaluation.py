"""The asset ``evaluation``: on demand alone, with figures, tables and plots in its metadata."""

import subprocess
import sys
from pathlib import Path

import dagster as dg

from augcon_assets.cli.execute import execute_job
from augcon_assets.defs.evaluation import EVALUATION, evaluate_job
from augcon_assets.session import Session
from augcon_lib.errors import AugconError
from augcon_lib.evaluation.evaluate import Evaluation
from augcon_lib.workspace import Workspace
from tests.support.workspaces import bring_up_to_date


def evaluated(workspace: Workspace, instance: dg.DagsterInstance, version: str = "") -> Session:
    session = Session("evaluating")
    ops = {EVALUATION: {"config": {"version": version}}}
    execute_job(workspace, instance, session, evaluate_job.name, [EVALUATION], ops=ops)
    return session


def test_a_run_leaves_figures_tables_and_plots(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    found = evaluated(workspace, instance).evaluation
    assert isinstance(found, Evaluation)
    event = instance.get_latest_materialization_event(dg.AssetKey(EVALUATION))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["diversity/distinct_2"].value == found.diversity.distinct_2
    assert metadata["dataset/rows"].value == found.rows
    assert metadata["dataset_version"].value == found.dataset_version
    plots = metadata["plots"].value
    assert isinstance(plots, str)
    assert plots.count("](data:image/png;base64,") >= 5
    assert isinstance(metadata["figures"], dg.TableMetadataValue)


def test_what_is_wrong_is_told(workspace: Workspace, instance: dg.DagsterInstance) -> None:
    session = evaluated(workspace, instance, "nothing")
    assert session.evaluation is None
    assert isinstance(session.stopped_by, AugconError)
    assert "no dataset version nothing" in str(session.stopped_by)


def test_no_sync_makes_it_and_it_makes_nothing_stale(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    assert instance.get_latest_materialization_event(dg.AssetKey(EVALUATION)) is None
    evaluated(workspace, instance)
    outcome = bring_up_to_date(workspace, instance)
    assert not outcome.run_ids


def test_loading_the_definitions_imports_no_plotting_or_clustering() -> None:
    program = (
        "import sys, augcon_assets.definitions; "
        "sys.exit(bool({'matplotlib', 'sklearn', 'augcon_lib.evaluation'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root).returncode == 0
