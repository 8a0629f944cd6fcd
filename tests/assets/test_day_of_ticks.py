"""Days of sensor ticks on a store that changes, under a daily limit; the clock is simulated."""

import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.cli.status import collect_status
from augcon_assets.definitions import defs
from augcon_assets.defs.sensors import follow_store, weekly_retrain
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.resources import WorkspaceResource
from augcon_lib import clock
from augcon_lib.workspace import Workspace
from tests.e2e.followed import text
from tests.support.fault_server import KEY
from tests.support.served import served
from tests.support.workspaces import SETTINGS, make_workspace, put

MIDNIGHT = datetime(2026, 11, 30, tzinfo=UTC).timestamp()
HOUR = 3600
LIMIT = 200
NAMES = ("Abbey", "Bridge", "Castle", "Dam", "Ferry", "Gate", "Harbour", "Inn", "Jetty", "Kiln",
         "Lock", "Mill")  # fmt: skip


class Followed:
    """A workspace whose sensor ticks by hand, and whose runs are executed as they are requested."""

    def __init__(self, workspace: Workspace, instance: dg.DagsterInstance) -> None:
        self.workspace = workspace
        self.instance = instance
        self.resource = WorkspaceResource(root=str(workspace.root))
        self.cursor: str | None = None
        self.now = MIDNIGHT

    def tick(self) -> str:
        """One tick, and the runs that it requests; why it requests none."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        result = follow_store(context, workspace=self.resource)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        for request in result.run_requests or []:
            defs.resolve_job_def(str(request.job_name)).execute_in_process(
                instance=self.instance,
                asset_selection=request.asset_selection,
                tags=dict(request.tags),
                run_config={"resources": {"workspace": {"config": {"root": self.resource.root}}}},
                raise_on_error=False,  # one that reaches the limit fails, and says so
            )
        return str(result.skip_reason) if not result.run_requests else ""

    def tick_until_nothing_is_requested(self) -> str:
        for _ in range(20):
            said = self.tick()
            if said:
                return said
        raise AssertionError("ticks request runs again and again")

    def calls_by_day(self) -> Counter[str]:
        with closing(sqlite3.connect(self.workspace.journal_path)) as journal:
            rows = journal.execute(
                "SELECT date(started_at, 'unixepoch'), count(*) FROM calls GROUP BY 1"
            )
            return Counter(dict(rows.fetchall()))


def test_days_of_ticks_stay_below_the_daily_limit_say_what_waits_and_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with served() as endpoint:
        model = {"provider": "openai", "base_url": endpoint.server.url, "name": "tiny"}
        scorer = {"pairs_per_negative_kind": 1, "retrain_drift": 0}
        budget = {"max_calls_per_day": LIMIT}
        settings = {**SETTINGS, "model": model, "scorer": scorer, "budget": budget}
        workspace = make_workspace(tmp_path / "workspace", {}, settings)
        with workspace_instance(workspace) as instance:
            followed = Followed(workspace, instance)
            with clock.reading(lambda: followed.now):
                _follow_for_days(followed, endpoint.server)


def _follow_for_days(followed: Followed, server: object) -> None:
    said: list[str] = []
    sent: list[int] = []
    for hour in range(0, 24, 4):  # a day on which two documents come every four hours
        followed.now = MIDNIGHT + hour * HOUR
        for name in NAMES[hour // 2 : hour // 2 + 2]:
            put(followed.workspace.root, f"{name}.md", text(name, 12))
        said.append(followed.tick_until_nothing_is_requested())
        sent.append(server.calls)  # type: ignore[attr-defined]
    assert sent[-1] == LIMIT
    waiting = [each for each in said if "documents wait" in each]
    assert waiting
    assert f"0 of {LIMIT} calls left until 2026-12-01 00:00 UTC" in said[-1]
    assert "; continues at 2026-12-01 00:00 UTC" in said[-1]
    (shown,) = collect_status(followed.workspace)["budget"]
    assert (shown["spent"], shown["left"], shown["is_reached"]) == (LIMIT, 0, True)
    context = dg.build_schedule_context(instance=followed.instance)
    skipped = weekly_retrain(context, workspace=followed.resource)
    assert isinstance(skipped, dg.SkipReason)

    days = 1
    while "everything is fresh" not in said[-1]:
        before = server.calls  # type: ignore[attr-defined]
        followed.now = MIDNIGHT + days * 24 * HOUR
        said.append(followed.tick_until_nothing_is_requested())
        assert before < server.calls <= before + LIMIT  # type: ignore[attr-defined]
        days += 1
        assert days < 20
    assert days > 1
    by_day = followed.calls_by_day()
    assert max(by_day.values()) == LIMIT
    assert sum(by_day.values()) == server.calls  # type: ignore[attr-defined]
    status = collect_status(followed.workspace)
    assert status["documents"] == {"fresh": len(NAMES), "stale": 0, "failed": 0}
