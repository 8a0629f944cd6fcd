"""Agreeing that documents leave: on the command line, in a terminal, in Dagster; once for a set."""

import json
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
import typer

from augcon_assets.cli.doctor import run_doctor
from augcon_assets.cli.plan import collect_plan
from augcon_assets.cli.run import run_command
from augcon_assets.definitions import defs
from augcon_assets.instance.retirements import report_retirements
from augcon_assets.instance.sync import sync_partitions
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.partitions import DOCUMENTS
from augcon_assets.resources import WorkspaceResource
from augcon_lib import clock
from augcon_lib.errors import RetirementHeld, SettingsError
from augcon_lib.stages.retirement import agree_to, waiting_retirements
from augcon_lib.stages.sources import stale_in, sync_sources
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.partitions import known_documents
from augcon_lib.warehouse.sources import load_sources
from augcon_lib.workspace import Workspace
from tests.support.workspaces import make_workspace, put

NAMES = [f"{number:02}.md" for number in range(30)]
CHECK = dg.AssetCheckKey(dg.AssetKey("documents"), "retirement_agreed")


def documents(workspace: Workspace) -> Path:
    return workspace.root / "documents"


def restore(workspace: Workspace, names: list[str] = NAMES) -> None:
    for name in names:
        put(workspace.root, name, f"Boat number {name[:2]} is moored at the quay. " * 4)


def lose(workspace: Workspace, names: list[str]) -> None:
    for name in names:
        (documents(workspace) / name).unlink()


def known(workspace: Workspace) -> set[str]:
    run = StageRun(workspace)
    return known_documents(run.warehouse) | {
        entry["document_id"] for entry in load_sources(run.warehouse)
    }


@pytest.fixture
def listed(tmp_path: Path) -> Workspace:
    """Thirty documents, listed once; none was worked on."""
    workspace = make_workspace(tmp_path / "w", {})
    restore(workspace)
    sync_sources(StageRun(workspace))
    return workspace


def set_waiting(workspace: Workspace) -> str:
    (waiting,) = waiting_retirements(StageRun(workspace))
    return waiting.set_id


def test_ten_at_a_time_are_no_way_around_the_limit(listed: Workspace) -> None:
    run = StageRun(listed)
    for name in NAMES[:10]:
        lose(listed, [name])
        assert sync_sources(run).gone == [name]
    lose(listed, NAMES[10:11])
    with pytest.raises(RetirementHeld, match=r"1 of 20 documents .*\(10 others left"):
        sync_sources(run)
    assert known(listed) == set(NAMES[10:])


