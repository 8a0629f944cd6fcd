"""The tables, in the portable subset of SQL: no keys, no indexes, no sequences.

Additions here need a step in ``migrations``, for existing files.

Uniqueness is checked in the writing transaction (docs/decisions.md explains why).
"""

import polars as pl

TIMESTAMP = pl.Datetime("us")  # always UTC

# One row per item of a document; a document's rows are replaced together.
PARTITIONED: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "raw_corpus": {
        "document_id": pl.String,
        "uri": pl.String,
        "media_type": pl.String,
        "title": pl.String,
        "language": pl.String,
        "text": pl.String,
        "text_sha256": pl.String,
        "source_sha256": pl.String,
        "modified_at": TIMESTAMP,
    },
    "cst_nodes": {
        "node_id": pl.String,
        "document_id": pl.String,
        "context_id": pl.String,
        "parent_id": pl.String,
        "round": pl.Int32,
        "depth": pl.Int32,
        "text": pl.String,
        "start_char": pl.Int64,
        "end_char": pl.Int64,
        "verbatim": pl.Boolean,
        "query": pl.String,
        "stop_reason": pl.String,
        "split_rouge_l": pl.Float64,
        "path": pl.List(pl.String),
        "position": pl.Int32,
        "answer": pl.String,
        "provenance_id": pl.String,
        "journal_key": pl.String,
        "sample": pl.Int32,
    },
    "scored_queries": {
        "node_id": pl.String,
        "document_id": pl.String,
        "context_id": pl.String,
        "query": pl.String,
        "score": pl.Float64,
        "rank": pl.Int32,
        "quota": pl.Int32,
        "selected": pl.Boolean,
        "reason": pl.String,
        "position": pl.Int32,
    },
    "responses": {
        "response_id": pl.String,
        "node_id": pl.String,
        "document_id": pl.String,
        "query": pl.String,
        "response": pl.String,
        "few_shot_version": pl.String,
        "status": pl.String,
        "position": pl.Int32,
        "provenance_id": pl.String,
        "journal_key": pl.String,
        "sample": pl.Int32,
    },
}

UNPARTITIONED: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "query_scorer": {
        "scorer_version": pl.String,
        "kind": pl.String,
        "parameters": pl.String,
        "train_pairs": pl.Int64,
        "held_out_pairs": pl.Int64,
        "held_out_documents": pl.Int64,
        "pair_accuracy": pl.Float64,
        "pair_accuracy_low": pl.Float64,
        "pair_accuracy_high": pl.Float64,
        "auc": pl.Float64,
        "auc_low": pl.Float64,
        "auc_high": pl.Float64,
        "standard_error": pl.Float64,
        "made_at": TIMESTAMP,
        # Queries that its sample was drawn from; the version that was active when it was trained,
        # and the pair accuracy of both on the same held-out pairs (NULL: not measured).
        "positives": pl.Int64,
        "compared_with": pl.String,
        "compared_pairs": pl.Int64,
        "compared_accuracy": pl.Float64,
        "own_accuracy": pl.Float64,
    },
    "contrastive_pairs": {
        "scorer_version": pl.String,
        "document_id": pl.String,
        "node_id": pl.String,
        "language": pl.String,
        "kind": pl.String,
        "positive_query": pl.String,
        "negative_query": pl.String,
    },
    "few_shot_examples": {
        "few_shot_version": pl.String,
        "language": pl.String,
        "position": pl.Int32,
        "context": pl.String,
        "question": pl.String,
        "answer": pl.String,
    },
    "few_shot_trials": {
        "few_shot_version": pl.String,
        "language": pl.String,
        "trial": pl.Int32,
        "examples": pl.List(pl.Int32),
        "score": pl.Float64,
        "judged": pl.Int32,
        "verdicts": pl.List(pl.Int32),  # 1: the answer to that example of the pool was good
        "chosen": pl.Boolean,
    },
    # The active version of each choice is the one promoted last.
    "promotions": {
        "stage": pl.String,
        "version": pl.String,
        "promoted_at": TIMESTAMP,
    },
}

