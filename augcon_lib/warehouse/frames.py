"""Convert records to polars frames of a table's schema, and warehouse rows back to records."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import duckdb
import polars as pl

from augcon_lib.warehouse.schema import TABLES

Record = TypeVar("Record")
# The texts in a parameter made by :func:`listed`.
LISTED = """(SELECT unnest(from_json(?, '["VARCHAR"]')))"""


def listed(texts: Iterable[str]) -> str:
    """Return *texts* as a parameter for ``LISTED``.

    DuckDB takes 0.13 ms for each element of a Python list: it checks it for pandas' NA, and if
    pandas is not installed, tries to import it each time.
    """
    return json.dumps(list(texts))


def to_frame(table: str, records: Iterable[Any], **constants: object) -> pl.DataFrame:
    """Build a frame with *table*'s columns from *constants* and the attributes of *records*.

    A ``position`` that is in neither is the record's index in *records*.
    """
    schema = TABLES[table]
    records = list(records)

    def values(column: str) -> list[object]:
        if column in constants:
            return [constants[column]] * len(records)
        if column == "position":
            return [getattr(record, column, place) for place, record in enumerate(records)]
        return [getattr(record, column) for record in records]

    return pl.DataFrame({column: values(column) for column in schema}, schema=schema)


def insert(connection: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Append *frame*, which has the columns of *table*."""
    if table not in TABLES:
        raise KeyError(table)
    if frame.is_empty():
        return
    connection.register("incoming", frame)
    columns = ", ".join(f'"{name}"' for name in TABLES[table])
    connection.execute(f'INSERT INTO "{table}" ({columns}) SELECT {columns} FROM incoming')
    connection.unregister("incoming")


def delete_documents(
    connection: duckdb.DuckDBPyConnection, table: str, document_ids: Sequence[str]
) -> None:
    """Delete all rows of *table* that belong to *document_ids*."""
    if table not in TABLES:
        raise KeyError(table)
    connection.execute(
        f'DELETE FROM "{table}" WHERE document_id IN {LISTED}',
        [listed(document_ids)],
    )


def select(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object] = ()
) -> list[dict[str, Any]]:
    """Return the rows of *query* as dictionaries."""
    cursor = connection.execute(query, list(parameters))
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def select_records(
    connection: duckdb.DuckDBPyConnection,
    record: type[Record],
    query: str,
    parameters: Sequence[object] = (),
) -> list[Record]:
    """Return the rows of *query* as *record* s, by column name; lists become tuples."""
    return [
        record(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})
        for row in select(connection, query, parameters)
    ]
