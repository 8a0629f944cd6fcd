"""What the UI says of each partition after each kind of change, and after the run that follows."""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from augcon_assets.cli.summary import summarise
from augcon_assets.definitions import defs
from augcon_assets.instance.sync import sync_partitions
from augcon_lib.prompts.library import PACKAGED_DIR
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.promotions import promote
from augcon_lib.workspace import Workspace, open_workspace
from tests.support.freshness import Causes, causes_in_ui, event_count
from tests.support.workspaces import GOOD, SETTINGS, TIDES, bring_up_to_date, put, toml

TIDE = "tides.md"


def stale(stage: str, why: str) -> Causes:
    return {(stage, document): [f"{why} has a new data version"] for document in GOOD}


def change_setting(section: str, name: str, value: object) -> Callable[[Path], object]:
    changed = {**SETTINGS, section: {**SETTINGS.get(section, {}), name: value}}
    return lambda root: (root / "augcon.toml").write_text(toml(changed), "utf-8")


def change_prompt(name: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        own = root / "prompts" / "en" / f"{name}.md"
        own.parent.mkdir(parents=True, exist_ok=True)
        packaged = (PACKAGED_DIR / "en" / f"{name}.md").read_text("utf-8")
        own.write_text(packaged.replace(". ", ".  ", 1), "utf-8")

    return change


def change_file(name: str, text: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        with (root / name).open("a", encoding="utf-8") as file:
            file.write(text)

    return change


EXAMPLE = '{"context": "Ice is cold.", "question": "What is cold?", "answer": "Ice."}\n'
CHANGES = {
    "an edited document": (
        lambda root: put(root, TIDE, TIDES + "\nA heron came.\n"),
        {("raw_corpus", TIDE): ["documents has a new data version"]},
    ),
    "an edit that leaves the text alone": (
        lambda root: put(root, TIDE, TIDES.replace("\n", "\r\n")),
        {("raw_corpus", TIDE): ["documents has a new data version"]},
    ),
    "a setting of the answers": (
        change_setting("responses", "temperature", 0.3),
        stale("responses", "responses_settings")
        | {("few_shot_examples", ""): ["few_shot_examples_settings has a new data version"]},
    ),
    "a setting of the trees": (
        change_setting("tree", "max_rounds", 3),
        stale("cst_nodes", "cst_nodes_settings"),
    ),
    "the prompt of the answers": (
        change_prompt("answer"),
        stale("responses", "answer_prompt")
        | {("few_shot_examples", ""): ["answer_prompt has a new data version"]},
    ),
    "the weak prompt of the trees": (
        change_prompt("cst_rewrite_weak"),
        {("query_scorer", ""): ["cst_weak_prompt has a new data version"]},
    ),
    "a principle": (
        change_file("principles.md", "\n- Be brief.\n"),
        stale("responses", "principles")
        | {("few_shot_examples", ""): ["principles has a new data version"]},
    ),
    "an example": (
        change_file("examples.jsonl", EXAMPLE),
        {("few_shot_examples", ""): ["examples has a new data version"]},
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_shows_at_once_where_it_has_an_effect_and_is_gone_when_undone(
    workspace: Workspace, instance: dg.DagsterInstance, kind: str
) -> None:
    assert causes_in_ui(instance) == {}
    before = {path: path.read_bytes() for path in files(workspace.root)}
    change, expected = CHANGES[kind]
    change(workspace.root)
    sync(workspace, instance)
    assert causes_in_ui(instance) == expected
    for path in set(files(workspace.root)) - set(before):
        path.unlink()
    for path, content in before.items():
        path.write_bytes(content)
    sync(workspace, instance)
    assert causes_in_ui(instance) == {}


@pytest.mark.parametrize("kind", CHANGES)
def test_all_is_fresh_in_the_ui_after_the_run_that_follows_a_change(
    workspace: Workspace, instance: dg.DagsterInstance, kind: str
) -> None:
    CHANGES[kind][0](workspace.root)
    outcome = bring_up_to_date(open_workspace(workspace.root), instance)
    assert outcome.run_ids
    assert causes_in_ui(instance) == {}


def test_another_model_makes_stale_what_was_asked_of_the_first(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    change_setting("model", "name", "another")(workspace.root)
    sync(workspace, instance)
    expected = {("query_scorer", ""), ("few_shot_examples", "")}
    expected |= {(stage, d) for stage in ("cst_nodes", "responses") for d in GOOD}
    found = causes_in_ui(instance)
    assert set(found) == expected
    assert {tuple(why) for why in found.values()} == {("model has a new data version",)}


def test_a_promoted_scorer_makes_the_scores_stale_and_a_candidate_does_not(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    change_setting("scorer", "pairs_per_negative_kind", 4)(workspace.root)
    outcome = bring_up_to_date(open_workspace(workspace.root), instance)
    assert outcome.run_ids
    assert causes_in_ui(instance) == {}
    run = StageRun(workspace)
    promote(run.warehouse, "query_scorer", "another")
    sync(open_workspace(workspace.root), instance)
    assert causes_in_ui(instance) == stale("scored_queries", "promoted_query_scorer")


def test_a_new_document_is_missing_until_it_is_made(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    put(workspace.root, "heron.md", "# Herons\n\nA heron came. It stayed by the sluice.\n")
    sync(workspace, instance)
    assert causes_in_ui(instance) == {}
    resolver = CachingStaleStatusResolver(
        instance, defs.resolve_asset_graph(), LoadingContextForTest(instance)
    )
    assert resolver.get_status(dg.AssetKey("raw_corpus"), "heron.md") == StaleStatus.MISSING


def test_nothing_is_told_twice(workspace: Workspace, instance: dg.DagsterInstance) -> None:
    sync(workspace, instance)
    before = event_count(instance)
    sync(workspace, instance)
    assert summarise(bring_up_to_date(workspace, instance))["run_ids"] == []
    assert event_count(instance) == before


def files(root: Path) -> list[Path]:
    kept = {"state", "dagster_home"}
    return [p for p in root.rglob("*") if p.is_file() and not kept & set(p.parts)]


def sync(workspace: Workspace, instance: dg.DagsterInstance) -> None:
    sync_partitions(StageRun(open_workspace(workspace.root)), instance)