# Rows of all versions: a row is in the versions from ``added_in`` until before ``removed_in``.
DATASET: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "dataset_rows": {
        "row_id": pl.String,
        "document_id": pl.String,
        "node_id": pl.String,
        "query": pl.String,
        "response": pl.String,
        "split": pl.String,
        "position": pl.Int64,
        "stale": pl.Boolean,
        "uri": pl.String,
        "title": pl.String,
        "language": pl.String,
        "text_sha256": pl.String,
        "start_char": pl.Int64,
        "end_char": pl.Int64,
        "added_in": pl.Int64,
        "removed_in": pl.Int64,
        "question_provenance_id": pl.String,
        "question_journal_key": pl.String,
        "question_sample": pl.Int32,
        "answer_provenance_id": pl.String,
        "answer_journal_key": pl.String,
        "answer_sample": pl.Int32,
    },
    # ``cause``: JSON, documents by reason; the spend is that since the previous version, up to the
    # journal's call ``last_call``.
    "dataset_versions": {
        "number": pl.Int64,
        "dataset_version": pl.String,
        "created_at": TIMESTAMP,
        "added": pl.Int64,
        "kept": pl.Int64,
        "removed": pl.Int64,
        "stale": pl.Int64,
        "cause": pl.String,
        "model_calls": pl.Int64,
        "input_tokens": pl.Int64,
        "output_tokens": pl.Int64,
        "cost_usd": pl.Float64,
        "last_call": pl.Int64,
    },
    # Regenerated outputs and the reasons, since the last version (``version`` is NULL) and before.
    "document_changes": {
        "document_id": pl.String,
        "stage": pl.String,
        "reasons": pl.List(pl.String),
        "run_id": pl.String,
        "made_at": TIMESTAMP,
        "version": pl.Int64,
    },
    # Replaced texts, for as long as rows of a version refer to them.
    "former_texts": {
        "document_id": pl.String,
        "text_sha256": pl.String,
        "text": pl.String,
    },
}

STATE: dict[str, dict[str, pl.DataType | type[pl.DataType]]] = {
    "rejections": {
        "stage": pl.String,
        "document_id": pl.String,
        "subject_id": pl.String,
        "reason": pl.String,
        "detail": pl.String,
    },
    "partition_state": {
        "stage": pl.String,
        "document_id": pl.String,
        "fingerprint": pl.String,
        "inputs": pl.String,
        "output_hash": pl.String,
        "status": pl.String,
        "reason": pl.String,
        "run_id": pl.String,
        "updated_at": TIMESTAMP,
        "metadata_hash": pl.String,
    },
    "sources": {
        "document_id": pl.String,
        "uri": pl.String,
        "stamp": pl.String,
        "source_sha256": pl.String,
    },
    # Named inputs (JSON) of questions and answers, stored once for all that share them.
    "provenance": {
        "provenance_id": pl.String,
        "stage": pl.String,
        "inputs": pl.String,
    },
    # One row per number of the file's schema so far (``migrations``); the highest is current.
    "schema_version": {
        "version": pl.Int64,
        "augcon_version": pl.String,
    },
    # Documents that wait for consent to leave (``retired_at`` is NULL), and those that left
    # unasked recently.
    "retirements": {
        "document_id": pl.String,
        "kind": pl.String,
        "set_id": pl.String,
        "since": TIMESTAMP,
        "agreed_at": TIMESTAMP,
        "retired_at": TIMESTAMP,
    },
}

TABLES = {**PARTITIONED, **UNPARTITIONED, **DATASET, **STATE}

SCHEMA_VERSION_TABLE = "schema_version"
SFT_DATASET = "sft_dataset"
SFT_DATASET_VIEW = f"""
CREATE VIEW IF NOT EXISTS {SFT_DATASET} AS
SELECT r.row_id, v.dataset_version, r.document_id, r.node_id, r.query, r.response, r.split, r.stale
FROM dataset_rows AS r
JOIN (SELECT dataset_version FROM dataset_versions ORDER BY number DESC LIMIT 1) AS v ON TRUE
WHERE r.removed_in IS NULL
ORDER BY r.document_id, r.position
"""

_SQL_TYPES: dict[object, str] = {
    pl.String: "VARCHAR",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.Float64: "DOUBLE",
    pl.Boolean: "BOOLEAN",
    TIMESTAMP: "TIMESTAMP",
    pl.List(pl.String): "VARCHAR[]",
    pl.List(pl.Int32): "INTEGER[]",
}


def create_tables() -> list[str]:
    """Return one ``CREATE TABLE IF NOT EXISTS`` per table."""
    statements = []
    for table, columns in TABLES.items():
        body = ", ".join(f'"{name}" {_SQL_TYPES[kind]}' for name, kind in columns.items())
        statements.append(f'CREATE TABLE IF NOT EXISTS "{table}" ({body})')
    return statements
