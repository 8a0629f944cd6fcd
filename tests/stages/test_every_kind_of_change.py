"""What each kind of change reaches: the stages that run, on which documents, and at what cost."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from augcon_lib.settings import ModelSettings, Settings
from augcon_lib.stages.stage_run import StageReport
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

ALL = ("raw_corpus", "cst_nodes", "scored_queries", "responses")
FRONT = "---\nauthor: A. Keeper\n---\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which all stages have run. Not to be changed."""
    workspace = make_workspace(
        tmp_path_factory.mktemp("made"), {"tea.md": FRONT + TEA, "mill.md": MILL}
    )
    run_all(workspace)
    return workspace


@pytest.fixture
def workspace(made: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, of a test's own."""
    shutil.copytree(made.root, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path, made.settings)


def worked_on(reports: dict[str, StageReport]) -> dict[str, set[str]]:
    """The documents each stage worked on."""
    return {
        stage: {partition.document_id for partition in report.partitions}
        for stage, report in reports.items()
        if report.partitions
    }


def on_all(documents: set[str]) -> dict[str, set[str]]:
    return dict.fromkeys(ALL, documents)


def issued(reports: dict[str, StageReport]) -> int:
    return sum(report.calls.issued for report in reports.values() if report.calls)


def rows(workspace: Workspace) -> list[tuple[str, str]]:
    found = read_dataset(Warehouse(workspace.warehouse_path))
    return list(found.select("query", "response").sort("query").iter_rows())


def write(workspace: Workspace, name: str, text: str) -> None:
    make_workspace(workspace.root, {name: text}, workspace.settings)


Change = Callable[[Workspace], object]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            lambda w: write(w, "tea.md", FRONT.replace("A.", "B.") + TEA), id="front matter only"
        ),
        pytest.param(lambda w: write(w, "mill.md", f"<!-- old? -->\n{MILL}"), id="comment only"),
    ],
)
def test_an_edit_that_leaves_the_text_alone_ends_at_the_text(
    workspace: Workspace, change: Change
) -> None:
    before = rows(workspace)
    change(workspace)
    reports = run_all(workspace)
    assert set(worked_on(reports)) == {"raw_corpus"}
    assert len(worked_on(reports)["raw_corpus"]) == 1
    assert "sft_dataset" not in reports
    assert rows(workspace) == before


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"\n\n{TEA} \n\n", id="around the text"),
        pytest.param(TEA.replace(". ", ".\n\n"), id="paragraphs cut in two"),
    ],
)
def test_an_edit_of_white_space_asks_nothing(workspace: Workspace, text: str) -> None:
    before = rows(workspace)
    write(workspace, "tea.md", FRONT + text)
    reports = run_all(workspace)
    assert issued(reports) == 0
    assert rows(workspace) == before


def test_a_renamed_document_asks_nothing_again(workspace: Workspace) -> None:
    before = rows(workspace)
    store = workspace.root / "documents"
    (store / "mill.md").rename(store / "harbour mill.md")
    reports = run_all(workspace)
    assert worked_on(reports) == on_all({"harbour mill.md"})
    assert issued(reports) == 0
    assert rows(workspace) == before


def test_a_document_that_was_deleted_and_restored_asks_nothing_again(workspace: Workspace) -> None:
    before = rows(workspace)
    (workspace.root / "documents" / "mill.md").unlink()
    assert set(run_all(workspace)) == {"sft_dataset"}
    assert rows(workspace) != before
    write(workspace, "mill.md", MILL)
    assert issued(run_all(workspace)) == 0
    assert rows(workspace) == before


def test_an_edit_that_is_undone_asks_nothing_again(workspace: Workspace) -> None:
    before = rows(workspace)
    write(workspace, "mill.md", MILL.replace("280", "196"))
    edited = run_all(workspace)
    assert worked_on(edited) == on_all({"mill.md"})
    assert issued(edited) > 0
    assert rows(workspace) != before
    write(workspace, "mill.md", MILL)
    undone = run_all(workspace)
    assert worked_on(undone) == on_all({"mill.md"})
    assert issued(undone) == 0
    assert rows(workspace) == before


