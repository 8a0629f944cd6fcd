"""The program that replays edit histories, on a tiny one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.command_line import REPOSITORY, environment
from tests.e2e.followed import text

EDITED = "It was painted green last year."


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two snapshots: one document edited, one left alone, one with other front matter, one new.
    The only commit makes the second of the first."""
    root = tmp_path_factory.mktemp("history") / "tiny"
    first, second = root / "snap-01", root / "snap-02"
    first.mkdir(parents=True)
    for name in ("edited", "alone", "quiet"):
        (first / f"{name}.md").write_text(text(name, 6), "utf-8")
    shutil.copytree(first, second)
    (second / "edited.md").write_text(f"{text('edited', 6)}\n## Paint\n\n{EDITED}\n", "utf-8")
    (second / "quiet.md").write_text(f"---\nlayout: page\n---\n{text('quiet', 6)}", "utf-8")
    (second / "new.md").write_text(text("new", 6), "utf-8")
    changes = [
        {"path": "edited.md", "old_path": None},
        {"path": "quiet.md", "old_path": None, "front_matter_only": True},
        {"path": "new.md", "old_path": None},
    ]
    flags = {"to": "snap-02", "whitespace_only": False, "front_matter_only": False}
    lines = "".join(json.dumps({**flags, **change}) + "\n" for change in changes)
    (root / "changes.jsonl").write_text(lines, "utf-8")
    commits = root / "commits"
    commits.mkdir()
    diff = ["git", "diff", "--no-index", "--no-prefix", "snap-01", "snap-02"]
    patch = subprocess.run(diff, cwd=root, capture_output=True, text=True).stdout
    (commits / "01.patch").write_text(patch, "utf-8")
    (commits / "commits.json").write_text(json.dumps([{"n": 1, "files": []}]), "utf-8")
    return root


def replay(history: Path, out: Path, *options: str) -> list[dict[str, Any]]:
    program = REPOSITORY / "benchmarks" / "incremental.py"
    arguments = [str(history), "--json", str(out / "rows.json"), *options]
    ran = subprocess.run(
        [sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        env=environment(),
    )
    assert ran.returncode in (0, 1), ran.stderr
    found: list[dict[str, Any]] = json.loads((out / "rows.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("options", [("--commits", "--identical-every", "1"), ()])
def test_a_replay_measures_a_change(
    history: Path, tmp_path: Path, options: tuple[str, ...]
) -> None:
    document = tmp_path / "figures.md"
    kind = "commits" if options else "snapshots"
    begin, end = (f"<!-- {edge} tiny {kind} rewrite -->" for edge in ("begin", "end"))
    document.write_text(f"# Figures\n\n{begin}\nold\n{end}\n\nMore.\n", "utf-8")
    first, row = replay(history, tmp_path, *options, "--write", str(document))
    assert (first["added"], row["changed"], row["added"], row["deleted"]) == (3, 2, 1, 0)
    assert 0 < row["issued"] < first["issued"]
    needed = row["needed"]
    assert 0 < needed["contexts"] <= needed["documents"] < needed["store"]
    assert row["unchanged_materialized"] == row["quiet_calls"] == row["second_run"] == 0
    assert row["identical"] is True
    written = document.read_text("utf-8")
    assert written.count(begin) == written.count(end) == 1
    assert "| change |" in written
    assert "old\n" not in written
    assert written.endswith("More.\n")
