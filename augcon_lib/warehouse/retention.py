"""Keep, then prune, old dataset versions and the texts that only they refer to."""

from collections.abc import Sequence

import duckdb

from augcon_lib.warehouse.frames import LISTED, listed


def keep_former_texts(connection: duckdb.DuckDBPyConnection, document_ids: Sequence[str]) -> None:
    """Before *document_ids* are replaced, keep their texts that rows of a version refer to."""
    connection.execute(
        "INSERT INTO former_texts SELECT d.document_id, d.text_sha256, d.text FROM raw_corpus AS d "
        f"WHERE d.document_id IN {LISTED} "
        "AND EXISTS (SELECT 1 FROM dataset_rows AS r WHERE r.document_id = d.document_id "
        "AND r.text_sha256 = d.text_sha256) "
        "AND NOT EXISTS (SELECT 1 FROM former_texts AS f WHERE f.document_id = d.document_id "
        "AND f.text_sha256 = d.text_sha256)",
        [listed(document_ids)],
    )


def prune(connection: duckdb.DuckDBPyConnection, keep_versions: int) -> None:
    """Prune all but the last *keep_versions* (0: keep all), and the texts that only they needed."""
    if keep_versions:
        (oldest,) = connection.execute(
            "SELECT coalesce(max(number), 0) - ? + 1 FROM dataset_versions", [keep_versions]
        ).fetchone() or (0,)
        for statement in (
            "DELETE FROM dataset_versions WHERE number < ?",
            "DELETE FROM dataset_rows WHERE removed_in <= ?",
            "DELETE FROM document_changes WHERE version < ?",
        ):
            connection.execute(statement, [oldest])
    connection.execute(
        "DELETE FROM former_texts WHERE NOT EXISTS (SELECT 1 FROM dataset_rows AS r "
        "WHERE r.document_id = former_texts.document_id "
        "AND r.text_sha256 = former_texts.text_sha256)"
    )
