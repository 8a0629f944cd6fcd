"""What following a real edit history costs, transition by transition.

    python benchmarks/incremental.py HISTORY [--split boundary] [--snapshots 3] [--json OUT]

HISTORY holds ``snap-01``, ``snap-02``, ... Each snapshot in turn becomes the store of one
workspace, which `augcon run` follows with the embedded offline provider. For each transition the
table shows

issued     model calls that were made
contexts   model calls that the root contexts with a changed block take (a block: text between blank
           lines; changed: not in the old version of the document); a new document has only such
ratio      issued over contexts
documents  model calls that making every changed document again would take
store      model calls that making the whole store again would take
kept       share of the root contexts without a changed block whose id was there before
identical  is the export equal, byte for byte, to one made from scratch for this snapshot with the
           same journal, scorer and few-shot choice?
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import polars as pl

from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.partitions import delete_everywhere

AUGCON = [sys.executable, "-c", "from augcon_assets.cli import main; main()"]


@dataclass(frozen=True)
class Transition:
    snapshot: str
    documents_changed: int
    issued: int
    contexts: int
    ratio: float | None
    documents: int
    store: int
    kept: float
    identical: bool
    second_run_calls: int
    seconds: float


@dataclass(frozen=True)
class State:
    """Texts by document, root contexts by document, calls by (document, context)."""

    texts: dict[str, str]
    contexts: dict[str, dict[str, str]]
    calls: Counter[tuple[str, str]]


def augcon(workspace: Path, *arguments: str) -> str:
    ran = subprocess.run(
        [*AUGCON, *arguments, "--workspace", str(workspace)], capture_output=True, text=True
    )
    if ran.returncode not in (0, 1):
        sys.exit(ran.stderr)
    return ran.stdout


def read_state(workspace: Path) -> State:
    """What the warehouse holds now."""
    with Warehouse(workspace / "state" / "augcon.duckdb").read() as connection:
        texts = dict(connection.execute("SELECT document_id, text FROM raw_corpus").fetchall())
        roots = connection.execute(
            "SELECT document_id, context_id, text FROM cst_nodes "
            "WHERE parent_id IS NULL AND round = 0"
        ).fetchall()
        asked = connection.execute(
            "SELECT document_id, context_id, count(*) FROM cst_nodes "
            "WHERE stop_reason <> 'below_min_context_chars' GROUP BY document_id, context_id "
            "UNION ALL SELECT document_id, context_id, count(*) FROM scored_queries "
            "WHERE selected GROUP BY document_id, context_id"
        ).fetchall()
    contexts: dict[str, dict[str, str]] = {}
    for document, context, text in roots:
        contexts.setdefault(document, {})[context] = text
    calls: Counter[tuple[str, str]] = Counter()
    for document, context, count in asked:
        calls[document, context] += count
    return State(texts, contexts, calls)


def blocks(text: str) -> Counter[str]:
    return Counter(b for b in (part.strip() for part in text.split("\n\n")) if b)


def without_changed_block(context: str, new_blocks: Counter[str]) -> bool:
    """Does *context* hold no part of a block in *new_blocks*?"""
    return not any(
        part in block or block in part
        for part in blocks(context)
        for block in new_blocks
        if part and block
    )


def compare(before: State, after: State) -> tuple[int, int, int, float, int]:
    """Calls of changed contexts, of changed documents, of all; share kept; changed documents."""
    of_contexts = of_documents = changed = same = untouched = 0
    for document, text in after.texts.items():
        old = before.texts.get(document)
        found = after.contexts.get(document, {})
        if old == text:
            continue
        changed += 1
        new_blocks = blocks(text) - blocks(old or "")
        for context, context_text in found.items():
            calls = after.calls[document, context]
            of_documents += calls
            if old is not None and without_changed_block(context_text, new_blocks):
                untouched += 1
                same += context in before.contexts.get(document, {})
            else:
                of_contexts += calls
    kept = same / untouched if untouched else 1.0
    return of_contexts, of_documents, after.calls.total(), kept, changed


def from_scratch(workspace: Path, folder: Path) -> bytes:
    """The export of a dataset made anew with the journal, scorer and few-shot choice at hand."""
    copy = folder / "scratch"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(workspace, copy, ignore=shutil.ignore_patterns("storage", "history"))
    warehouse = Warehouse(copy / "state" / "augcon.duckdb")
    with warehouse.read() as connection:
        ids = [row[0] for row in connection.execute("SELECT document_id FROM sources").fetchall()]
    delete_everywhere(warehouse, ids)
    summary = json.loads(augcon(copy, "run", "--json"))
    if summary["model_calls"]["issued"]:
        sys.exit("a rebuild from the journal asked the model")
    return export(copy)


def export(workspace: Path) -> bytes:
    folder = workspace / "export"
    augcon(workspace, "export", str(folder))
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()))


def follow(workspace: Path, snapshot: Path, before: State, folder: Path) -> Transition:
    documents = workspace / "documents"
    shutil.rmtree(documents, ignore_errors=True)
    shutil.copytree(snapshot, documents)
    summary = json.loads(augcon(workspace, "run", "--json"))
    after = read_state(workspace)
    of_contexts, of_documents, of_store, kept, changed = compare(before, after)
    identical = export(workspace) == from_scratch(workspace, folder)
    again = json.loads(augcon(workspace, "run", "--json"))
    issued = summary["model_calls"]["issued"]
    return Transition(
        snapshot=snapshot.name,
        documents_changed=changed,
        issued=issued,
        contexts=of_contexts,
        ratio=issued / of_contexts if of_contexts else None,
        documents=of_documents,
        store=of_store,
        kept=kept,
        identical=identical,
        second_run_calls=again["model_calls"]["issued"] + len(again["run_ids"]),
        seconds=summary["seconds"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("history", type=Path)
    parser.add_argument("--split", choices=("rewrite", "boundary"), default="rewrite")
    parser.add_argument("--snapshots", type=int, default=99, help="only the first so many")
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    options = parser.parse_args()
    os.environ["AUGCON_TREE__SPLIT"] = options.split
    snapshots = sorted(options.history.glob("snap-[0-9][0-9]"))[: options.snapshots]
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        workspace = folder / "workspace"
        subprocess.run([*AUGCON, "init", str(workspace)], check=True, capture_output=True)
        before = State({}, {}, Counter())
        for snapshot in snapshots:
            row = follow(workspace, snapshot, before, folder)
            before = read_state(workspace)
            rows.append(asdict(row))
            print(row, file=sys.stderr, flush=True)
    with pl.Config(tbl_rows=99, tbl_cols=len(fields(Transition)), tbl_width_chars=180):
        print(f"{options.history.name}, split {options.split}")
        print(pl.DataFrame(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
