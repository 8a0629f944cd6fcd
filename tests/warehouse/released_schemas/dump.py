"""Write a warehouse as SQL: python dump.py WAREHOUSE OUT.sql. README.md says what for."""

import sys
from pathlib import Path

import duckdb


def main(warehouse: str, out: str) -> None:
    with duckdb.connect(warehouse, read_only=True) as connection:
        tables = connection.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1")
        statements = []
        for table, sql in tables.fetchall():
            statements.append(sql.rstrip(";"))
            cursor = connection.execute(f'FROM "{table}"')
            columns = ", ".join(column[0] for column in cursor.description or ())
            for row in cursor.fetchall():
                values = ", ".join(map(literal, row))
                statements.append(f"INSERT INTO {table} ({columns}) VALUES ({values})")
        views = connection.execute("SELECT sql FROM duckdb_views() WHERE NOT internal").fetchall()
        statements += [sql.rstrip().rstrip(";") for (sql,) in views]
    Path(out).write_text(";\n".join(statements) + ";\n", encoding="utf-8")


def literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, bool | int | float):
        return "'NaN'::DOUBLE" if value != value else str(value)
    return "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
