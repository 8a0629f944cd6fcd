"""The scorer and the few-shot choice: unpartitioned, one set of rows per version."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from augcon_lib import clock
from augcon_lib.answers.few_shot_search import FewShotChoice, Trial
from augcon_lib.pipeline import StageName
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.linear_scorer import UNTRAINED, LinearScorer, ScorerComparison, ScorerReport
from augcon_lib.queries.transformer_scorer import TransformerScorer
from augcon_lib.records import FewShotExample, Rejection
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import insert, select, to_frame
from augcon_lib.warehouse.partitions import OK, PartitionOutput, inputs_json
from augcon_lib.warehouse.promotions import save_promotion
from augcon_lib.warehouse.schema import TABLES

StoredScorer = LinearScorer | TransformerScorer
# Unpartitioned stages keep their state under this document id.
NO_DOCUMENT = ""

# What is needed to use a version elsewhere: its tables, and the column with its name.
_TABLES = {
    "query_scorer": ("query_scorer", "contrastive_pairs"),
    "few_shot_examples": ("few_shot_examples", "few_shot_trials"),
}
_VERSION_COLUMN = {
    "query_scorer": "scorer_version",
    "contrastive_pairs": "scorer_version",
    "few_shot_examples": "few_shot_version",
    "few_shot_trials": "few_shot_version",
}


def save_scorer(
    warehouse: Warehouse,
    scorer: StoredScorer,
    report: ScorerReport,
    pairs: Sequence[ContrastivePair],
    rejections: Sequence[Rejection],
    state: PartitionOutput,
    run_id: str,
    *,
    positives: int | None = None,
    against: ScorerComparison | None = None,
) -> None:
    """Keep the scorer and the pairs it was trained on; it is active once it is promoted.

    *positives* is how many queries they were sampled from, *against* the comparison with the
    active version.
    """
    held_out = report.held_out
    row = {
        "scorer_version": scorer.version,
        "kind": scorer.kind,
        "parameters": scorer.to_json(),
        "train_pairs": report.train_pairs,
        "held_out_pairs": held_out.pairs,
        "held_out_documents": held_out.documents,
        "pair_accuracy": held_out.pair_accuracy,
        "pair_accuracy_low": held_out.pair_accuracy_ci95[0],
        "pair_accuracy_high": held_out.pair_accuracy_ci95[1],
        "auc": held_out.auc,
        "auc_low": held_out.auc_ci95[0],
        "auc_high": held_out.auc_ci95[1],
        "standard_error": held_out.standard_error,
        "made_at": clock.utc_now(),
        "positives": positives,
        "compared_with": against.version if against else None,
        "compared_pairs": against.pairs if against else None,
        "compared_accuracy": against.accuracy if against else None,
        "own_accuracy": against.own_accuracy if against else None,
    }
    scored = to_frame("query_scorer", [None], **row)
    learned_from = to_frame("contrastive_pairs", pairs, scorer_version=scorer.version)
    with warehouse.write() as connection:
        _replace(connection, "query_scorer", scorer.version, scored)
        _replace(connection, "contrastive_pairs", scorer.version, learned_from)
        save_state(connection, "query_scorer", state, run_id, rejections)


def save_untrained(warehouse: Warehouse) -> None:
    """Keep the scorer that gives every query the same score, for when no other may be used."""
    row = {
        "scorer_version": UNTRAINED.version,
        "kind": UNTRAINED.kind,
        "parameters": UNTRAINED.to_json(),
        "train_pairs": 0,
        "held_out_pairs": 0,
        "held_out_documents": 0,
        "made_at": clock.utc_now(),
    }
    frame = pl.DataFrame([row], schema=TABLES["query_scorer"])
    with warehouse.write() as connection:
        _replace(connection, "query_scorer", UNTRAINED.version, frame)


def scorers_folder(warehouse: Warehouse) -> Path:
    """Return the folder with the weights of transformer scorers, one folder per version."""
    return warehouse.path.parent / "scorers"


def load_scorer(warehouse: Warehouse, version: str) -> StoredScorer | None:
    """Return the scorer of *version*, or ``None`` if that version does not exist."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT kind, parameters FROM query_scorer WHERE scorer_version = ?",
            [version],
        )
    if not rows:
        return None
    if rows[0]["kind"] == TransformerScorer.kind:
        return TransformerScorer(scorers_folder(warehouse) / version)
    return LinearScorer.from_json(rows[0]["parameters"])


