"""A store that changes under a real daemon: each change launches what it should, nothing more.

``pytest -s tests/e2e/test_following.py`` prints what each change launched.
"""

import json
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import dagster as dg
import pytest

from augcon_assets.defs.sensors import TICK_SECONDS, follow_store
from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_assets.resources import WorkspaceResource
from augcon_lib.workspace import open_workspace
from tests.e2e.command_line import augcon_json, exported
from tests.e2e.followed import (
    DATASET,
    Followed,
    Launched,
    all_stages,
    followed_workspace,
    text,
)
from tests.support.served import served

OLD = ("Abbey", "Bridge", "Castle", "Dam", "Ferry", "Gate")
BACKFILL = """mutation { launchPartitionBackfill(backfillParams: {
  assetSelection: [{path: ["responses"]}], partitionNames: %s
}) { __typename ... on PythonError { message } } }"""


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Followed]:
    """A workspace after all changes; what each launched is in ``launched``."""
    with served() as endpoint:
        root = tmp_path_factory.mktemp("following") / "workspace"
        workspace = followed_workspace(root, endpoint, *OLD)
        with workspace.daemon():
            make_changes(workspace)
            work_at_once(workspace)
        show(workspace.launched)
        yield workspace


def make_changes(followed: Followed) -> None:
    with followed.step("nothing"):
        pass
    with followed.step("5 new documents"):
        followed.put_at_once("new", "Harbour", "Inn", "Jetty", "Kiln", "Lock")
    with followed.step("1 edit"):
        followed.put(Abbey=text("Abbey") + "\nThe roof was mended last spring, at great cost.\n")
    with followed.step("1 edit of front matter"):
        followed.put(Bridge=f"---\nreviewed: yes\n---\n{text('Bridge')}")
    with followed.step("1 prompt edit"):
        packaged = files("augcon_lib.prompts").joinpath("en", "answer.md").read_text("utf-8")
        mine = followed.workspace / "prompts" / "en" / "answer.md"
        mine.parent.mkdir(parents=True)
        mine.write_text(packaged.replace("and stop.", "and stop there."), "utf-8")
    with followed.step("1 deletion and 1 addition"):
        (followed.store / "Castle.md").unlink()
        followed.put(Mill=text("Mill"))
    with followed.step("A to B"):
        followed.put(Dam=text("Dam", 9))
    with followed.step("B to A"):
        followed.put(Dam=text("Dam"))
    with followed.step("1 edit while its own partition runs"):
        followed.until_asked(lambda: followed.put(Ferry=text("Ferry") + "\nIt is closed today.\n"))
        followed.put(Ferry=text("Ferry") + "\nIt is open again, every day but Sunday.\n")
        followed.served.release()


