"""The number of the schema, and the numbered steps that migrate an older warehouse to it.

``schema.TABLES`` defines a new file; a step here adds what a file of the previous number lacks. A
column or table that is added there needs a step here, under the next number, written out in SQL: a
step never changes once it is released. Files from before the numbers may have any schema up to 5,
so the steps up to there do nothing if they were done before.
"""

from importlib.metadata import PackageNotFoundError, version

import duckdb

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse.schema import (
    SCHEMA_VERSION_TABLE,
    SFT_DATASET,
    SFT_DATASET_VIEW,
    create_tables,
)


def _add(table: str, *columns: str) -> tuple[str, ...]:
    return tuple(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {column}" for column in columns)


MIGRATIONS: dict[int, tuple[str, ...]] = {
    2: _add("cst_nodes", "answer VARCHAR"),
    3: (
        *_add("query_scorer", "made_at TIMESTAMP"),
        *_add("contrastive_pairs", "scorer_version VARCHAR"),
        *_add(
            "dataset_rows",
            "stale BOOLEAN",
            "uri VARCHAR",
            "title VARCHAR",
            "language VARCHAR",
            "text_sha256 VARCHAR",
            "start_char BIGINT",
            "end_char BIGINT",
        ),
        *_add(
            "dataset_versions",
            "stale BIGINT",
            "cause VARCHAR",
            "model_calls BIGINT",
            "input_tokens BIGINT",
            "output_tokens BIGINT",
            "cost_usd DOUBLE",
            "last_call BIGINT",
        ),
        "CREATE TABLE IF NOT EXISTS promotions "
        "(stage VARCHAR, version VARCHAR, promoted_at TIMESTAMP)",
        "CREATE TABLE IF NOT EXISTS document_changes (document_id VARCHAR, stage VARCHAR, "
        "reasons VARCHAR[], run_id VARCHAR, made_at TIMESTAMP, version BIGINT)",
        "CREATE TABLE IF NOT EXISTS former_texts "
        "(document_id VARCHAR, text_sha256 VARCHAR, text VARCHAR)",
    ),
    4: _add(
        "query_scorer",
        "pair_accuracy_low DOUBLE",
        "pair_accuracy_high DOUBLE",
        "auc DOUBLE",
        "auc_low DOUBLE",
        "auc_high DOUBLE",
    ),
    5: _add("few_shot_trials", "verdicts INTEGER[]"),
    6: (
        "CREATE TABLE schema_version (version BIGINT, augcon_version VARCHAR)",
        "CREATE TABLE provenance (provenance_id VARCHAR, stage VARCHAR, inputs VARCHAR)",
        "CREATE TABLE retirements (document_id VARCHAR, kind VARCHAR, set_id VARCHAR, "
        "since TIMESTAMP, agreed_at TIMESTAMP, retired_at TIMESTAMP)",
        *_add("partition_state", "metadata_hash VARCHAR"),
        *_add("cst_nodes", "provenance_id VARCHAR", "journal_key VARCHAR", "sample INTEGER"),
        *_add("responses", "provenance_id VARCHAR", "journal_key VARCHAR", "sample INTEGER"),
        *_add(
            "query_scorer",
            "positives BIGINT",
            "compared_with VARCHAR",
            "compared_pairs BIGINT",
            "compared_accuracy DOUBLE",
            "own_accuracy DOUBLE",
        ),
        *_add(
            "dataset_rows",
            "question_provenance_id VARCHAR",
            "question_journal_key VARCHAR",
            "question_sample INTEGER",
            "answer_provenance_id VARCHAR",
            "answer_journal_key VARCHAR",
            "answer_sample INTEGER",
        ),
    ),
}

SCHEMA_VERSION = max(MIGRATIONS)


def stored_version(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the number of the file's schema; 0: the file is empty.

    Raises ``WarehouseError`` if a newer augcon has written it.
    """
    found = connection.execute("SELECT table_name FROM information_schema.tables").fetchall()
    tables = {table for (table,) in found}
    if SCHEMA_VERSION_TABLE not in tables:
        return 1 if "raw_corpus" in tables else 0
    number, augcon = connection.execute(
        f"SELECT max(version), max_by(augcon_version, version) FROM {SCHEMA_VERSION_TABLE}"
    ).fetchall()[0]
    if number > SCHEMA_VERSION:
        raise WarehouseError(
            f"it was written by augcon {augcon} and has schema {number}; this is augcon "
            f"{_augcon_version()}, which supports schemas up to {SCHEMA_VERSION}. Install augcon "
            f"{augcon} or newer, or set [storage] warehouse to another file: the next run fills "
            "it from the journal without asking the model again"
        )
    return int(number)


def bring_up_to_date(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the tables, or migrate those of an older schema to this one, in a transaction."""
    found = stored_version(connection)
    if found == SCHEMA_VERSION:
        return
    statements = create_tables()
    if found:
        newer = (number for number in sorted(MIGRATIONS) if number > found)
        statements = [statement for number in newer for statement in MIGRATIONS[number]]
        statements.insert(0, f"DROP VIEW IF EXISTS {SFT_DATASET}")
    for statement in statements:
        connection.execute(statement)
    connection.execute(SFT_DATASET_VIEW)
    connection.execute(
        f"INSERT INTO {SCHEMA_VERSION_TABLE} VALUES (?, ?)", [SCHEMA_VERSION, _augcon_version()]
    )


def _augcon_version() -> str:
    try:
        return version("augcon")
    except PackageNotFoundError:
        return "unknown"