def test_an_unreadable_document_that_becomes_readable_joins_the_others(
    workspace: Workspace,
) -> None:
    before = rows(workspace)
    path = workspace.root / "documents" / "mill.md"
    path.write_bytes(bytes(range(256)) * 20)
    assert worked_on(run_all(workspace)) == {"raw_corpus": {"mill.md"}}
    write(workspace, "mill.md", MILL)
    assert issued(run_all(workspace)) == 0
    assert rows(workspace) == before


def test_an_unreadable_document_is_not_tried_again_until_it_changes(workspace: Workspace) -> None:
    (workspace.root / "documents" / "new.md").write_bytes(bytes(range(256)) * 20)
    assert worked_on(run_all(workspace)) == {"raw_corpus": {"new.md"}}
    assert run_all(workspace) == {}


def prompt(workspace: Workspace, name: str) -> None:
    """The user's own copy of a packaged prompt, edited."""
    import augcon_lib.prompts as packaged

    source = Path(packaged.__file__).parent / "en" / f"{name}.md"
    target = workspace.prompts_dir / "en" / f"{name}.md"
    target.parent.mkdir(parents=True, exist_ok=True)
    text = source.read_text(encoding="utf-8")
    head, mark, rest = text.partition("\n\n")
    target.write_text(f"{head}\n\nTake your time.{mark}{rest}", encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "first", "choices"),
    [
        ("cst_rewrite", "cst_nodes", {"query_scorer"}),
        ("cst_rewrite_weak", None, {"query_scorer"}),
        ("answer", "responses", {"few_shot_examples"}),
        ("judgement", None, {"few_shot_examples"}),
        ("cst_boundary", None, set()),
    ],
)
def test_an_edited_prompt_reaches_what_uses_it(
    workspace: Workspace, name: str, first: str | None, choices: set[str]
) -> None:
    prompt(workspace, name)
    reports = run_all(workspace)
    documents = worked_on(reports)
    assert (min(documents, key=ALL.index) if documents else None) == first
    assert all(found == {"tea.md", "mill.md"} for found in documents.values())
    assert reports.keys() & {"query_scorer", "few_shot_examples"} == choices


def test_edited_principles_reach_the_answers_alone(workspace: Workspace) -> None:
    workspace.principles_path.write_text("Answer in one word.", encoding="utf-8")
    reports = run_all(workspace)
    assert worked_on(reports) == {"responses": {"tea.md", "mill.md"}}
    assert reports.keys() >= {"few_shot_examples"}


def with_settings(workspace: Workspace, section: str, **changes: object) -> Workspace:
    settings: Settings = workspace.settings
    changed = getattr(settings, section).model_copy(update=changes)
    return Workspace(workspace.root, settings.model_copy(update={section: changed}))


@pytest.mark.parametrize(
    ("section", "changes", "first"),
    [
        ("tree", {"min_context_chars": 80}, "cst_nodes"),
        ("tree", {"temperature": 0.5}, "cst_nodes"),
        ("selection", {"max_rouge_l": 0.1}, "cst_nodes"),
        ("responses", {"temperature": 0.9}, "responses"),
        ("dataset", {"test_fraction": 0.5}, None),
        ("model", {"max_concurrency": 3}, None),
    ],
)
def test_a_setting_reaches_the_first_stage_it_can_affect(
    workspace: Workspace, section: str, changes: dict[str, object], first: str | None
) -> None:
    documents = worked_on(run_all(with_settings(workspace, section, **changes)))
    assert (min(documents, key=ALL.index) if documents else None) == first


def test_another_model_is_asked_everything_and_the_one_before_nothing_again(
    workspace: Workspace,
) -> None:
    before = rows(workspace)
    other = with_settings(workspace, "model", name="extractive-other")
    reports = run_all(other)
    assert worked_on(reports).keys() >= {"cst_nodes", "responses"}
    assert reports.keys() >= {"query_scorer", "few_shot_examples"}
    assert issued(reports) > 0
    back = run_all(Workspace(workspace.root, SETTINGS))
    assert issued(back) == 0
    assert rows(workspace) == before


def test_the_models_address_and_key_are_no_part_of_it(workspace: Workspace) -> None:
    moved = ModelSettings(
        max_concurrency=8, base_url="http://127.0.0.1:1/v1", api_key_env="ELSEWHERE"
    )
    settings = SETTINGS.model_copy(update={"model": moved})
    assert run_all(Workspace(workspace.root, settings)) == {}
