"""Keep the provenance of questions and answers, and find it for the dataset's rows.

Named inputs are kept once for all documents that share them; nodes and responses refer to them,
and rows have what their node and response had when they became rows of the dataset. Rows from
before provenance was kept have none.
"""

import json
from collections.abc import Sequence
from typing import Any

import duckdb
import polars as pl

from augcon_lib.pipeline import StageName
from augcon_lib.provenance import answer_provenance, provenance, provenance_id, shared_inputs
from augcon_lib.warehouse.frames import LISTED, insert, listed, select

QUESTION = ("question_provenance_id", "question_journal_key", "question_sample")
ANSWER = ("answer_provenance_id", "answer_journal_key", "answer_sample")
ROW_PROVENANCE = (*QUESTION, *ANSWER)
# If nothing is known about a row's node or response: its own earlier values.
_OF_ROWS = f"""
SELECT i.row_id, {
    ", ".join(
        f"CASE WHEN {side}.provenance_id IS NULL THEN r.{column} ELSE {side}.{own} END AS {column}"
        for side, columns in (("n", QUESTION), ("p", ANSWER))
        for column, own in zip(columns, ("provenance_id", "journal_key", "sample"), strict=True)
    )
}
FROM incoming AS i
LEFT JOIN cst_nodes AS n ON n.node_id = i.node_id AND n.document_id = i.document_id
    AND n.query = i.query
LEFT JOIN responses AS p ON p.node_id = i.node_id AND p.document_id = i.document_id
    AND p.query = i.query AND p.response = i.response
LEFT JOIN dataset_rows AS r ON r.row_id = i.row_id AND r.removed_in IS NULL
"""


def keep_provenance(
    connection: duckdb.DuckDBPyConnection, stage: StageName, inputs: Sequence[Any]
) -> list[str]:
    """Keep each of *inputs*, named inputs of *stage*, that is not kept yet; return their ids."""
    shared = [shared_inputs(each) for each in inputs]
    ids = [provenance_id(stage, each) for each in shared]
    distinct = dict(zip(ids, shared, strict=True))
    query = f"SELECT provenance_id FROM provenance WHERE provenance_id IN {LISTED}"
    kept = {row["provenance_id"] for row in select(connection, query, [listed(distinct)])}
    new = [
        {"provenance_id": key, "stage": stage, "inputs": json.dumps(each, sort_keys=True)}
        for key, each in distinct.items()
        if key not in kept
    ]
    if new:
        insert(connection, "provenance", pl.DataFrame(new))
    return ids


def with_provenance(connection: duckdb.DuckDBPyConnection, incoming: pl.DataFrame) -> pl.DataFrame:
    """Return rows of ``dataset_rows`` with the provenance of their nodes and responses."""
    connection.register("incoming", incoming)
    found = connection.execute(_OF_ROWS).pl().unique("row_id")
    connection.unregister("incoming")
    return (
        incoming.drop(ROW_PROVENANCE)
        .join(found, on="row_id", how="left", maintain_order="left")
        .select(incoming.columns)
    )


def described(
    connection: duckdb.DuckDBPyConnection, rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return *rows* with the provenance ``question`` and ``answer``, None if it is not kept.

    They replace the columns ``ROW_PROVENANCE``.
    """
    kept = {
        row["provenance_id"]: json.loads(row["inputs"])
        for row in select(connection, "SELECT provenance_id, inputs FROM provenance")
    }

    def one(row: dict[str, Any], columns: Sequence[str]) -> dict[str, Any] | None:
        key, journal_key, sample = (row.pop(column) for column in columns)
        return provenance(kept[key], sample, journal_key) or None if key in kept else None

    for row in rows:
        row["question"] = one(row, QUESTION)
        row["answer"] = answer_provenance(row["question"], one(row, ANSWER))
    return list(rows)
