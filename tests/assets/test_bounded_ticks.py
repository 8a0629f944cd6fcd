"""A tick does bounded work, the next one goes on, and the end is that of one unbounded sync."""

import itertools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.defs import sensors
from augcon_assets.defs.sensors import MAX_ATTEMPTS, daily_sync
from augcon_assets.instance.failures import FAILURES_TAG
from augcon_assets.instance.lineage import OF_DOCUMENTS, differences
from augcon_assets.instance.sync import documents_in_order, sync_partitions
from augcon_assets.instance.turn import Turn
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.partitions import DOCUMENTS, partition_key
from augcon_assets.resources import WorkspaceResource
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness import run_plan as reconcile
from augcon_lib.warehouse.partitions import FAILED, PartitionOutput, replace_partitions
from augcon_lib.workspace import Workspace
from tests.assets.test_sensors import RANGE, execute, fail_at_trees, tick
from tests.support.freshness import causes_in_ui
from tests.support.workspaces import GOOD, TIDES, make_workspace, put

PIECE = 3
NEW = [f"new {number:02}.md" for number in range(10)]


def small_turns(patch: pytest.MonkeyPatch, documents: int, pieces: int = 1) -> None:
    """Each tick has time for so many pieces of so many documents: a second passes at each look."""

    def new_turn() -> Turn:
        seconds = itertools.count()
        return Turn(pieces, documents=documents, clock=lambda: next(seconds))

    patch.setattr(sensors, "new_turn", new_turn)


def reason(result: dg.SensorResult | dg.SkipReason) -> str:
    """Why a tick requests nothing."""
    if isinstance(result, dg.SkipReason):
        return str(result.skip_message)
    assert not result.run_requests
    return str(result.skip_reason)


def shown(instance: dg.DagsterInstance) -> dict[str, set[str]]:
    return {a: instance.get_materialized_partitions(dg.AssetKey(a)) for a in OF_DOCUMENTS}


@pytest.fixture
def lost(workspace: Workspace) -> Iterator[tuple[Workspace, dg.DagsterInstance]]:
    """A synced workspace whose Dagster instance was lost, and the new instance."""
    for path in workspace.dagster_home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
    with workspace_instance(workspace) as instance:
        yield workspace, instance


@pytest.fixture
def listed(tmp_path: Path) -> Workspace:
    """A new workspace with documents of which nothing was made."""
    return make_workspace(tmp_path / "listed", {name: TIDES + name for name in NEW})


def test_a_turn_always_does_a_piece_and_then_looks_at_the_clock() -> None:
    times = iter([100.0, 104.0, 109.0, 110.0])
    turn = Turn(10, documents=2, clock=lambda: next(times))
    assert list(turn.pieces("abcdefghi")) == ["ab", "cd", "ef"]
    assert turn.left == 3
    late = Turn(0, documents=4)
    assert list(late.pieces("abcdefg")) == ["abcd"]
    assert list(Turn(documents=4).pieces("abcdefg")) == ["abcd", "efg"]


