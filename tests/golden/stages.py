"""Each stage by itself over input that never changes, and the hash of what it makes of it.

The input of a stage is the frozen output of those before it (``tables.json.gz``), so that a stage
that changes is the only one that shows.
"""

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from augcon_lib.documents import list_store
from augcon_lib.fingerprints import fingerprint
from augcon_lib.pipeline import DOCUMENT_STAGES, RESPONSES
from augcon_lib.settings import (
    DatasetSettings,
    ModelSettings,
    ResponsesSettings,
    ScorerSettings,
    Settings,
    TreeSettings,
)
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.few_shot_examples import run_few_shot_examples
from augcon_lib.stages.query_scorer import run_query_scorer
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.responses import run_responses
from augcon_lib.stages.scored_queries import run_scored_queries
from augcon_lib.stages.sft_dataset import run_sft_dataset
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.staleness.expected import Expectation
from augcon_lib.warehouse.frames import insert
from augcon_lib.warehouse.partitions import PartitionState
from augcon_lib.warehouse.schema import TABLES
from augcon_lib.workspace import Workspace
from tests.golden.documents import write_documents
from tests.support.whole_run import make_workspace

FROZEN = Path(__file__).with_name("tables.json.gz")
Tables = dict[str, list[dict[str, Any]]]

SETTINGS = Settings().model_copy(
    update={
        "model": ModelSettings(max_concurrency=8),
        "tree": TreeSettings(max_context_chars=150, min_context_chars=40, max_rounds=2),
        "scorer": ScorerSettings(pairs_per_negative_kind=8, min_pair_accuracy=0),
        "responses": ResponsesSettings(few_shot_count=1, search_trials=2),
        "dataset": DatasetSettings(test_fraction=0.3),
    }
)
BOUNDARY = SETTINGS.model_copy(
    update={"tree": SETTINGS.tree.model_copy(update={"split": "boundary"})}
)
# What a stage leaves: tables, and their columns when the stage was first held to its output.
OUTPUT: dict[str, dict[str, tuple[str, ...]]] = {
    "raw_corpus": {
        "raw_corpus": ("document_id", "media_type", "title", "language", "text"),
        "rejections": ("document_id", "reason"),
    },
    "cst_nodes": {
        "cst_nodes": (
            *("node_id", "document_id", "context_id", "parent_id", "round", "depth", "text"),
            *("start_char", "end_char", "verbatim", "query", "stop_reason", "split_rouge_l"),
            *("path", "position", "answer"),
        ),
        "rejections": ("document_id", "subject_id", "reason"),
    },
    "query_scorer": {
        "query_scorer": ("scorer_version", "kind", "parameters", "train_pairs", "held_out_pairs"),
        "contrastive_pairs": ("document_id", "node_id", "kind", "positive_query", "negative_query"),
    },
    "scored_queries": {
        "scored_queries": (
            *("node_id", "document_id", "context_id", "query", "score", "rank", "quota"),
            *("selected", "reason", "position"),
        ),
    },
    "few_shot_examples": {
        "few_shot_examples": ("few_shot_version", "language", "position", "question", "answer"),
        "few_shot_trials": ("language", "trial", "examples", "score", "judged", "chosen"),
    },
    "responses": {
        "responses": (
            *("response_id", "node_id", "document_id", "query", "response", "few_shot_version"),
            *("status", "position"),
        ),
        "rejections": ("document_id", "subject_id", "reason"),
    },
    "sft_dataset": {
        "dataset_rows": (
            *("row_id", "document_id", "node_id", "query", "response", "split", "position"),
            *("title", "language", "text_sha256", "start_char", "end_char"),
        ),
        "dataset_versions": ("dataset_version",),
    },
}
# What each stage reads of the frozen tables.
READ: dict[str, tuple[str, ...]] = {
    "raw_corpus": (),
    "cst_nodes": ("raw_corpus",),
    "query_scorer": ("raw_corpus", "cst_nodes"),
    "scored_queries": ("raw_corpus", "cst_nodes", "query_scorer", "promotions"),
    "few_shot_examples": (),
    "responses": (
        *("raw_corpus", "cst_nodes", "scored_queries", "few_shot_examples", "promotions"),
    ),
    "sft_dataset": (*DOCUMENT_STAGES, "promotions"),
}
RUN: dict[str, Callable[[StageRun, Sequence[str]], object]] = {
    "raw_corpus": lambda run, _: run_raw_corpus(
        run, list_store(run.settings.source, run.workspace.root).entries
    ),
    "cst_nodes": run_cst_nodes,
    "query_scorer": lambda run, _: run_query_scorer(run),
    "scored_queries": run_scored_queries,
    "few_shot_examples": lambda run, _: run_few_shot_examples(run),
    "responses": run_responses,
    "sft_dataset": lambda run, _: run_sft_dataset(run),
}
CASES: dict[str, tuple[str, Settings]] = {
    **{stage: (stage, SETTINGS) for stage in RUN},
    "cst_nodes, boundary": ("cst_nodes", BOUNDARY),
}


