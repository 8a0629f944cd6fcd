"""A workspace with a daemon that follows it, and what each change made the daemon do."""

import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.execution.backfill import BulkActionStatus
from dagster._core.scheduler.instigation import TickStatus

from augcon_assets.instance.processes import ACTIVE_STATUSES
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.workspace import open_workspace
from tests.e2e.command_line import (
    AUGCON,
    REPOSITORY,
    SMALL,
    augcon,
    augcon_json,
    environment,
    exported,
)
from tests.e2e.dagster_dev import Query, dagster_dev, wait_until
from tests.support.fault_server import KEY
from tests.support.served import Served

SETTLE_SECONDS = 150
STAGES = ("raw_corpus", "cst_nodes", "scored_queries", "responses")
DATASET = ("sft_dataset", "")
# The server asks about a passage's first 20 characters: no two of them are alike.
LINE = "{name} number {number} stands by the river and was built in {year} by {people} people. "

Partition = tuple[str, str]


@dataclass(frozen=True)
class Launched:
    """Runs by job, what they materialized (how often), model calls, and the time until all was
    fresh again."""

    jobs: Counter[str]
    materialized: Counter[Partition]
    calls: int
    seconds: float


def text(name: str, lines: int = 8) -> str:
    """A small document whose passages are like no other's."""
    body = "".join(
        LINE.format(name=name, number=number, year=1800 + 7 * number, people=20 + 3 * number)
        for number in range(lines)
    )
    return f"# {name}\n\n{body.strip()}\n"


def all_stages(*documents: str) -> set[Partition]:
    return {(stage, document) for stage in STAGES for document in documents}