def test_ticks_record_a_lost_instance_piece_by_piece_and_request_nothing_before(
    lost: tuple[Workspace, dg.DagsterInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, instance = lost
    small_turns(monkeypatch, documents=1)
    put(workspace.root, "new.md", TIDES + "\nA heron stood by the sluice.\n")
    cursor = json.dumps({"tides.md": ["tried", 1]})
    counts = []
    for _ in range(20):
        result = tick(workspace, instance, cursor)
        counts.append({asset: len(keys) for asset, keys in shown(instance).items()})
        if isinstance(result, dg.SensorResult) and result.run_requests:
            break
        assert "the next tick continues" in reason(result)
        assert isinstance(result, dg.SensorResult)
        assert result.cursor == cursor
    else:
        raise AssertionError("no end")
    for before, after in itertools.pairwise(counts):
        assert all(after[asset] - before[asset] in {0, 1} for asset in OF_DOCUMENTS)
    # A document at all its assets at once, so that no tick leaves one that points to nothing.
    assert all(len({count[a] for a in OF_DOCUMENTS[1:]}) == 1 for count in counts)
    assert counts[-1]["responses"] == len(GOOD)
    assert differences(StageRun(workspace), instance) == []
    (request,) = result.run_requests
    assert [request.tags[name] for name in RANGE] == ["new.md", "new.md"]


def test_the_end_of_small_turns_is_that_of_one_sync(
    lost: tuple[Workspace, dg.DagsterInstance], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workspace, instance = lost
    other = Workspace(Path(shutil.copytree(workspace.root, tmp_path / "other")), workspace.settings)
    with workspace_instance(other) as whole:
        sync_partitions(StageRun(other), whole)
        expected = documents_in_order(whole), shown(whole)
        assert differences(StageRun(other), whole) == []
    small_turns(monkeypatch, documents=2)
    for _ in range(20):
        if "everything is fresh" in reason(tick(workspace, instance)):
            break
    assert (documents_in_order(instance), shown(instance)) == expected
    assert differences(StageRun(workspace), instance) == []
    assert causes_in_ui(instance) == {}


def test_a_wiped_asset_is_recorded_again_in_pieces_with_what_was_made_of_it(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_turns(monkeypatch, documents=1)
    instance.wipe_assets([dg.AssetKey("raw_corpus")])
    kind = dg.DagsterEventType.ASSET_MATERIALIZATION
    storage = instance.event_log_storage
    before = storage.get_latest_storage_id_by_partition(dg.AssetKey("responses"), kind)
    for done in range(1, len(GOOD) + 1):
        tick(workspace, instance)
        after = storage.get_latest_storage_id_by_partition(dg.AssetKey("responses"), kind)
        assert len(after.items() - before.items()) == done
    for _ in range(2):
        tick(workspace, instance)
    assert "everything is fresh" in reason(tick(workspace, instance))
    assert differences(StageRun(workspace), instance) == []
    assert causes_in_ui(instance) == {}


def test_new_documents_get_their_partitions_in_pieces_and_runs_when_all_have_one(
    listed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_turns(monkeypatch, PIECE)
    with workspace_instance(listed) as instance:
        # The first piece of each tick shows the sources; then partitions are added.
        added = [0]
        result: dg.SensorResult | dg.SkipReason = dg.SkipReason("")
        while not (isinstance(result, dg.SensorResult) and result.run_requests):
            result = tick(listed, instance)
            added.append(len(instance.get_dynamic_partitions(DOCUMENTS)))
            assert added[-1] - added[-2] <= PIECE
            assert len(added) < 20
        assert documents_in_order(instance) == NEW
        (request,) = result.run_requests
        assert [request.tags[name] for name in RANGE] == [NEW[0], NEW[-1]]


def test_documents_that_left_lose_their_partitions_in_pieces(
    listed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workspace_instance(listed) as instance:
        sync_partitions(StageRun(listed), instance)
        for name in NEW[:8]:
            (listed.root / "documents" / name).unlink()
        small_turns(monkeypatch, PIECE)
        left = [len(NEW)]
        while left[-1] > 2:
            result = tick(listed, instance)
            assert isinstance(result, dg.SensorResult)
            left.append(len(instance.get_dynamic_partitions(DOCUMENTS)))
            assert bool(result.run_requests) == (left[-1] == 2)
            assert left[-2] - left[-1] <= PIECE
            assert len(left) < 20
        assert documents_in_order(instance) == NEW[8:]


def test_a_listing_that_breaks_off_retires_nothing_however_short_the_turn(
    listed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_turns(monkeypatch, documents=1)
    with workspace_instance(listed) as instance:
        sync_partitions(StageRun(listed), instance)
        (listed.root / "documents").rename(listed.root / "unmounted")
        with pytest.raises(Exception, match="documents"):
            tick(listed, instance)
        assert documents_in_order(instance) == NEW


def test_the_schedule_goes_on_the_next_time_too(
    listed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_turns(monkeypatch, PIECE)
    with workspace_instance(listed) as instance:
        context = dg.build_schedule_context(instance=instance)
        resource = WorkspaceResource(root=str(listed.root))
        (result,) = list(daily_sync(context, workspace=resource))  # type: ignore[call-overload]
        assert isinstance(result, dg.SkipReason)
        assert "the next tick continues" in str(result.skip_message)


def test_a_tick_beside_a_run_is_bounded_too(
    lost: tuple[Workspace, dg.DagsterInstance], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, instance = lost
    small_turns(monkeypatch, documents=1)
    monkeypatch.setattr(sensors, "_active_runs", lambda instance: True)
    assert "documents or more are not up to date" in reason(tick(workspace, instance))
    assert len(shown(instance)["responses"]) <= 1


def test_documents_that_are_given_up_are_shown_in_pieces_each_in_a_run_of_its_own(
    listed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    with workspace_instance(listed) as instance:
        sync_partitions(StageRun(listed), instance)
        failed = [PartitionOutput(d, "", {}, status=FAILED, reason="server_error") for d in NEW]
        replace_partitions(StageRun(listed).warehouse, "raw_corpus", failed, "run")
        cursor = None
        for _ in range(MAX_ATTEMPTS):
            result = tick(listed, instance, cursor)
            assert isinstance(result, dg.SensorResult)
            cursor = result.cursor
        small_turns(monkeypatch, PIECE)

        def planned() -> list[set[str]]:
            kind = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
            runs = instance.get_runs(dg.RunsFilter(tags={FAILURES_TAG: "raw_corpus"}))
            assert {run.status for run in runs} <= {dg.DagsterRunStatus.FAILURE}
            logs = [instance.all_logs(run.run_id, of_type=kind) for run in runs]
            keys = [[entry.get_dagster_event().partition for entry in log] for log in logs]
            return [{key for key in each if key is not None} for each in keys]

        for ticks in range(1, 5):
            result = tick(listed, instance, cursor)
            assert len(planned()) == ticks
        assert sorted(map(len, planned())) == [1, PIECE, PIECE, PIECE]
        assert set().union(*planned()) == set(map(partition_key, NEW))


def test_a_tick_requests_a_bounded_number_of_runs_and_the_next_one_the_others(
    workspace: Workspace, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "MAX_GAP_PARTITIONS", 0)
    monkeypatch.setattr(sensors, "MAX_RUNS_PER_TICK", 1)
    for document in GOOD:
        fail_at_trees(workspace, document)
    asked = []
    for _ in range(len(GOOD)):
        result = tick(workspace, instance)
        assert isinstance(result, dg.SensorResult)
        (request,) = result.run_requests or []
        asked.append(request.tags[RANGE[0]])
        execute(workspace, instance, [request])
    assert sorted(asked) == sorted(map(partition_key, GOOD))
