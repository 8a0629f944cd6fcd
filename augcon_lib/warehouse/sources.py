"""The last known state of each document's source: its change token and hash."""

from collections.abc import Sequence
from typing import Any

from augcon_lib.documents import SourceEntry
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import delete_documents, insert, select, to_frame


def load_sources(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return ``document_id, uri, stamp, source_sha256`` of every known source."""
    with warehouse.read() as connection:
        return select(connection, "SELECT * FROM sources ORDER BY document_id")


def save_sources(warehouse: Warehouse, entries: Sequence[SourceEntry]) -> None:
    """Record *entries* in place of their earlier state."""
    if not entries:
        return
    with warehouse.write() as connection:
        delete_documents(connection, "sources", [entry.document_id for entry in entries])
        insert(connection, "sources", to_frame("sources", entries))
