"""Another process at a warehouse: ``python -m tests.support.warehouse_process PATH COMMAND ...``.

``append NAME COUNT`` writes so many documents, each in a transaction of its own. ``hold`` replaces
the corpus by one document, says so, and commits when it is sent a line.
"""

import sys
from pathlib import Path

from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.frames import insert, to_frame
from augcon_lib.warehouse.partitions import replace_partitions
from tests.support.rows import document, output


def append(warehouse: Warehouse, name: str, count: int) -> None:
    for number in range(count):
        document_id = f"{name}{number}"
        replace_partitions(
            warehouse, "raw_corpus", [output(document_id, [document(document_id)])], name
        )


def hold(warehouse: Warehouse) -> None:
    print("asking", flush=True)
    with warehouse.write() as connection:
        connection.execute("DELETE FROM raw_corpus")
        print("in", flush=True)
        sys.stdin.readline()
        insert(connection, "raw_corpus", to_frame("raw_corpus", [document("new.md")]))


if __name__ == "__main__":
    path, command, *arguments = sys.argv[1:]
    if command == "hold":
        hold(Warehouse(Path(path)))
    else:
        append(Warehouse(Path(path)), arguments[0], int(arguments[1]))
