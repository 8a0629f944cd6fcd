"""The scorer and the few-shot choice: unpartitioned, replaced as a whole."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import duckdb

from augcon_lib.contrastive_pairs import ContrastivePair
from augcon_lib.few_shot_search import FewShotChoice
from augcon_lib.query_scorer import LinearScorer, ScorerReport
from augcon_lib.records import FewShotExample, Rejection
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import insert, select, to_frame
from augcon_lib.warehouse.partitions import OK, PartitionOutput, PartitionState, inputs_json
from augcon_lib.warehouse.schema import TABLES

# Unpartitioned stages keep their state under this document id.
NO_DOCUMENT = ""


def save_scorer(
    warehouse: Warehouse,
    scorer: LinearScorer,
    report: ScorerReport,
    pairs: Sequence[ContrastivePair],
    rejections: Sequence[Rejection],
    state: PartitionOutput,
    run_id: str,
) -> None:
    """Replace the scorer and the pairs it was trained on."""
    row = {
        "scorer_version": scorer.version,
        "kind": "linear",
        "parameters": scorer.to_json(),
        "train_pairs": report.train_pairs,
        "held_out_pairs": report.held_out_pairs,
        "held_out_documents": report.held_out_documents,
        "pair_accuracy": report.pair_accuracy,
        "standard_error": report.standard_error,
    }
    with warehouse.write() as connection:
        _clear(connection, "query_scorer", "contrastive_pairs")
        insert(connection, "query_scorer", to_frame("query_scorer", [None], **row))
        insert(connection, "contrastive_pairs", to_frame("contrastive_pairs", pairs))
        save_state(connection, "query_scorer", state, run_id, rejections)


def load_scorer(warehouse: Warehouse) -> LinearScorer | None:
    """The current scorer, or ``None`` before the first training."""
    with warehouse.read() as connection:
        rows = select(connection, "SELECT parameters FROM query_scorer")
    return LinearScorer.from_json(rows[0]["parameters"]) if rows else None


def save_few_shot(
    warehouse: Warehouse, choice: FewShotChoice, state: PartitionOutput, run_id: str
) -> None:
    """Replace the chosen examples and the trial log of the search."""
    with warehouse.write() as connection:
        _clear(connection, "few_shot_examples", "few_shot_trials")
        for language, examples in choice.by_language.items():
            insert(
                connection,
                "few_shot_examples",
                to_frame(
                    "few_shot_examples",
                    examples,
                    few_shot_version=choice.version,
                    language=language,
                ),
            )
        for trial in choice.trials:
            insert(
                connection,
                "few_shot_trials",
                to_frame(
                    "few_shot_trials",
                    [trial],
                    few_shot_version=choice.version,
                    trial=trial.number,
                    examples=list(trial.examples),
                ),
            )
        save_state(connection, "few_shot_examples", state, run_id)


def load_few_shot(warehouse: Warehouse) -> FewShotChoice:
    """The current choice without its log; empty before the first search."""
    with warehouse.read() as connection:
        rows = select(connection, "SELECT * FROM few_shot_examples ORDER BY language, position")
    by_language: dict[str, tuple[FewShotExample, ...]] = {}
    for row in rows:
        example = FewShotExample(row["context"], row["question"], row["answer"])
        by_language[row["language"]] = (*by_language.get(row["language"], ()), example)
    return FewShotChoice(by_language, ())


def save_state(
    connection: duckdb.DuckDBPyConnection,
    stage: str,
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
        "status": OK,
        "reason": "",
        "run_id": run_id,
        "updated_at": datetime.now(UTC).replace(tzinfo=None),
    }
    insert(connection, "partition_state", to_frame("partition_state", [None], **row))


def current_version(states: Mapping[tuple[str, str], PartitionState], stage: str) -> str:
    """Output hash of an unpartitioned *stage*, empty where there is none yet."""
    state = states.get((stage, NO_DOCUMENT))
    return state.output_hash if state else ""


def _clear(connection: duckdb.DuckDBPyConnection, *tables: str) -> None:
    for table in tables:
        if table not in TABLES:
            raise KeyError(table)
        connection.execute(f'DELETE FROM "{table}"')
