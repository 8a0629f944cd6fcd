"""A document store with an edit history: its snapshots, or the commits after the first one.

The folder contains ``snap-01``, ``snap-02``, ...; ``changes.jsonl`` with a line per file that
differs between neighbouring snapshots; and ``commits/01.patch``, ... with ``commits/commits.json``,
which apply to ``snap-01`` in order.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """The store after a change: *quiet* are documents whose change does not affect their meaning
    (white space, front matter), *renamed* maps new names to old names."""

    name: str
    quiet: frozenset[str] = frozenset()
    renamed: dict[str, str] = field(default_factory=dict)


def replay_snapshots(history: Path, store: Path, most: int) -> Iterator[Step]:
    """Make *store* equal to each of the first *most* snapshots in turn."""
    lines = (history / "changes.jsonl").read_text("utf-8").splitlines()
    changes = [json.loads(line) for line in lines]
    for snapshot in sorted(history.glob("snap-[0-9][0-9]"))[:most]:
        become(store, snapshot)
        here = [change for change in changes if change["to"] == snapshot.name]
        quiet = (c["path"] for c in here if c["whitespace_only"] or c["front_matter_only"])
        renamed = {c["path"]: c["old_path"] for c in here if c["old_path"]}
        yield Step(snapshot.name, frozenset(quiet), renamed)


def replay_commits(history: Path, store: Path, most: int) -> Iterator[Step]:
    """Make *store* equal to the first snapshot, then apply the first *most* commits one by one."""
    become(store, history / "snap-01")
    yield Step("snap-01")
    commits = json.loads((history / "commits" / "commits.json").read_text("utf-8"))
    for commit in commits[:most]:
        number = f"{commit['n']:02}"
        patch = (history / "commits" / f"{number}.patch").resolve()
        subprocess.run(["git", "apply", str(patch)], cwd=store, check=True)
        renamed = {f["path"]: f["old_path"] for f in commit["files"] if f["old_path"]}
        yield Step(number, renamed=renamed)


def become(store: Path, snapshot: Path) -> None:
    """Make *store* equal to *snapshot* as a checkout would: leave equal files untouched."""
    expected = {path.relative_to(snapshot): path for path in files(snapshot)}
    for path in files(store):
        if path.relative_to(store) not in expected:
            path.unlink()
    for name, path in expected.items():
        target = store / name
        if not target.exists() or target.read_bytes() != path.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
