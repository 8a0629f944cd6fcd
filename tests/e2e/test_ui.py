"""Dagster's real UI on a workspace that the command line made, asked over GraphQL."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from augcon_lib.pipeline import CHOICES, DOCUMENT_STAGES
from tests.e2e.command_line import BROKEN, EGGS, ODD
from tests.e2e.dagster_dev import Query, dagster_dev

ASSETS = """{
  assetNodes {
    assetKey { path }
    groupName
    description
    kinds
    partitionStats { numMaterialized numPartitions numFailed }
    staleStatus
    assetMaterializations(limit: 100) { partition runId }
  }
}"""
PARTITION_STATUS = """{
  assetNodes(assetKeys: %s) { assetKey { path } staleStatusByPartition(partitions: %s) }
}"""
RUNS = """{
  runsOrError { ... on Runs { results { runId status jobName tags { key value } } } }
}"""
INSTIGATORS = """{
  repositoriesOrError { ... on RepositoryConnection { nodes {
    sensors { name sensorState { status } }
    schedules { name scheduleState { status } }
  } } }
}"""


@pytest.fixture(scope="module")
def ui(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    with dagster_dev(made, tmp_path_factory.mktemp("ui") / "log") as (query, _):
        yield query


@pytest.fixture(scope="module")
def nodes(ui: Query) -> dict[str, dict[str, Any]]:
    """Asset nodes by name."""
    return {"/".join(node["assetKey"]["path"]): node for node in ui(ASSETS)["assetNodes"]}


def test_all_assets_are_there_in_their_groups(nodes: dict[str, dict[str, Any]]) -> None:
    own = {name for name, node in nodes.items() if node["groupName"] == "augcon"}
    assert own == {*DOCUMENT_STAGES, *CHOICES, "sft_dataset"}
    assert all(nodes[name]["kinds"] for name in own)
    inputs = {name for name, node in nodes.items() if node["groupName"] == "inputs"}
    assert {*own, *inputs, "evaluation"} == set(nodes)
    assert nodes["evaluation"]["groupName"] == "evaluation"
    assert {"documents", "model", "principles", "cst_prompt", "responses_settings"} <= inputs
    assert all(node["description"] for node in nodes.values())


@pytest.mark.parametrize("asset", DOCUMENT_STAGES)
def test_good_documents_are_materialized_partitions_and_the_broken_one_is_not(
    nodes: dict[str, dict[str, Any]], asset: str
) -> None:
    assert nodes[asset]["partitionStats"] == {
        "numMaterialized": 2,
        "numPartitions": 3,
        "numFailed": 1 if asset == "raw_corpus" else 0,
    }
    made = nodes[asset]["assetMaterializations"]
    assert sorted(each["partition"] for each in made) == sorted([ODD, EGGS])


def test_every_partition_of_a_good_document_is_fresh_in_the_ui(ui: Query) -> None:
    assets = ", ".join(f'{{path: "{asset}"}}' for asset in DOCUMENT_STAGES)
    keys = json.dumps([ODD, EGGS, BROKEN], ensure_ascii=False)
    found = ui(PARTITION_STATUS % (f"[{assets}]", keys))["assetNodes"]
    assert {node["assetKey"]["path"][-1]: node["staleStatusByPartition"] for node in found} == (
        {asset: ["FRESH", "FRESH", "MISSING"] for asset in DOCUMENT_STAGES}
    )


@pytest.mark.parametrize("asset", [*CHOICES, "sft_dataset"])
def test_unpartitioned_assets_are_fresh_in_the_ui(
    nodes: dict[str, dict[str, Any]], asset: str
) -> None:
    assert nodes[asset]["staleStatus"] == "FRESH"


def test_the_runs_of_the_command_are_in_the_ui(
    ui: Query, first_run: tuple[Path, dict[str, Any]]
) -> None:
    runs = ui(RUNS)["runsOrError"]["results"]
    tags = {run["runId"]: {tag["key"]: tag["value"] for tag in run["tags"]} for run in runs}
    made = {run["runId"] for run in runs if run["status"] == "SUCCESS"}
    assert made == set(first_run[1]["run_ids"])
    (failed,) = (run for run in runs if run["runId"] not in made)  # tells of the broken document
    assert failed["status"] == "FAILURE"
    assert tags[failed["runId"]]["augcon/failures"] == "raw_corpus"
    sessions = {tags[run_id]["augcon/session"] for run_id in made}
    assert len(sessions) == 1


def test_sensor_and_schedules_are_paused_until_somebody_turns_them_on(ui: Query) -> None:
    (repository,) = ui(INSTIGATORS)["repositoriesOrError"]["nodes"]
    sensors = {s["name"]: s["sensorState"]["status"] for s in repository["sensors"]}
    schedules = {s["name"]: s["scheduleState"]["status"] for s in repository["schedules"]}
    assert sensors == {"follow_store": "STOPPED"}
    assert schedules == {"daily_sync": "STOPPED", "weekly_retrain": "STOPPED"}
