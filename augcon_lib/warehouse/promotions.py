"""Which version of the scorer and of the few-shot choice is active: the one promoted last.

A version that was not promoted is a candidate: it changes nothing until a person promotes it.
"""

import duckdb

from augcon_lib import clock
from augcon_lib.pipeline import StageName
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import insert, select, to_frame


def promoted_versions(warehouse: Warehouse) -> dict[StageName, str]:
    """Return the active version by stage; stages without one are left out."""
    with warehouse.read() as connection:
        rows = select(connection, "SELECT stage, version FROM promotions ORDER BY promoted_at")
    return {row["stage"]: row["version"] for row in rows}


def promote(warehouse: Warehouse, stage: StageName, version: str) -> None:
    """Make *version* of *stage* the active one."""
    with warehouse.write() as connection:
        save_promotion(connection, stage, version)


def save_promotion(connection: duckdb.DuckDBPyConnection, stage: StageName, version: str) -> None:
    """:func:`promote` within a transaction."""
    now = clock.utc_now()
    row = {"stage": stage, "version": version, "promoted_at": now}
    insert(connection, "promotions", to_frame("promotions", [None], **row))
