"""The version of everything that is stored, which is what Dagster has to show."""

from augcon_lib.pipeline import DOCUMENT_STAGES
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import LISTED, listed
from augcon_lib.warehouse.partitions import FAILED, OK

Versions = dict[str, str | None]


def output_versions(warehouse: Warehouse) -> dict[str, Versions]:
    """Output hash of each good partition, by stage and document (``NO_DOCUMENT``: of the whole).

    A document that failed has its last good rows still, but no hash of them: ``None``. One without
    rows, and one that was rejected, is not there.
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
    """The hash of each document's source as it was last seen."""
    with warehouse.read() as connection:
        rows = connection.execute("SELECT document_id, source_sha256 FROM sources").fetchall()
    return dict(rows)
