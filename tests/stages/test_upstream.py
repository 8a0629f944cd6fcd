"""Documents that another process changes between the reading of versions and that of rows."""

import fcntl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from augcon_lib.errors import WarehouseError
from augcon_lib.stages import model_stage
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.inputs import take_from_upstream
from augcon_lib.stages.model_stage import model_for
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.responses import run_responses
from augcon_lib.stages.scored_queries import run_scored_queries
from augcon_lib.stages.sources import stale_at, sync_sources
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.stage_rows import read_nodes
from tests.support.whole_run import MILL, TEA, make_workspace, run_all

DOCUMENT = "mill.md"


def made(root: Path) -> StageRun:
    """A workspace whose one document is up to date."""
    workspace = make_workspace(root, {DOCUMENT: MILL})
    run_all(workspace)
    return StageRun(workspace)


def edit(run: StageRun, text: str) -> None:
    """Write *text* to the store and read it into ``raw_corpus``."""
    make_workspace(run.workspace.root, {DOCUMENT: text})
    listing, *_ = sync_sources(run)
    run_raw_corpus(run, listing.entries)


def when_the_model_opens(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    @asynccontextmanager
    async def opened(*arguments: Any) -> AsyncIterator[Any]:
        happens()
        async with model_for(*arguments) as chat:
            yield chat

    monkeypatch.setattr(model_stage, "model_for", opened)


def test_trees_of_a_text_that_came_meanwhile_are_stale_when_the_edit_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made(tmp_path)
    edit(run, MILL + " It is a museum now.")
    when_the_model_opens(monkeypatch, lambda: edit(run, TEA))
    run_cst_nodes(run, [DOCUMENT])
    assert "tea" in read_nodes(run.warehouse, [DOCUMENT])[DOCUMENT][0].text
    edit(run, MILL + " It is a museum now.")
    assert stale_at("cst_nodes", run, [DOCUMENT]) == [DOCUMENT]


def test_a_document_whose_trees_are_newer_than_its_selection_is_not_answered(
    tmp_path: Path,
) -> None:
    run = made(tmp_path)
    edit(run, TEA)
    run_cst_nodes(run, [DOCUMENT])
    assert run_responses(run, [DOCUMENT]).partitions == []
    run_scored_queries(run, [DOCUMENT])
    (answered,) = run_responses(run, [DOCUMENT]).partitions
    assert answered.rows > 0


def test_a_document_whose_text_is_newer_than_its_trees_is_not_scored(tmp_path: Path) -> None:
    run = made(tmp_path)
    edit(run, TEA)
    assert run_scored_queries(run, [DOCUMENT]).partitions == []


def test_nobody_writes_between_the_reading_of_versions_and_of_rows(tmp_path: Path) -> None:
    run = made(tmp_path)
    lock_path = run.warehouse.path.with_name(run.warehouse.path.name + ".lock")
    looked = []

    def load(warehouse: Warehouse, ids: Sequence[str]) -> dict[str, str]:
        with lock_path.open("a") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(WarehouseError, match="cannot be written while"), warehouse.write():
            pass
        looked.extend(ids)
        return dict.fromkeys(ids, "item")

    take_from_upstream(run, run.versions(), "cst_nodes", [DOCUMENT], load)
    assert looked == [DOCUMENT]
