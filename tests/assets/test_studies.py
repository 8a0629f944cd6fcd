"""Every registered study runs through its job, on tiny corpora."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import dagster as dg
import pytest

from augcon_assets.resources import WorkspaceResource
from augcon_lab.definitions import defs, study_job
from augcon_lab.studies.inputs import StudyInputs
from augcon_lab.studies.page import Picture, Section, StudyPage, what_was_run
from augcon_lab.studies.registry import STUDIES, Study
from augcon_lab.studies.spent import Spent
from augcon_lib.workspace import Workspace
from tests.support.workspaces import ODD, TIDES, make_workspace

QUESTIONS = [
    ("tides", TIDES, "How much did a sack of flour weigh?", "280 pounds"),
    ("tides", TIDES, "Where did the flour go?", "Bristol"),
    ("bees", ODD, "How many workers does a hive hold?", "forty thousand"),
]


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, Path]:
    root = tmp_path_factory.mktemp("studies")
    gold = root / "gold.jsonl"
    rows = [{"doc_id": d, "context": c, "question": q, "answers": [a]} for d, c, q, a in QUESTIONS]
    gold.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return make_workspace(root / "workspace"), gold


def execute(job: dg.JobDefinition, name: str, workspace: Workspace, gold: Path) -> Path:
    out = gold.parent / "pages"
    result = job.execute_in_process(
        resources={"workspace": WorkspaceResource(root=str(workspace.root))},
        run_config={"ops": {name: {"config": {"corpora": [f"gold={gold}"], "out": str(out)}}}},
    )
    assert result.success
    return out / f"{name}.md"


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_makes_its_page_and_pictures(
    corpora: tuple[Workspace, Path], name: str
) -> None:
    page = execute(defs.resolve_job_def(f"study_{name}"), name, *corpora)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert "nothing about a real model" in text
    assert re.search(r"^- \w.{20,}", text.partition("## Findings")[2], re.MULTILINE)
    assert str(corpora[1].parent) not in text
    assert "nan" not in re.split(r"\W+", text)
    pictures = re.findall(r"^!\[.+\]\((pictures/.+\.png)\)$", text, re.MULTILINE)
    assert pictures
    for picture in pictures:
        assert (page.parent / picture).read_bytes().startswith(b"\x89PNG")


def made_up(inputs: StudyInputs) -> StudyPage:
    inputs.progress("counting")
    facts = what_was_run(inputs, {}, Spent())
    sections = [Section("Figures", [Picture(b"\x89PNG", "a caption", "it shows it")])]
    count = len(inputs.opened)
    return StudyPage("made_up", "Made up", "How many?", facts, [f"There are {count}."], sections)


def test_a_module_with_a_function_and_an_entry_is_all_that_a_study_takes(
    corpora: tuple[Workspace, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = ModuleType("made_up_study")
    module.run = made_up  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "made_up_study", module)
    job = study_job("made_up", Study("made_up_study", "How many?"))
    page = execute(job, "made_up", *corpora)
    text = page.read_text(encoding="utf-8")
    assert "- There are 2." in text
    assert "Corpus own documents: 4 of 4 documents" in text
    assert "Corpus gold: 2 of 2 passages with 3 questions" in text
    assert (page.parent / "pictures" / "made_up-1.png").is_file()


def test_no_study_is_an_asset_or_part_of_a_sync() -> None:
    for name in STUDIES:
        job = defs.resolve_job_def(f"study_{name}")
        assert not job.asset_layer.executable_asset_keys
        assert set(job.nodes[0].definition.config_schema.config_type.fields) == {
            "corpora",
            "own_corpus",
            "max_passages",
            "out",
            "seed",
        }