def scorer_reports(warehouse: Warehouse) -> dict[str, dict[str, Any]]:
    """Return ``train_pairs``, ``pair_accuracy``, ... of each trained scorer, by version."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT scorer_version, kind, train_pairs, held_out_pairs, held_out_documents, "
            "pair_accuracy, pair_accuracy_low, pair_accuracy_high, auc, auc_low, auc_high, "
            "made_at, compared_with, compared_pairs, compared_accuracy, own_accuracy "
            "FROM query_scorer ORDER BY made_at",
        )
    return {row["scorer_version"]: row for row in rows}


def save_few_shot(
    warehouse: Warehouse, choice: FewShotChoice, state: PartitionOutput, run_id: str
) -> None:
    """Keep the chosen examples and the trial log of the search; active once promoted."""
    chosen = [
        to_frame("few_shot_examples", examples, few_shot_version=choice.version, language=language)
        for language, examples in choice.by_language.items()
    ]
    log = [
        to_frame(
            "few_shot_trials",
            [trial],
            few_shot_version=choice.version,
            trial=trial.number,
            examples=list(trial.examples),
            verdicts=[int(good) for good in trial.verdicts],
        )
        for trial in choice.trials
    ]
    with warehouse.write() as connection:
        _replace(connection, "few_shot_examples", choice.version, *chosen)
        _replace(connection, "few_shot_trials", choice.version, *log)
        save_state(connection, "few_shot_examples", state, run_id)


def load_few_shot(warehouse: Warehouse, version: str) -> FewShotChoice:
    """Return the choice of *version* without its log; empty if it does not exist."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT * FROM few_shot_examples WHERE few_shot_version = ? "
            "ORDER BY language, position",
            [version],
        )
    by_language: dict[str, tuple[FewShotExample, ...]] = {}
    for row in rows:
        example = FewShotExample(row["context"], row["question"], row["answer"])
        by_language[row["language"]] = (*by_language.get(row["language"], ()), example)
    return FewShotChoice(by_language, ())


def load_trials(warehouse: Warehouse, version: str) -> tuple[Trial, ...]:
    """Return the log of the search that chose *version*; empty if no verdicts were kept."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT * FROM few_shot_trials WHERE few_shot_version = ? AND verdicts IS NOT NULL "
            "ORDER BY language, trial",
            [version],
        )
    return tuple(
        Trial(
            row["language"],
            row["trial"],
            tuple(row["examples"]),
            tuple(map(bool, row["verdicts"])),
            row["chosen"],
        )
        for row in rows
    )


def few_shot_scores(warehouse: Warehouse) -> dict[str, float]:
    """Return the mean score of the chosen trials of each few-shot choice, by version."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT few_shot_version, avg(score) AS score FROM few_shot_trials WHERE chosen "
            "GROUP BY few_shot_version",
        )
    return {row["few_shot_version"]: row["score"] for row in rows}


def dump_choice(warehouse: Warehouse, stage: StageName, version: str) -> str:
    """Dump what is needed to use *version* of *stage* elsewhere, as JSON."""
    with warehouse.read() as connection:
        tables = {
            table: select(
                connection, f'SELECT * FROM "{table}" WHERE {_VERSION_COLUMN[table]} = ?', [version]
            )
            for table in _TABLES[stage]
        }
    return json.dumps(tables, ensure_ascii=False, default=str)


def restore_choice(
    warehouse: Warehouse, stage: StageName, dump: str, state: PartitionOutput, run_id: str
) -> None:
    """Restore a version from :func:`dump_choice` as the active one, with its original state."""
    with warehouse.write() as connection:
        for table, rows in json.loads(dump).items():
            frame = pl.DataFrame(
                [{**row, **_timestamps(row)} for row in rows], schema=TABLES[table], orient="row"
            )
            _replace(connection, table, state.output_hash, frame)
        save_state(connection, stage, state, run_id)
        save_promotion(connection, stage, state.output_hash)


def save_state(
    connection: duckdb.DuckDBPyConnection,
    stage: StageName,
    state: PartitionOutput,
    run_id: str,
    rejections: Sequence[Rejection] = (),
) -> None:
    """Replace the state and the rejections of an unpartitioned *stage*."""
    connection.execute(
        "DELETE FROM partition_state WHERE stage = ? AND document_id = ?",
        [stage, state.document_id],
    )
    connection.execute("DELETE FROM rejections WHERE stage = ?", [stage])
    insert(connection, "rejections", to_frame("rejections", rejections))
    row = {
        "stage": stage,
        "document_id": state.document_id,
        "fingerprint": state.fingerprint,
        "inputs": inputs_json(state.inputs),
        "output_hash": state.output_hash,
        "metadata_hash": state.metadata_hash,
        "status": OK,
        "reason": "",
        "run_id": run_id,
        "updated_at": clock.utc_now(),
    }
    insert(connection, "partition_state", to_frame("partition_state", [None], **row))


def _replace(
    connection: duckdb.DuckDBPyConnection, table: str, version: str, *frames: pl.DataFrame
) -> None:
    column = _VERSION_COLUMN[table]
    connection.execute(f'DELETE FROM "{table}" WHERE {column} = ?', [version])
    for frame in frames:
        insert(connection, table, frame)


def _timestamps(row: dict[str, Any]) -> dict[str, datetime]:
    return {
        name: datetime.fromisoformat(value) for name, value in row.items() if name.endswith("_at")
    }
