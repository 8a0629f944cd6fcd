"""``augcon run`` against a real HTTP endpoint: faults, refused schemas, budgets and kills."""

import asyncio
import hashlib
import json
import math
import os
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from augcon_assets.instance.failures import FAILURES_TAG
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.model.endpoints.slots import SETTLING_PER_SLOT
from augcon_lib.workspace import open_workspace
from tests.e2e.command_line import (
    BROKEN,
    augcon,
    augcon_json,
    copy_workspace,
    exported,
    finish,
    start_augcon,
)
from tests.support.fault_server import KEY, FaultServer, fault_server

FAULTS = ("429", "500", "reset", "garble")
IN_FLIGHT = 4


def endpoint(url: str, **more: str) -> dict[str, str]:
    return {
        "AUGCON_MODEL__PROVIDER": "openai",
        "AUGCON_MODEL__BASE_URL": url,
        "AUGCON_MODEL__NAME": "tiny",
        "OPENAI_API_KEY": KEY,
        **more,
    }


def some_fail_once(prompt: str, seen: int) -> str:
    """A fifth of the prompts fail when they are sent first, in one of four ways."""
    place = int(hashlib.sha256(prompt.encode()).hexdigest(), 16) % 20
    return FAULTS[place] if seen == 0 and place < len(FAULTS) else ""


async def run_to_the_end(
    workspace: Path, server: FaultServer, env: Mapping[str, str] | None = None
) -> dict[str, Any]:
    process = await start_augcon(
        workspace, "run", "--yes", "--json", env=env or endpoint(server.url)
    )
    code, out, err = await finish(process)
    assert code == 1, err
    summary: dict[str, Any] = json.loads(out)
    assert [failure["document_id"] for failure in summary["failures"]] == [BROKEN]
    return summary


def run_against(workspace: Path, **state: Any) -> tuple[dict[str, Any], FaultServer]:
    """A whole run of *workspace* against a server in *state*."""

    async def scenario() -> tuple[dict[str, Any], FaultServer]:
        async with fault_server(**state) as server:
            return await run_to_the_end(workspace, server), server

    return asyncio.run(scenario())


@pytest.fixture(scope="module")
def undisturbed(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The export of a run against a server without faults."""
    folder = tmp_path_factory.mktemp("undisturbed")
    workspace = copy_workspace(fresh, folder / "workspace")
    summary, server = run_against(workspace)
    assert summary["model_calls"]["failed"] == 0
    assert set(server.answered.values()) == {1}  # a prompt is sent once
    return exported(workspace, folder / "export", "chat")


@pytest.mark.parametrize("schema_status", [0, 400], ids=["schema", "no-schema"])
def test_faults_change_nothing_in_the_result(
    fresh: Path, tmp_path: Path, undisturbed: dict[str, bytes], schema_status: int
) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")
    summary, server = run_against(workspace, fault=some_fail_once, schema_status=schema_status)
    assert summary["model_calls"]["failed"] >= len(FAULTS)
    assert summary["rows"]["total"] > 0
    assert exported(workspace, tmp_path / "export", "chat") == undisturbed
    assert max(server.answered.values()) == 1


def test_after_kills_in_the_middle_the_result_is_the_same_and_no_answer_is_bought_twice(
    fresh: Path, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")
    kill_at = [9, 75]  # calls that the server has seen by then
    running: list[asyncio.subprocess.Process] = []

    def kill(prompt: str, seen: int) -> str:
        if kill_at and server.calls >= kill_at[0]:
            kill_at.pop(0)
            os.kill(running[-1].pid, signal.SIGKILL)
        return ""

    async def scenario() -> None:
        nonlocal server
        async with fault_server(fault=kill) as server:
            env = endpoint(server.url, AUGCON_MODEL__MAX_CONCURRENCY=str(IN_FLIGHT))
            for _ in list(kill_at):
                running.append(await start_augcon(workspace, "run", "--yes", env=env))
                code, _, _ = await finish(running[-1])
                assert code == -signal.SIGKILL
            await run_to_the_end(workspace, server, env)

    server = FaultServer()
    asyncio.run(scenario())
    assert exported(workspace, tmp_path / "export", "chat") == undisturbed
    again = sum(count - 1 for count in server.answered.values())
    assert again <= 2 * (IN_FLIGHT + math.ceil(IN_FLIGHT * SETTLING_PER_SLOT))
    assert server.peak_busy <= IN_FLIGHT
    with workspace_instance(open_workspace(workspace)) as instance:
        statuses = [run.status for run in instance.get_runs() if FAILURES_TAG not in run.tags]
    assert statuses.count(dg.DagsterRunStatus.FAILURE) == 2
    assert set(statuses) == {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS}


def test_a_budget_stops_cleanly_and_the_next_run_goes_on(
    fresh: Path, tmp_path: Path, undisturbed: dict[str, bytes]
) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")

    async def scenario() -> None:
        async with fault_server() as server:
            env = endpoint(server.url, AUGCON_BUDGET__MAX_CALLS="20")
            process = await start_augcon(workspace, "run", "--yes", "--json", env=env)
            code, out, err = await finish(process)
            assert code == 3, err
            assert "budget" in err
            assert "Traceback" not in err
            assert json.loads(out)["model_calls"]["issued"] == 20
            assert server.calls == 20
            await run_to_the_end(workspace, server)
            assert set(server.answered.values()) == {1}

    asyncio.run(scenario())
    assert exported(workspace, tmp_path / "export", "chat") == undisturbed


def test_an_interruption_is_told_in_words_with_the_code_of_one(fresh: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")
    running: list[asyncio.subprocess.Process] = []

    def interrupt(prompt: str, seen: int) -> str:
        if server.calls == 20:
            os.kill(running[0].pid, signal.SIGINT)
        return ""

    async def scenario() -> tuple[int, str, str]:
        nonlocal server
        async with fault_server(fault=interrupt) as server:
            env = endpoint(server.url, AUGCON_MODEL__MAX_CONCURRENCY=str(IN_FLIGHT))
            running.append(await start_augcon(workspace, "run", "--yes", "--json", env=env))
            return await finish(running[0])

    server = FaultServer()
    code, out, err = asyncio.run(scenario())
    assert code == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert json.loads(out)["rows"]["total"] == 0


def test_nothing_listening_is_told_quickly(fresh: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound but not listening: refuses connections
        env = endpoint(f"http://127.0.0.1:{held.getsockname()[1]}/v1")
        started = time.monotonic()
        done = augcon(workspace, "run", "--yes", env=env)
        seconds = time.monotonic() - started
        doctor = augcon_json(workspace, "doctor", env=env, code=2)
    assert done.returncode == 2
    assert "127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
    assert seconds < 30  # the pauses of all attempts would take longer
    assert [check["subject"] for check in doctor["checks"] if not check["ok"]] == ["model"]


def test_a_wrong_key_is_told_at_once_and_never_shown(fresh: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")
    key = "sk-wrong-key-123456"

    async def scenario() -> tuple[int, str, str, int]:
        async with fault_server() as server:
            env = endpoint(server.url, OPENAI_API_KEY=key)
            process = await start_augcon(workspace, "run", "--yes", env=env)
            return *await finish(process), server.calls

    code, out, err, calls = asyncio.run(scenario())
    assert code == 2
    assert "OPENAI_API_KEY" in err
    assert "Traceback" not in err
    assert key not in out + err
    assert calls <= 64
