"""``augcon run`` in batch mode: kills between submit and result, and endpoints without batches."""

import asyncio
import json
import os
import signal
from pathlib import Path

from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.workspace import open_workspace
from tests.e2e.command_line import augcon, copy_workspace, exported, finish, start_augcon
from tests.e2e.test_endpoint import endpoint, run_to_the_end
from tests.support.batch_routes import BatchRoutes
from tests.support.fault_server import fault_server

BATCH = {"AUGCON_MODEL__MODE": "batch", "AUGCON_MODEL__BATCH_POLL_SECONDS": "0.05"}
# The second batch is made, and its id not told yet; the third is being waited for.
KILLED_WHEN_MADE, KILLED_WHEN_POLLED = 2, 3


def messages(workspace: Path) -> list[str]:
    """What the runs of *workspace* logged in words."""
    with workspace_instance(open_workspace(workspace)) as instance:
        return [
            entry.user_message
            for run in instance.get_runs()
            for entry in instance.all_logs(run.run_id)
            if not entry.is_dagster_event
        ]


def test_a_killed_run_picks_its_batches_up_and_the_dataset_is_that_of_online_mode(
    fresh: Path, tmp_path: Path
) -> None:
    online = copy_workspace(fresh, tmp_path / "online")
    workspace = copy_workspace(fresh, tmp_path / "workspace")
    running: list[asyncio.subprocess.Process] = []
    killed: set[str] = set()

    def kill_at(when: str, batches: int) -> None:
        if len(routes.batches) == batches and when not in killed:
            killed.add(when)
            os.kill(running[-1].pid, signal.SIGKILL)

    async def doctor(url: str, **mode: str) -> tuple[int, bool]:
        process = await start_augcon(workspace, "doctor", "--json", env=endpoint(url, **mode))
        code, out, _ = await finish(process)
        [batches] = [c["ok"] for c in json.loads(out)["checks"] if c["subject"] == "batches"]
        return code, batches

    async def scenario() -> None:
        async with fault_server() as server:
            await run_to_the_end(online, server)
        async with fault_server(routes) as server:
            env = endpoint(server.url, **BATCH)
            for _ in range(2):
                running.append(await start_augcon(workspace, "run", "--yes", env=env))
                code, _, err = await finish(running[-1])
                assert code == -signal.SIGKILL, err
            assert await doctor(server.url, **BATCH) == (0, True)
            assert await doctor(server.url) == (2, False)  # online mode would pay again
            summary = await run_to_the_end(workspace, server, env)
            assert summary["model_calls"]["failed"] == 0

    routes = BatchRoutes(
        made=lambda: kill_at("made", KILLED_WHEN_MADE),
        polled=lambda: kill_at("polled", KILLED_WHEN_POLLED),
    )
    asyncio.run(scenario())
    assert killed == {"made", "polled"}
    told = messages(workspace)
    assert any("resume batch" in each and "of an earlier process" in each for each in told)
    assert sum("sent batch" in each for each in told) == len(routes.batches) - 1
    assert set(routes.batched.values()) == {1}
    assert exported(workspace, tmp_path / "one", "chat") == exported(
        online, tmp_path / "two", "chat"
    )


def test_an_endpoint_without_batches_is_one_error(fresh: Path, tmp_path: Path) -> None:
    workspace = copy_workspace(fresh, tmp_path / "workspace")

    async def scenario() -> tuple[int, str, str]:
        async with fault_server() as server:
            env = endpoint(server.url, **BATCH)
            return await finish(await start_augcon(workspace, "run", "--yes", env=env))

    code, _, err = asyncio.run(scenario())
    assert code == 2
    assert "does not support batches" in err
    assert 'mode = "online"' in err
    assert "Traceback" not in err
    forgotten = augcon(workspace, "journal", "forget-batches")
    assert "forgot 0 requests" in forgotten.stdout
