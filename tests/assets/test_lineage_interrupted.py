"""What Dagster shows is what the warehouse holds, after stops, kills, Ctrl-C and a full disk."""

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import Engine
from sqlalchemy import event as events
from sqlalchemy.exc import SQLAlchemyError

from augcon_assets.cli.run import RunInterrupted
from augcon_assets.cli.summary import Outcome
from augcon_assets.instance import lineage
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.partitions import DOCUMENTS
from augcon_lib.errors import BudgetExceeded, EndpointError
from augcon_lib.model.engine import ModelEngine
from augcon_lib.pipeline import CHOICES, DOCUMENT_STAGES
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse import Warehouse
from augcon_lib.workspace import Workspace, open_workspace
from tests.support.killed import die_at_a_new_write
from tests.support.lineage import PAGES, WHOLE, dataset, found, shown, sync
from tests.support.workspaces import (
    GOOD,
    SETTINGS,
    TIDES,
    bring_up_to_date,
    make_workspace,
    put,
    toml,
)


@pytest.fixture
def pages(tmp_path: Path) -> Workspace:
    """A new workspace with nine documents."""
    return make_workspace(tmp_path / "pages", PAGES)


def test_a_budget_stop_shows_what_was_made_and_the_next_run_the_rest(pages: Workspace) -> None:
    settings = pages.root / "augcon.toml"
    settings.write_text(
        toml({**SETTINGS, "model": {"max_concurrency": 1}, "budget": {"max_calls": 25}})
    )
    with workspace_instance(pages) as instance:
        stopped = bring_up_to_date(open_workspace(pages.root), instance)
        assert isinstance(stopped.stopped_by, BudgetExceeded)
        made = shown(instance, "cst_nodes")
        assert 0 < len(made) < len(PAGES)
        assert shown(instance, "raw_corpus") == set(PAGES)
        assert found(pages, instance) == []
        in_runs = instance.fetch_materializations(dg.AssetKey("cst_nodes"), limit=100).records
        assert {record.run_id for record in in_runs} == set(stopped.run_ids)
        check = dg.AssetCheckKey(dg.AssetKey("cst_nodes"), "document_done")
        checked = instance.event_log_storage.get_asset_check_partition_info([check])
        assert {info.partition_key for info in checked} == made
        settings.write_text(toml(SETTINGS))
        assert bring_up_to_date(open_workspace(pages.root), instance).stopped_by is None
        assert found(pages, instance) == []
        assert shown(instance, "responses") == set(PAGES)


def after_calls(monkeypatch: pytest.MonkeyPatch, count: int, happens: Callable[[], object]) -> None:
    """Let something happen before the call *count* of the model."""
    ask = ModelEngine.ask
    calls: list[object] = []

    async def counted(self: ModelEngine, request: Any) -> Any:
        calls.append(request)
        if len(calls) == count:
            happens()
        return await ask(self, request)

    monkeypatch.setattr(ModelEngine, "ask", counted)