class Followed:
    """A workspace, its Dagster instance, its daemon, and the endpoint."""

    def __init__(self, workspace: Path, served: Served) -> None:
        self.workspace = workspace
        self.store = workspace / "documents"
        self.served = served
        self.env = {
            "AUGCON_MODEL__PROVIDER": "openai",
            "AUGCON_MODEL__BASE_URL": served.server.url,
            "AUGCON_MODEL__NAME": "tiny",
            "OPENAI_API_KEY": KEY,
            "AUGCON_AUTOMATION__FOLLOW": "on",
            # Too few to learn from, so that nothing but a test's changes makes the scorer stale.
            "AUGCON_SCORER__PAIRS_PER_NEGATIVE_KIND": "1",
            "AUGCON_SCORER__RETRAIN_DRIFT": "0",
        }
        self.launched: dict[str, Launched] = {}
        self.query: Query
        self.process: subprocess.Popen[bytes]

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Dagster's UI and daemon, with the product's sensor ticking quickly."""
        (self.workspace / "workspace.yaml").write_text(
            "load_from:\n  - python_module:\n      module_name: tests.e2e.quick_follow\n"
            f"      working_directory: {REPOSITORY}\n      location_name: augcon\n",
            "utf-8",
        )
        log = self.workspace.with_name("daemon.log")
        with dagster_dev(self.workspace, log, self.env) as (self.query, self.process):
            yield

    def put(self, **documents: str) -> None:
        """Write documents (name without ``.md``), each at once."""
        for name, content in documents.items():
            path = self.workspace / f"{name}.new"
            path.write_text(content, "utf-8")
            path.replace(self.store / f"{name}.md")

    def put_at_once(self, folder: str, *names: str) -> list[str]:
        """New documents in a new folder that appears at once; their ids."""
        new = self.workspace / folder
        new.mkdir()
        for name in names:
            (new / f"{name}.md").write_text(text(name), "utf-8")
        new.rename(self.store / folder)
        return [f"{folder}/{name}.md" for name in names]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Change something in the body; then wait until all is fresh, and note what ran."""
        with self._instance() as instance:
            before = {run.run_id for run in instance.get_runs()}
        calls = self.served.server.calls
        started = time.time()
        yield
        self.wait_until_fresh(time.time())
        with self._instance() as instance:
            runs = [run for run in instance.get_runs() if run.run_id not in before]
            assert {run.status for run in runs} <= {dg.DagsterRunStatus.SUCCESS}, name
            materialized: Counter[Partition] = Counter()
            for run in runs:
                kind = dg.DagsterEventType.ASSET_MATERIALIZATION
                for entry in instance.all_logs(run.run_id, of_type=kind):
                    event = entry.get_dagster_event()
                    assert event.asset_key
                    materialized[event.asset_key.to_user_string(), event.partition or ""] += 1
        jobs = Counter(run.job_name for run in runs)
        calls = self.served.server.calls - calls
        self.launched[name] = Launched(jobs, materialized, calls, time.time() - started)

    def wait_until_fresh(self, since: float) -> None:
        """Wait for a tick begun after *since* that finds everything fresh and nothing running."""

        def is_fresh() -> bool:
            with self._instance() as instance:
                if instance.get_runs(dg.RunsFilter(statuses=ACTIVE_STATUSES)):
                    return False
                if instance.get_backfills(status=BulkActionStatus.REQUESTED):
                    return False
                states = [s for s in instance.all_instigator_state() if s.name == "follow_store"]
                if not states:  # the daemon has just begun
                    return False
                (state,) = states
                ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=1)
            return bool(ticks) and (
                ticks[0].timestamp > since
                and ticks[0].status == TickStatus.SKIPPED
                and "everything is fresh" in str(ticks[0].skip_reason)
            )

        log = self.workspace.with_name("daemon.log")
        assert wait_until(is_fresh, SETTLE_SECONDS, self.process), log.read_text()[-5000:]

    def until_asked(self, doing: Callable[[], None]) -> None:
        """*doing* while the endpoint answers nothing; go on when it has been asked something."""
        self.served.hold()
        doing()
        self.wait_until_asked()

    def wait_until_asked(self) -> None:
        """Wait for a call since the endpoint was told to hold."""
        assert wait_until(self.served.server.arrived.is_set, SETTLE_SECONDS, self.process)

    def start_command(self) -> subprocess.Popen[str]:
        """``augcon run``, started."""
        return subprocess.Popen(
            [AUGCON, "run", "--yes", "--json"],
            cwd=self.workspace,
            env=environment(self.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def export_from_scratch(self, target: Path) -> dict[str, bytes]:
        """The export of a new workspace on the same store, prompts and journal."""
        state = ("state", "storage", "history", "schedules", ".*")
        shutil.copytree(self.workspace, target, ignore=shutil.ignore_patterns(*state))
        (target / "state").mkdir()
        with (
            closing(sqlite3.connect(self.workspace / "state" / "journal.sqlite")) as source,
            closing(sqlite3.connect(target / "state" / "journal.sqlite")) as copy,
        ):
            source.backup(copy)
        summary = augcon_json(target, "run", "--yes", env=self.env)
        assert summary["model_calls"]["issued"] == 0
        return exported(target, target.with_name("scratch-export"), "chat")

    @contextmanager
    def _instance(self) -> Iterator[dg.DagsterInstance]:
        with workspace_instance(open_workspace(self.workspace)) as instance:
            yield instance


def followed_workspace(root: Path, served: Served, *names: str) -> Followed:
    """A workspace with a document for each of *names*, brought up to date by ``augcon run``."""
    done = augcon(root.parent, "init", str(root))
    assert done.returncode == 0, done.stderr
    settings = (root / "augcon.toml").read_text("utf-8")
    for given, small in SMALL.items():
        assert given in settings
        settings = settings.replace(given, small)
    (root / "augcon.toml").write_text(settings, "utf-8")
    followed = Followed(root, served)
    followed.store.mkdir(exist_ok=True)
    followed.put(**{name: text(name) for name in names})
    augcon_json(root, "run", "--yes", env=followed.env)
    return followed
