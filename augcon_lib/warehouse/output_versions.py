"""The versions of all stored outputs, which Dagster has to show."""

from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import LISTED, listed
from augcon_lib.warehouse.partitions import FAILED, OK

Versions = dict[str, str | None]


def output_versions(warehouse: Warehouse) -> dict[str, Versions]:
    """Return the output hash of each good partition, by stage and document.

    ``NO_DOCUMENT`` means the whole stage. A document that failed still has its last good rows, but
    no hash of them: ``None``. Documents that have no rows, or were rejected, are left out.
    """
    found: dict[str, Versions] = {}
    with warehouse.read() as connection:
        rows = connection.execute(
            "SELECT stage, document_id, output_hash, status FROM partition_state"
        )
        failed: dict[str, list[str]] = {}
        for stage, document, version, status in rows.fetchall():
            if status == OK:
                found.setdefault(stage, {})[document] = version
            elif status == FAILED and stage in DOCUMENT_STAGES:
                failed.setdefault(stage, []).append(document)
        for stage, documents in failed.items():
            kept = connection.execute(
                f'SELECT DISTINCT document_id FROM "{stage}" WHERE document_id IN {LISTED}',
                [listed(documents)],
            )
            found.setdefault(stage, {}).update((document, None) for (document,) in kept.fetchall())
    return found


def source_versions(warehouse: Warehouse) -> Versions:
    """Return the last known hash of each document's source."""
    with warehouse.read() as connection:
        rows = connection.execute("SELECT document_id, source_sha256 FROM sources").fetchall()
    return dict(rows)