def test_a_set_that_waits_is_not_let_go_by_waiting(
    listed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = StageRun(listed)
    lose(listed, NAMES[:8])
    sync_sources(run)
    lose(listed, NAMES[8:16])
    with pytest.raises(RetirementHeld):
        sync_sources(run)
    later = clock.utc_now() + timedelta(days=30)
    monkeypatch.setattr(clock, "utc_now", lambda: later)
    with pytest.raises(RetirementHeld):
        sync_sources(run)


def test_after_a_day_small_losses_do_not_count_any_more(
    listed: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = StageRun(listed)
    lose(listed, NAMES[:8])
    sync_sources(run)
    later = clock.utc_now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "utc_now", lambda: later)
    lose(listed, NAMES[8:16])
    assert sync_sources(run).gone == NAMES[8:16]


def test_one_agreement_is_enough_for_exactly_that_set_and_for_once(listed: Workspace) -> None:
    run = StageRun(listed)
    lose(listed, NAMES[:12])
    with pytest.raises(RetirementHeld) as error:
        sync_sources(run)
    first = set_waiting(listed)
    assert first in str(error.value)
    agree_to(run, first)
    lose(listed, NAMES[12:13])  # another set
    with pytest.raises(RetirementHeld):
        sync_sources(run)
    second = set_waiting(listed)
    assert second != first
    with pytest.raises(RetirementHeld, match=second):
        agree_to(run, first)
    agree_to(run, second)
    assert sync_sources(run).gone == NAMES[:13]
    assert known(listed) == set(NAMES[13:])
    restore(listed)
    sync_sources(run)
    lose(listed, NAMES[:13])  # the same set again
    with pytest.raises(RetirementHeld):
        sync_sources(run)


def test_documents_that_come_back_need_no_consent(listed: Workspace) -> None:
    run = StageRun(listed)
    lose(listed, NAMES[:12])
    with pytest.raises(RetirementHeld):
        sync_sources(run)
    restore(listed, NAMES[:12])
    assert sync_sources(run).gone == []
    assert waiting_retirements(run) == []


def test_while_a_set_waits_edits_are_followed_and_new_documents_wait(listed: Workspace) -> None:
    run = StageRun(listed)
    for name in NAMES[:12]:
        (documents(listed) / name).rename(documents(listed) / f"renamed-{name}")
    put(listed.root, NAMES[20], "The quay was sold. " * 8)
    sync = sync_sources(run, hold=True)
    assert [entry.document_id for entry in sync.listing.entries] == NAMES[12:]
    assert NAMES[20] in stale_in(run, sync.listing.source_hashes).documents["raw_corpus"]
    assert known(listed) == set(NAMES)


def test_yes_is_no_consent_and_retire_is(
    listed: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    lose(listed, NAMES[:12])
    with pytest.raises(RetirementHeld, match="12 of 30 documents are no longer in the store"):
        run_command(listed.root, [], "raw_corpus", yes=True, as_json=False)
    assert known(listed) == set(NAMES)
    agreed = set_waiting(listed)
    code = run_command(listed.root, [], "raw_corpus", retire=agreed, yes=True, as_json=True)
    assert code == 0
    assert json.loads(capsys.readouterr().out)["documents"]["deleted"] == 12
    assert known(listed) == set(NAMES[12:])


@pytest.mark.parametrize("answer", [True, False])
def test_in_a_terminal_a_person_is_asked(
    listed: Workspace,
    answer: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "confirm", lambda text, err: asked.append(text) or answer)
    lose(listed, NAMES[:12])
    assert run_command(listed.root, [], "raw_corpus", yes=True, as_json=False) == 0
    assert asked == ["Retire these 12 documents?"]
    assert known(listed) == (set(NAMES[12:]) if answer else set(NAMES))


def test_dagster_shows_a_failed_check_until_the_job_agrees_and_the_next_sync_retires(
    listed: Workspace,
) -> None:
    run = StageRun(listed)
    resource = WorkspaceResource(root=str(listed.root))

    with workspace_instance(listed) as instance:

        def evaluations() -> list[bool]:
            records = instance.event_log_storage.get_asset_check_execution_history(CHECK, 10)
            return [bool(r.evaluation and r.evaluation.passed) for r in reversed(records)]

        sync_partitions(run, instance)
        lose(listed, NAMES[:12])
        for _ in range(2):
            assert sync_partitions(run, instance, hold=True).held is not None
        assert evaluations() == [True, False]  # recorded once, not with each tick
        for set_id, agrees in (("0" * 12, False), (set_waiting(listed), True)):
            result = defs.resolve_job_def("retire").execute_in_process(
                instance=instance,
                resources={"workspace": resource},
                run_config={"ops": {"agree_to_retire": {"config": {"set_id": set_id}}}},
                raise_on_error=False,
            )
            assert result.success is agrees
        assert evaluations() == [True, False, True]
        assert sync_partitions(run, instance, hold=True).deleted == NAMES[:12]
        assert len(instance.get_dynamic_partitions(DOCUMENTS)) == 18
        report_retirements(run, instance)
        assert evaluations() == [True, False, True]


@pytest.mark.parametrize("answer", ["plan", "doctor", "run"])
def test_an_empty_workspace_says_that_it_has_no_documents(
    tmp_path: Path, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = make_workspace(tmp_path / "w", {})
    documents(workspace).mkdir()
    if answer == "plan":
        plan = collect_plan(StageRun(workspace))
        assert (plan["documents"], plan["stale"], plan["unpartitioned"]) == (0, {}, {})
        assert plan["stages"]["total"]["model_calls"]["high"] == 0
    elif answer == "doctor":
        assert run_doctor(workspace.root, as_json=False) == 2
        assert "FAIL store: documents has no documents" in capsys.readouterr().out
    else:
        with pytest.raises(SettingsError, match="documents has no documents"):
            run_command(workspace.root, [], "sft_dataset", yes=True, as_json=False)


def test_doctor_and_plan_name_documents_that_wait_and_change_nothing(
    listed: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    lose(listed, NAMES[:12])
    run = StageRun(listed)
    assert "12 of 30 documents are no longer in the store" in collect_plan(run)["held"]
    assert run_doctor(listed.root, as_json=False) == 2
    assert "FAIL store: 12 of 30 documents" in capsys.readouterr().out
    assert waiting_retirements(run) == []
