"""A base model in a folder is known by its files, not by its name."""

import json
from pathlib import Path

import pytest

from augcon_lib.errors import SettingsError
from augcon_lib.fingerprints import stage_inputs
from augcon_lib.queries.base_model import BaseModel, base_model
from augcon_lib.settings import ScorerSettings
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.workspace import Workspace
from tests.support.whole_run import SETTINGS, make_workspace


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.mkdir()
    (path / "config.json").write_text("{}", encoding="utf-8")
    (path / "model.safetensors").write_bytes(b"weights")
    return path


def test_a_model_whose_weights_were_trained_further_is_another(
    folder: Path, tmp_path: Path
) -> None:
    before = base_model(str(folder), tmp_path)
    assert base_model(str(folder), tmp_path) == before
    (folder / "model.safetensors").write_bytes(b"WEIGHTS")  # of the same size
    after = base_model(str(folder), tmp_path)
    assert (after.name, after.revision != before.revision) == (before.name, True)
    with pytest.raises(SettingsError, match="has changed since scorer v1 was trained on it"):
        before.check("v1", tmp_path)
    after.check("v2", tmp_path)


def test_the_same_files_elsewhere_are_the_same_revision(folder: Path, tmp_path: Path) -> None:
    before = base_model(str(folder), tmp_path)
    moved = folder.rename(tmp_path / "moved")
    assert base_model(str(moved), tmp_path).revision == before.revision


def test_files_are_read_once_for_each_change(folder: Path, tmp_path: Path) -> None:
    before = base_model(str(folder), tmp_path)
    cache = tmp_path / "base_models.json"
    known = json.loads(cache.read_text())
    cache.write_text(json.dumps(dict.fromkeys(known, "kept")), encoding="utf-8")
    assert base_model(str(folder), tmp_path) != before  # told by the cache, not by the files


def test_a_name_on_a_hub_is_loaded_at_the_commit_that_was_recorded(tmp_path: Path) -> None:
    found = base_model("org/model", tmp_path)
    assert (found, found.hub_revision) == (BaseModel("org/model"), None)
    assert found.at("abc").hub_revision == "abc"


def inputs(workspace: Workspace) -> dict[str, str]:
    return stage_inputs("query_scorer", workspace.settings, StageRun(workspace).versions())


def test_it_is_an_input_of_a_transformer_scorer_and_of_no_other(
    folder: Path, tmp_path: Path
) -> None:
    def workspace(kind: str) -> Workspace:
        scorer = ScorerSettings(kind=kind, base_model=str(folder))
        settings = SETTINGS.model_copy(update={"scorer": scorer})
        return make_workspace(tmp_path / kind, {}, settings)

    assert "base model" not in inputs(workspace("linear"))
    before = inputs(workspace("transformer"))
    (folder / "model.safetensors").write_bytes(b"WEIGHTS")
    after = inputs(workspace("transformer"))
    assert {name for name in after if after[name] != before[name]} == {"base model"}
