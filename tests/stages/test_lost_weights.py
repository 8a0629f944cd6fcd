"""A lost warehouse gets a transformer scorer again only where its weights are still there."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from augcon_lib.model.journal import Journal
from augcon_lib.model.journal.tables import KeptChoice
from augcon_lib.queries.transformer_scorer import TRAINED_FILE, WEIGHT_FILES
from augcon_lib.stages.promotion import restore_active
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.choices import scorers_folder
from augcon_lib.workspace import Workspace
from tests.support.whole_run import make_workspace

VERSION = "0123456789abcdef01234567"


def lost(root: Path, kind: str) -> Workspace:
    """A workspace whose journal keeps a scorer of *kind*, and that has no warehouse."""
    workspace = make_workspace(root, {})
    row = {"scorer_version": VERSION, "kind": kind, "parameters": "{}", "train_pairs": 20}
    workspace.journal_path.parent.mkdir(parents=True, exist_ok=True)
    with closing(Journal(workspace.journal_path)) as journal:
        journal.keep_choice(
            "query_scorer", KeptChoice(VERSION, "{}", json.dumps({"query_scorer": [row]}))
        )
    return workspace


def test_without_its_weights_it_is_trained_again(tmp_path: Path) -> None:
    assert restore_active(StageRun(lost(tmp_path, "transformer")), "query_scorer") is None


@pytest.mark.parametrize("missing", [None, *WEIGHT_FILES])
def test_with_all_of_them_it_is_put_back(tmp_path: Path, missing: str | None) -> None:
    run = StageRun(lost(tmp_path, "transformer"))
    folder = scorers_folder(run.warehouse) / VERSION
    folder.mkdir(parents=True)
    for name in {*WEIGHT_FILES, TRAINED_FILE} - {missing}:
        (folder / name).write_bytes(b"{}")
    assert restore_active(run, "query_scorer") == (None if missing else VERSION)


def test_a_linear_scorer_has_no_weights_to_look_for(tmp_path: Path) -> None:
    assert restore_active(StageRun(lost(tmp_path, "linear")), "query_scorer") == VERSION