def test_a_dead_endpoint_leaves_what_was_made_shown(
    pages: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die() -> None:
        raise EndpointError("the endpoint is gone")

    with workspace_instance(pages) as instance, monkeypatch.context() as patch:
        after_calls(patch, 45, die)
        stopped = bring_up_to_date(pages, instance)
        assert isinstance(stopped.stopped_by, EndpointError)
        assert found(pages, instance) == []
        assert shown(instance, "raw_corpus") == set(PAGES)


def test_ctrl_c_at_a_call_leaves_what_was_made_shown(
    pages: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workspace_instance(pages) as instance, monkeypatch.context() as patch:
        after_calls(patch, 45, lambda: signal.raise_signal(signal.SIGINT))
        stopped = bring_up_to_date(pages, instance)
        assert isinstance(stopped.stopped_by, RunInterrupted)
        assert found(pages, instance) == []


@pytest.mark.parametrize("stage", [*DOCUMENT_STAGES, *WHOLE])
def test_ctrl_c_between_rows_and_their_event_leaves_the_rows_shown(
    workspace: Workspace,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
) -> None:
    interrupted: list[str] = []
    saving = StageRun.saving

    @contextmanager
    def interrupted_saving(self: StageRun, report: Any, outputs: Any) -> Iterator[None]:
        with saving(self, report, outputs):
            yield
            if report.stage == stage and not interrupted:
                interrupted.append(stage)
                signal.raise_signal(signal.SIGINT)

    changed = {**SETTINGS, "tree": {**SETTINGS["tree"], "max_rounds": 3}}
    changed["scorer"] = {"pairs_per_negative_kind": 4}
    changed["responses"] = {**SETTINGS["responses"], "search_trials": 3}
    (workspace.root / "augcon.toml").write_text(toml(changed), "utf-8")
    put(workspace.root, "new.md", TIDES + "\nA heron stood by the sluice.\n")
    with monkeypatch.context() as patch:
        patch.setattr(StageRun, "saving", interrupted_saving)
        stopped = bring_up_to_date(open_workspace(workspace.root), instance)
    assert interrupted
    assert isinstance(stopped.stopped_by, RunInterrupted)
    assert found(workspace, instance) == []


def what_stops(workspace: Workspace, instance: dg.DagsterInstance) -> str:
    """What a run is stopped by, or ends with where Dagster itself cannot go on."""
    try:
        return str(bring_up_to_date(workspace, instance).stopped_by)
    except (OSError, SQLAlchemyError) as error:
        return str(error)


@contextmanager
def full_index(instance: dg.DagsterInstance) -> Iterator[None]:
    """Dagster's index over all runs can't grow: "database or disk is full"."""

    def limit(connection: Any, _: object) -> None:
        (path,) = [row[2] for row in connection.execute("PRAGMA database_list") if row[1] == "main"]
        if path.endswith("index.db"):
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

    events.listen(Engine, "connect", limit)
    try:
        yield
    finally:
        events.remove(Engine, "connect", limit)


def test_a_full_disk_under_dagster_leaves_rows_that_the_next_sync_records(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    for number in range(40):
        put(
            workspace.root, f"new {number}.md", f"# {number}\n\nA heron came. It stayed {number}.\n"
        )
    sync(workspace, instance)
    with full_index(instance):
        assert "disk is full" in what_stops(workspace, instance)
    bring_up_to_date(workspace, instance)
    assert found(workspace, instance) == []


def test_a_full_disk_under_the_warehouse_shows_nothing_that_is_not_stored(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(workspace.root, "tides.md", TIDES + "\nA heron stood by the sluice.\n")
    sync(workspace, instance)

    @contextmanager
    def full(self: Warehouse) -> Iterator[None]:
        raise OSError(28, "No space left on device")
        yield

    with monkeypatch.context() as patch:
        patch.setattr(Warehouse, "write", full)
        assert "No space left" in what_stops(workspace, instance)
    assert found(workspace, instance) == []
    bring_up_to_date(workspace, instance)
    assert found(workspace, instance) == []


def died(workspace: Workspace, copies: Path) -> dict[str, int]:
    """Where processes died in turn, and how many differences each left; all is followed then.

    Each time, one sync of a copy makes them good; the next process goes on with what there was.
    """
    left: dict[str, int] = {}
    while (write := die_at_a_new_write(workspace.root, set(left))) is not None:
        copy = Path(shutil.copytree(workspace.root, copies / str(len(left))))
        with workspace_instance(open_workspace(copy)) as instance:
            left[write] = len(lineage.differences_now(StageRun(open_workspace(copy)), instance))
            sync(open_workspace(copy), instance)
            assert found(open_workspace(copy), instance) == [], write
    with workspace_instance(workspace) as instance:
        assert found(workspace, instance) == []
    return left


def test_a_kill_after_any_write_is_made_good_by_the_next_sync(
    tmp_path: Path, first_sync: tuple[Workspace, Outcome]
) -> None:
    workspace = make_workspace(tmp_path / "killed")
    left = died(workspace, tmp_path)
    rows = {f"rows: replace_partitions {stage}" for stage in DOCUMENT_STAGES}
    rows |= {f"rows: promote {stage}" for stage in CHOICES}
    rows |= {f"rows: save_{what}" for what in ("sources", "scorer", "few_shot", "dataset")}
    events = {f"events: {asset}" for asset in (DOCUMENTS, *DOCUMENT_STAGES, *WHOLE)}
    events.add("events: in the log of the run, not in the index")
    assert rows | events <= left.keys()
    assert all(left[write] for write in rows), "each died between a write and its event"
    assert dataset(workspace) == dataset(first_sync[0])


def test_a_kill_while_documents_leave_is_made_good_by_the_next_sync(
    workspace: Workspace, tmp_path: Path
) -> None:
    for document in ("tides.md", GOOD[0]):
        (workspace.root / "documents" / document).unlink()
    left = died(workspace, tmp_path)
    assert left["rows: delete_everywhere"]
    assert left["rows: save_dataset"]


# ---- where it is shown