def work_at_once(followed: Followed) -> None:
    with followed.step("two commands beside the daemon"):
        followed.served.hold()
        followed.put_at_once("more", "Orchard", "Pier", "Quarry")
        commands = [followed.start_command() for _ in range(2)]
        followed.wait_until_asked()
        followed.served.release()
        for command in commands:
            _, err = command.communicate(timeout=120)
            assert command.returncode == 0, err
            assert "Traceback" not in err
            assert "lock" not in err.lower()
    with followed.step("a backfill in the middle of a sync"):
        followed.until_asked(lambda: followed.put(Gate=text("Gate") + "\nIt has two towers.\n"))
        keys = json.dumps(["Abbey.md", "Bridge.md", "Gate.md"])
        launched = followed.query(BACKFILL % keys)["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        followed.served.release()


def show(launched: dict[str, Launched]) -> None:
    print("\n| change | runs | materialized | model calls | seconds |\n|---|---|---|---|---|")
    for name, each in launched.items():
        runs = ", ".join(f"{count} {job}" for job, count in sorted(each.jobs.items())) or "none"
        count = each.materialized.total()
        print(f"| {name} | {runs} | {count} | {each.calls} | {each.seconds:.0f} |")


NEW = [f"new/{name}.md" for name in ("Harbour", "Inn", "Jetty", "Kiln", "Lock")]
ALL_AFTER_NEW = [*(f"{name}.md" for name in OLD), *NEW]
ONE_SYNC = {"documents": 1, "dataset": 1}
EXPECTED = {
    "nothing": ({}, set()),
    "5 new documents": (ONE_SYNC, {*all_stages(*NEW), DATASET}),
    "1 edit": (ONE_SYNC, {*all_stages("Abbey.md"), DATASET}),
    "1 edit of front matter": ({"documents": 1}, {("raw_corpus", "Bridge.md")}),
    # The server's answers don't follow the instruction: equal answers stop before the dataset.
    "1 prompt edit": (
        {"choices": 1, "documents": 1},
        {("few_shot_examples", ""), *(("responses", d) for d in ALL_AFTER_NEW)},
    ),
    "1 deletion and 1 addition": (ONE_SYNC, {*all_stages("Mill.md"), DATASET}),
    "A to B": (ONE_SYNC, {*all_stages("Dam.md"), DATASET}),
    "B to A": (ONE_SYNC, {*all_stages("Dam.md"), DATASET}),
}


@pytest.mark.parametrize("change", EXPECTED)
def test_a_change_launches_what_it_should_and_nothing_more(followed: Followed, change: str) -> None:
    jobs, materialized = EXPECTED[change]
    launched = followed.launched[change]
    assert launched.jobs == Counter(jobs)
    assert launched.materialized == Counter(dict.fromkeys(materialized, 1))


def test_an_edit_that_is_taken_back_asks_the_model_nothing(followed: Followed) -> None:
    assert followed.launched["A to B"].calls > 0
    assert followed.launched["B to A"].calls == 0


def test_an_edit_while_its_partition_runs_is_followed_by_a_run_of_its_own(
    followed: Followed,
) -> None:
    launched = followed.launched["1 edit while its own partition runs"]
    assert launched.jobs == Counter({"documents": 2, "dataset": 1})
    wanted = dict.fromkeys(all_stages("Ferry.md"), 2)
    assert launched.materialized == Counter({**wanted, DATASET: 1})


def test_commands_beside_the_daemon_make_new_documents_once(followed: Followed) -> None:
    launched = followed.launched["two commands beside the daemon"]
    new = all_stages("more/Orchard.md", "more/Pier.md", "more/Quarry.md")
    assert {p: launched.materialized[p] for p in new} == dict.fromkeys(new, 1)
    assert set(launched.materialized) == {*new, DATASET}


def test_a_backfill_does_as_it_is_told_beside_a_sync(followed: Followed) -> None:
    launched = followed.launched["a backfill in the middle of a sync"]
    told = {("responses", "Abbey.md"), ("responses", "Bridge.md")}
    assert set(launched.materialized) == {*all_stages("Gate.md"), *told, DATASET}


def test_no_question_was_paid_for_twice(followed: Followed) -> None:
    assert set(followed.served.server.answered.values()) == {1}


def test_what_was_followed_equals_what_is_made_from_scratch(
    followed: Followed, tmp_path: Path
) -> None:
    kept = exported(followed.workspace, tmp_path / "export", "chat")
    assert kept == followed.export_from_scratch(tmp_path / "scratch")


def test_an_idle_hour_launches_nothing(followed: Followed) -> None:
    workspace = open_workspace(followed.workspace)
    before = augcon_json(followed.workspace, "status", env=followed.env)
    resource = WorkspaceResource(root=str(workspace.root))
    with workspace_instance(workspace) as instance, pytest.MonkeyPatch.context() as patch:
        for name, value in followed.env.items():
            patch.setenv(name, value)
        cursor = None
        for _ in range(3600 // TICK_SECONDS):
            context = dg.build_sensor_context(instance=instance, cursor=cursor)
            result = follow_store(context, workspace=resource)
            assert isinstance(result, dg.SensorResult)
            assert not result.run_requests
            cursor = result.cursor
    assert augcon_json(followed.workspace, "status", env=followed.env) == before
