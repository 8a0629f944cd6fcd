"""A workspace that follows a document store, driven by the command line and inspected."""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from edit_history import files

from augcon_assets.instance.workspace_instance import workspace_instance
from augcon_lib.records import Context
from augcon_lib.warehouse import Warehouse
from augcon_lib.workspace import open_workspace

AUGCON = [sys.executable, "-c", "from augcon_assets.cli import main; main()"]
CHOICES = ("query_scorer", "few_shot_examples")

Partition = tuple[str, str]  # stage or asset, document


@dataclass(frozen=True)
class State:
    """The state of a workspace: sources by document; texts, root contexts, calls by (document,
    context), and the run that made each partition."""

    sources: dict[str, str]
    texts: dict[str, str]
    contexts: dict[str, tuple[Context, ...]]
    calls: Counter[tuple[str, str]]
    made_by: dict[Partition, str]


NOTHING = State({}, {}, {}, Counter(), {})


class FollowedWorkspace:
    """The workspace at *root*; ``split`` is ``[tree] split``. Exits if a command fails."""

    def __init__(self, root: Path, split: str) -> None:
        self.root = root
        self.split = split
        self.store = root / "documents"
        self.journal = root / "state" / "journal.sqlite"
        self.augcon("init", str(root), inside=False)
        self.store.mkdir(exist_ok=True)
        for path in files(self.store):  # the template's own
            path.unlink()

    def augcon(self, *arguments: str, inside: bool = True) -> str:
        kept = {n: v for n, v in os.environ.items() if not n.startswith(("AUGCON_", "DAGSTER_"))}
        where = ["--workspace", str(self.root)] if inside else []
        ran = subprocess.run(
            [*AUGCON, *arguments, *where],
            capture_output=True,
            text=True,
            env={**kept, "AUGCON_TREE__SPLIT": self.split},
        )
        if ran.returncode not in (0, 1):
            sys.exit(ran.stderr)
        return ran.stdout

    def augcon_json(self, *arguments: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.augcon(*arguments, "--json"))
        return found

    def state(self) -> State:
        with Warehouse(self.root / "state" / "augcon.duckdb").read() as connection:
            texts = dict(connection.execute("SELECT document_id, text FROM raw_corpus").fetchall())
            roots = connection.execute(
                "SELECT context_id, document_id, text, start_char, end_char FROM cst_nodes "
                "WHERE parent_id IS NULL AND round = 0 ORDER BY document_id, position"
            ).fetchall()
            asked = connection.execute(
                "SELECT document_id, context_id, count(*) FROM cst_nodes "
                "WHERE stop_reason <> 'below_min_context_chars' GROUP BY document_id, context_id "
                "UNION ALL SELECT document_id, context_id, count(*) FROM scored_queries "
                "WHERE selected GROUP BY document_id, context_id"
            ).fetchall()
            made = connection.execute("SELECT stage, document_id, run_id FROM partition_state")
            made_by = {(stage, document): run for stage, document, run in made.fetchall()}
        contexts: dict[str, list[Context]] = {}
        for root in roots:
            contexts.setdefault(root[1], []).append(Context(*root))
        calls: Counter[tuple[str, str]] = Counter()
        for document, context, count in asked:
            calls[document, context] += count
        sources = {
            path.relative_to(self.store).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files(self.store)
        }
        return State(sources, texts, {d: tuple(c) for d, c in contexts.items()}, calls, made_by)

    def materialized(self, run_ids: Iterable[str]) -> set[Partition]:
        """Return what these runs materialized, according to Dagster's event log."""
        found = set()
        with workspace_instance(open_workspace(self.root)) as instance:
            for run_id in run_ids:
                kind = dg.DagsterEventType.ASSET_MATERIALIZATION
                for entry in instance.all_logs(run_id, of_type=kind):
                    event = entry.get_dagster_event()
                    assert event.asset_key is not None
                    found.add((event.asset_key.to_user_string(), event.partition or ""))
        return found

    def last_call(self) -> int:
        """Return the number of the journal's last call, 0 before the first."""
        if not self.journal.exists():
            return 0
        with closing(sqlite3.connect(self.journal)) as journal:
            return int(journal.execute("SELECT coalesce(max(id), 0) FROM calls").fetchone()[0])

    def calls_since(self, call: int) -> Counter[Partition]:
        """Return the calls issued after *call*, by stage and document."""
        with closing(sqlite3.connect(self.journal)) as journal:
            rows = journal.execute(
                "SELECT stage, document_id, count(*) FROM calls WHERE id > ? GROUP BY 1, 2", [call]
            ).fetchall()
        return Counter({(stage, document): count for stage, document, count in rows})

    def export(self) -> bytes:
        folder = self.root.with_name(f"{self.root.name}-export")
        shutil.rmtree(folder, ignore_errors=True)
        self.augcon("export", str(folder))
        return b"".join(path.read_bytes() for path in files(folder))

    def made_from_scratch(self, root: Path) -> bytes:
        """Return the export of a new workspace on a copy of the store that gets only the journal,
        which contains the active scorer and few-shot choice."""
        shutil.rmtree(root, ignore_errors=True)
        scratch = FollowedWorkspace(root, self.split)
        shutil.copytree(self.store, scratch.store, dirs_exist_ok=True)
        scratch.journal.parent.mkdir(parents=True, exist_ok=True)
        with (
            closing(sqlite3.connect(self.journal)) as source,
            closing(sqlite3.connect(scratch.journal)) as target,
        ):
            source.backup(target)
        summary = scratch.augcon_json("run")
        if summary["model_calls"]["issued"]:
            sys.exit("a dataset made from scratch with the same journal asked the model")
        return scratch.export()
