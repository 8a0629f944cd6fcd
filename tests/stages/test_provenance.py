"""How a row came about is kept with it, and lost by nothing that the row outlives."""

import json
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

from augcon_lib.model.journal import Journal
from augcon_lib.settings import ResponsesSettings
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.warehouse.lineage import explain_row
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """All stages have run once. Not to be changed."""
    workspace = make_workspace(tmp_path_factory.mktemp("made"), {"tea.md": TEA, "mill.md": MILL})
    run_all(workspace)
    return workspace


def rows(workspace: Workspace, version: str | None = None) -> list[dict[str, object]]:
    return read_dataset(Warehouse(workspace.warehouse_path), version).to_dicts()


def test_question_and_answer_of_every_row_are_the_journals(workspace: Workspace) -> None:
    found = rows(workspace)
    assert found
    with closing(Journal(workspace.journal_path)) as journal:
        for row in found:
            for name, text in (("question", "query"), ("answer", "response")):
                made = json.loads(str(row[name]))
                stored = journal.get(bytes.fromhex(made["journal_key"]))
                assert stored is not None
                assert json.loads(stored.content)[name] == row[text]
                assert stored.model == made["model"]
                assert made["sample"] >= 0


def test_prompts_principles_and_settings_are_named(workspace: Workspace) -> None:
    row = rows(workspace)[0]
    question, answer = json.loads(str(row["question"])), json.loads(str(row["answer"]))
    assert question["settings"]["tree.temperature"] == "0.85"
    assert set(question["prompts"]) == {"cst"}
    assert answer["settings"]["responses.temperature"] == "0.2"
    assert set(answer["prompts"]) == {"answer"}
    assert answer["principles"]
    lineage = explain_row(Warehouse(workspace.warehouse_path), str(row["row_id"]))
    assert (lineage.question, lineage.answer) == (question, answer)


def test_an_older_version_keeps_what_its_rows_came_from(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"tea.md": TEA})
    run_all(workspace)
    before = rows(workspace)
    hotter = ResponsesSettings(
        few_shot_count=1, search_trials=2, temperature=0.7, check_grounding=False
    )
    (tmp_path / "documents" / "tea.md").write_text(TEA.replace("eighty", "ninety"))
    changed = Workspace(tmp_path, SETTINGS.model_copy(update={"responses": hotter}))
    run_all(changed)
    after = rows(changed)
    assert {row["dataset_version"] for row in after} != {row["dataset_version"] for row in before}
    assert rows(changed, str(before[0]["dataset_version"])) == before
    temperatures = {
        json.loads(str(r["answer"]))["settings"]["responses.temperature"] for r in after
    }
    assert temperatures == {"0.7"}


def test_rows_from_before_it_was_kept_have_none(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, {"tea.md": TEA})
    run_all(workspace)
    warehouse = Warehouse(workspace.warehouse_path)
    with warehouse.write() as connection:
        connection.execute("DELETE FROM provenance")
    frame = read_dataset(warehouse)
    assert frame.select(pl.col("question", "answer").null_count()).row(0) == (frame.height,) * 2
    lineage = explain_row(warehouse, frame["row_id"][0])
    assert (lineage.question, lineage.answer) == (None, None)
