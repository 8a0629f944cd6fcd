"""Dagster's real UI on a workspace that the command line made, asked over GraphQL."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from augcon_assets.jobs import CHOICES, DOCUMENT_STAGES
from tests.e2e.command_line import AUGCON, BROKEN, EGGS, ODD, environment

START_SECONDS = 60
STOP_SECONDS = 30

Query = Callable[[str], dict[str, Any]]

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


def ask(url: str, query: str) -> dict[str, Any]:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    found: dict[str, Any] = answer["data"]
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], seconds: float, process: subprocess.Popen[bytes]) -> bool:
    """Poll until *ready* or *seconds* are over, or *process* ends."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return True
        time.sleep(0.2)
    return ready()


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture(scope="module")
def ui(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    """``augcon ui`` on the workspace, up; stopped as Ctrl-C stops it, without leftovers."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/graphql"
    log = tmp_path_factory.mktemp("ui") / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [AUGCON, "ui", "--port", str(port)],
            cwd=made,
            env=environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def is_up() -> bool:
        try:
            return len(ask(url, "{ assetNodes { id } }")["assetNodes"]) > 0
        except (urllib.error.URLError, ConnectionError, TimeoutError, AssertionError):
            return False

    try:
        assert wait_until(is_up, START_SECONDS, process), log.read_text()
        yield lambda query: ask(url, query)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(STOP_SECONDS)
        deadline = time.monotonic() + STOP_SECONDS
        while not group_is_gone(process.pid) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert group_is_gone(process.pid), "processes of the UI are left over"
    finally:
        if not group_is_gone(process.pid):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)


@pytest.fixture(scope="module")
def nodes(ui: Query) -> dict[str, dict[str, Any]]:
    """Asset nodes by name."""
    return {"/".join(node["assetKey"]["path"]): node for node in ui(ASSETS)["assetNodes"]}


def test_all_assets_are_there_in_their_groups(nodes: dict[str, dict[str, Any]]) -> None:
    own = {name for name, node in nodes.items() if node["groupName"] == "augcon"}
    assert own == {*DOCUMENT_STAGES, *CHOICES, "sft_dataset"}
    assert all(nodes[name]["kinds"] for name in own)
    inputs = {name for name, node in nodes.items() if node["groupName"] == "inputs"}
    assert {*own, *inputs} == set(nodes)
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


def test_sensor_and_schedule_are_running_in_the_ui(ui: Query) -> None:
    (repository,) = ui(INSTIGATORS)["repositoriesOrError"]["nodes"]
    (sensor,) = repository["sensors"]
    (schedule,) = (s for s in repository["schedules"] if s["name"] == "daily_sync")
    assert (sensor["name"], sensor["sensorState"]["status"]) == ("follow_store", "RUNNING")
    assert (schedule["name"], schedule["scheduleState"]["status"]) == ("daily_sync", "RUNNING")
