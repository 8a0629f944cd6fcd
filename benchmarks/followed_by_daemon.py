"""A workspace that Dagster's daemon follows, and the processes of the runs it launched."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import psutil

from augcon_assets.instance.lineage import Difference, differences, differences_now
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.workspace import open_workspace

REPOSITORY = Path(__file__).resolve().parent.parent
POLL_SECONDS = 0.05
START_SECONDS = 120
# The product's definitions with a sensor that may tick at every iteration of the daemon.
WORKSPACE_YAML = f"""load_from:
  - python_module:
      module_name: tests.e2e.quick_follow
      working_directory: {REPOSITORY}
      location_name: augcon
"""


class FollowedByDaemon:
    """The workspace at *root*; *environment* is that of the daemon and its runs."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.root = root
        self.run = StageRun(open_workspace(root))
        self._environment = {
            **os.environ,
            **environment,
            "DAGSTER_HOME": str(root / "dagster_home"),
            "AUGCON_WORKSPACE": str(root),
        }

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Run the daemon until the end of the body."""
        (self.root / "workspace.yaml").write_text(WORKSPACE_YAML, encoding="utf-8")
        command = [sys.executable, "-m", "dagster._daemon", "run", "-w", "workspace.yaml"]
        with self.root.with_name("daemon.log").open("wb") as log:
            process = subprocess.Popen(
                command, cwd=self.root, env=self._environment, stdout=log, stderr=log
            )
        self._process = psutil.Process(process.pid)
        try:
            yield
        finally:
            family = [*self._process.children(recursive=True), self._process]
            process.terminate()
            psutil.wait_procs(family, timeout=START_SECONDS)
            for each in family:
                if each.is_running():
                    each.kill()
            process.wait()

    def workers(self) -> list[psutil.Process]:
        """Return the processes of the runs that the daemon launched."""
        found = []
        for process in self._process.children(recursive=True):
            try:
                of_code_server = "grpc" in process.parent().cmdline()
                if of_code_server and "spawn_main" in " ".join(process.cmdline()):
                    found.append(process)
            except (psutil.NoSuchProcess, AttributeError):
                continue
        return found

    def wait(self, happened: Callable[[], bool], seconds: float) -> bool:
        """Poll until *happened* or until the time is over; exit if the daemon died."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if happened():
                return True
            if not self._process.is_running():
                sys.exit("the daemon has died; see daemon.log")
            time.sleep(POLL_SECONDS)
        return False

    def differences_at_once(self) -> list[Difference]:
        """Return the current differences between Dagster and the warehouse."""
        with workspace_instance(self.run.workspace) as instance:
            return differences_now(self.run, instance)

    def differences_after_a_tick(self, since: float) -> list[Difference]:
        """Return the differences after the end of the first tick that started after *since*."""

        def has_ticked() -> bool:
            with workspace_instance(self.run.workspace) as instance:
                states = instance.all_instigator_state()
                for state in (s for s in states if s.name == "follow_store"):
                    origin = state.instigator_origin_id
                    ticks = instance.get_ticks(origin, state.selector_id, limit=3)
                    return any(t.timestamp > since and t.end_timestamp for t in ticks)
            return False

        if not self.wait(has_ticked, START_SECONDS):
            sys.exit("the sensor does not tick; see daemon.log")
        with workspace_instance(self.run.workspace) as instance:
            return differences(self.run, instance)

    def is_idle(self) -> bool:
        """Return whether no run is in progress or queued."""
        active = dg.RunsFilter(
            statuses=[
                dg.DagsterRunStatus.QUEUED,
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
            ]
        )
        with workspace_instance(self.run.workspace) as instance:
            return not instance.get_runs(active, limit=1)
