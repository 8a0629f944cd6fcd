"""Documents in eight scripts and spellings go through all stages with the presets of their own."""

import json
from pathlib import Path

import pytest

from augcon_lib.settings import ResponsesSettings, ScorerSettings, Settings
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.text.languages import detect_language, length_preset
from augcon_lib.warehouse.stage_rows import read_documents_text, read_nodes
from tests.support.whole_run import make_workspace, run_all

DATA = Path(__file__).parents[1] / "data" / "the_mill_in_eight_scripts.json"
PASSAGES: dict[str, str] = json.loads(DATA.read_text(encoding="utf-8"))


@pytest.mark.parametrize("split", ["rewrite", "boundary"])
def test_each_script_gets_trees_questions_and_grounded_answers_in_its_own_language(
    split: str, tmp_path: Path
) -> None:
    tree = Settings().tree.model_copy(update={"split": split})
    settings = Settings().model_copy(
        update={
            "tree": tree,
            "scorer": ScorerSettings(kind="none"),
            "responses": ResponsesSettings(few_shot_count=1, search_trials=1),
        }
    )
    workspace = make_workspace(tmp_path, {f"{k}.txt": v for k, v in PASSAGES.items()}, settings)
    reports = run_all(workspace)
    assert all(report.failed == 0 for report in reports.values())
    assert not reports["responses"].rejected
    run = StageRun(workspace)
    ids = [f"{code}.txt" for code in PASSAGES]
    nodes = read_nodes(run.warehouse, ids)
    for document in read_documents_text(run.warehouse, ids):
        code = document.document_id.removesuffix(".txt").removesuffix("-Hant")
        assert document.language == code
        tree_of = nodes[document.document_id]
        smallest = length_preset(code).min_context_chars
        assert all(len(node.text) >= smallest for node in tree_of if node.query)
        assert len([node for node in tree_of if node.query and node.round == 0]) >= 3
        told = [detect_language(node.query) for node in tree_of if node.query]
        assert told.count(code) >= 0.9 * len(told), (code, told)


def test_the_same_passage_asks_for_about_as_many_queries_in_every_script() -> None:
    """Chinese has the paper's own quota, which is somewhat finer than that of the others."""
    wanted = {
        code: len(text) / length_preset(code).chars_per_query for code, text in PASSAGES.items()
    }
    alphabets = [wanted[code] for code in ("en", "ar", "ru", "th")]
    assert max(alphabets) <= 1.6 * min(alphabets)
    for code in ("zh", "zh-Hant", "ja", "ko"):
        assert 0.8 <= wanted[code] / wanted["en"] <= 2.2
