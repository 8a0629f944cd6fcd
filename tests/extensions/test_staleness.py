"""What a package's part makes depends on its package and version, where the part is used alone."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from augcon_assets.inputs import input_versions
from augcon_lib.extensions import GROUPS, Kind, installed_extensions
from augcon_lib.fingerprints import CODE_VERSIONS, changes, stage_inputs
from augcon_lib.settings import ResponsesSettings, ScorerSettings, Settings
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.staleness.partitions import find_stale
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.datasets import read_dataset
from augcon_lib.workspace import Workspace
from tests.extensions.conftest import Install
from tests.support.states import SETTINGS, SOURCES, VERSIONS, up_to_date, with_setting
from tests.support.whole_run import MILL, TEA, make_workspace, run_all
from tests.support.whole_run import SETTINGS as SMALL

USING: Mapping[Kind, tuple[Settings, str]] = {
    "store": (with_setting("source.uri", "mine://x"), "raw_corpus"),
    "strategy": (with_setting("tree.strategy", "mine"), "cst_nodes"),
    "gate": (with_setting("responses.gates", ("mine",)), "responses"),
}
EACH = {kind: {"mine": "pkg 1.0"} for kind in GROUPS}
DOCUMENTS = {**SOURCES, "c.mine": "sha c"}


def of_all(settings: Settings, extensions: Mapping[Kind, Mapping[str, str]]) -> dict:
    versions = replace(VERSIONS, extensions=extensions)
    return {stage: stage_inputs(stage, settings, versions) for stage in CODE_VERSIONS}


@pytest.mark.parametrize("kind", USING)
@pytest.mark.parametrize("now", ["pkg 1.1", "other 1.0"])
def test_another_version_or_package_makes_exactly_the_stage_of_the_part_stale(
    kind: Kind, now: str
) -> None:
    settings, stage = USING[kind]
    old, new = of_all(settings, EACH), of_all(settings, {kind: {"mine": now}})
    assert [each for each in CODE_VERSIONS if old[each] != new[each]] == [stage]
    assert changes(old[stage], new[stage]) == [f"{kind} mine changed pkg 1.0 -> {now}"]


@pytest.mark.parametrize("kind", USING)
def test_a_part_that_came_or_went_is_a_change(kind: Kind) -> None:
    settings, stage = USING[kind]
    used, unused = of_all(settings, EACH)[stage], of_all(settings, {})[stage]
    assert changes(used, unused) == changes(unused, used) == [f"{kind} mine changed"]


def test_what_is_installed_and_not_used_is_no_input() -> None:
    assert of_all(SETTINGS, EACH) == of_all(SETTINGS, {})
    states = up_to_date()
    versions = replace(VERSIONS, extensions=EACH)
    stale = find_stale(SOURCES, SETTINGS, versions, states)
    assert not any(stale.documents.values())
    assert not stale.unpartitioned


@pytest.mark.parametrize(
    ("before", "now", "reason"),
    [
        ("pkg 1.0", "pkg 1.1", "converter mine changed pkg 1.0 -> pkg 1.1"),
        ("", "pkg 1.0", "converter mine changed"),
        ("pkg 1.0", "", "converter mine changed"),
    ],
)
def test_another_converter_makes_the_documents_of_its_suffix_stale(
    before: str, now: str, reason: str
) -> None:
    def versions(origin: str) -> object:
        return replace(VERSIONS, extensions={"converter": {"mine": origin}} if origin else {})

    states = up_to_date(DOCUMENTS, versions=versions(before))
    assert not find_stale(DOCUMENTS, SETTINGS, versions(before), states).documents["raw_corpus"]
    stale = find_stale(DOCUMENTS, SETTINGS, versions(now), states)
    assert stale.documents["raw_corpus"] == {"c.mine": [reason]}


def test_dagster_sees_the_same_libraries_upstream_of_what_a_package_converts() -> None:
    versions = replace(VERSIONS, extensions=EACH)
    expectation = Expectation(SETTINGS, versions, {})
    usual, own = (expectation.inputs("raw_corpus", each, "sha") for each in ("a.md", "c.mine"))
    assert own["converter mine"] == "pkg 1.0"
    assert input_versions("raw_corpus", own) == input_versions("raw_corpus", usual)


def test_dagster_sees_another_version_as_another_input() -> None:
    for settings, stage in USING.values():
        old, new = of_all(settings, EACH)[stage], of_all(settings, {})[stage]
        assert input_versions(stage, old) != input_versions(stage, new)


GATES = "def short(query, response, context, language): return 'long' * (len(response) > {chars})"


def with_gates(*gates: str) -> Settings:
    responses = {"plain": True, "few_shot_count": 1, "gates": gates}
    update = {
        "scorer": ScorerSettings(kind="none"),
        "responses": ResponsesSettings.model_validate(responses),
    }
    return SMALL.model_copy(update=update)


def test_a_raised_version_runs_its_stage_again_and_no_other(
    installed: Install, tmp_path: Path
) -> None:
    def install(version: str, chars: int) -> None:
        parts = {"augcon.gates": {"short": f"gates_{chars}:short"}}
        (tmp_path / "site" / f"gates_{chars}.py").write_text(GATES.format(chars=chars))
        installed("pkg-gates", parts, version=version)

    def rows() -> int:
        return read_dataset(Warehouse(workspace.warehouse_path)).height

    root = tmp_path / "workspace"
    workspace = make_workspace(root, {"tea.md": TEA, "mill.md": MILL}, with_gates())
    run_all(workspace)
    all_rows = rows()
    install("1.0", 1000)
    assert run_all(workspace) == {}  # it is installed, and not used
    workspace = Workspace(root, with_gates("short"))
    assert list(run_all(workspace)) == ["responses"]
    assert rows() == all_rows
    assert run_all(workspace) == {}
    install("1.1", 5)
    assert installed_extensions()["gate"] == {"short": "pkg-gates 1.1"}
    reports = run_all(workspace)
    assert list(reports) == ["responses", "sft_dataset"]
    assert reports["responses"].rejected == {"long": all_rows}
    assert rows() == 0
    assert StageRun(workspace).versions().extensions["gate"] == {"short": "pkg-gates 1.1"}
    workspace = Workspace(root, with_gates())
    assert list(run_all(workspace)) == ["responses", "sft_dataset"]
    assert rows() == all_rows