def golden_workspace(root: Path, settings: Settings = SETTINGS) -> Workspace:
    """A workspace with the documents that are held to their output."""
    workspace = make_workspace(root, {}, settings)
    write_documents(root / "documents")
    return workspace


def frozen_tables() -> Tables:
    """The tables that the stages read, by name."""
    found: Tables = json.loads(gzip.decompress(FROZEN.read_bytes()))
    return found


def output_sha256(case: str, root: Path) -> str:
    """Run the stage of *case* in a workspace at *root*; the hash of what it leaves."""
    stage, settings = CASES[case]
    run = StageRun(golden_workspace(root, settings), run_id="golden")
    documents = fill_upstream(run, stage, frozen_tables())
    RUN[stage](run, documents)
    return hashlib.sha256(json.dumps(left_by(run, stage), ensure_ascii=False).encode()).hexdigest()


def fill_upstream(run: StageRun, stage: str, tables: Tables) -> list[str]:
    """Put what *stage* reads into the warehouse, as if just made; the documents to work on."""
    with run.warehouse.write() as connection:
        for table in READ[stage]:
            insert(connection, table, _frame(table, tables[table]))
    hashes = {(r["stage"], r["document_id"]): r["output_hash"] for r in tables["partition_state"]}
    sources = {r["document_id"]: r["source_sha256"] for r in tables["raw_corpus"]}
    documents = sorted(d for made, d in hashes if made == RESPONSES)
    versions = run.versions()
    states: dict[tuple[str, str], PartitionState] = {}
    rows = []
    for document_id in documents:
        for each in (each for each in DOCUMENT_STAGES if each in READ[stage]):
            expectation = Expectation(run.settings, versions, states)
            inputs = expectation.inputs(each, document_id, sources[document_id])
            state = PartitionState(fingerprint(each, inputs), inputs, hashes[each, document_id])
            states[each, document_id] = state
            rows.append(
                {
                    "stage": each,
                    "document_id": document_id,
                    "fingerprint": state.fingerprint,
                    "inputs": json.dumps(inputs),
                    "output_hash": state.output_hash,
                    "status": state.status,
                    "reason": "",
                }
            )
    with run.warehouse.write() as connection:
        insert(connection, "partition_state", _frame("partition_state", rows))
    return documents


def left_by(run: StageRun, stage: str) -> Tables:
    """The rows that *stage* left, in an order of their own."""
    found: Tables = {}
    with run.warehouse.read() as connection:
        for table, columns in OUTPUT[stage].items():
            where = "WHERE stage = ?" if table == "rejections" else ""
            rows = connection.execute(
                f"SELECT {', '.join(columns)} FROM {table} {where}", [stage] if where else []
            ).fetchall()
            found[table] = sorted((dict(zip(columns, row, strict=True)) for row in rows), key=str)
    return found


def _frame(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """*rows*, whose times are text, with the columns of *table*; what a row lacks is null."""
    schema = TABLES[table]
    data = {name: [_value(row.get(name), kind) for row in rows] for name, kind in schema.items()}
    return pl.DataFrame(data, schema=schema)


def _value(value: Any, kind: object) -> Any:
    return datetime.fromisoformat(value) if value and isinstance(kind, pl.Datetime) else value
