"""The list of dataset versions: how each differs from the previous one, why, and its cost."""

import json
from dataclasses import dataclass
from datetime import datetime

import duckdb

from augcon_lib.errors import WarehouseError
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select_records

_SHOWN_VERSIONS = 10


@dataclass(frozen=True, slots=True)
class Spent:
    """The cost of model calls since the previous version; ``last_call`` is the journal's."""

    model_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    last_call: int = 0


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A dataset version compared with the previous one: rows, cause and cost.

    ``stale`` of its rows are of documents that failed; ``cause`` is a JSON object of documents by
    reason (0: the reason concerns no document).
    """

    number: int
    dataset_version: str
    created_at: datetime
    added: int
    kept: int
    removed: int
    stale: int
    cause: str
    model_calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    last_call: int

    @property
    def total(self) -> int:
        """Rows in the version."""
        return self.added + self.kept

    @property
    def causes(self) -> dict[str, int]:
        """Documents by reason, as text."""
        causes: dict[str, int] = json.loads(self.cause)
        return causes

    @property
    def cause_in_words(self) -> str:
        """``3 document changed, 1 new document``."""
        return ", ".join(f"{n:,} {why}" if n else why for why, n in self.causes.items())


def dataset_versions(warehouse: Warehouse) -> list[DatasetVersion]:
    """Return all versions that were not pruned, the current one first."""
    with warehouse.read() as connection:
        return versions_in(connection)


def latest_version(warehouse: Warehouse) -> DatasetVersion | None:
    """Return the current version, ``None`` before the first."""
    versions = dataset_versions(warehouse)
    return versions[0] if versions else None


def versions_in(connection: duckdb.DuckDBPyConnection) -> list[DatasetVersion]:
    """:func:`dataset_versions` within a transaction."""
    return select_records(
        connection, DatasetVersion, "SELECT * FROM dataset_versions ORDER BY number DESC"
    )


def number_of(connection: duckdb.DuckDBPyConnection, version: str | None) -> int:
    """Return the number of *version* (default: the current one), of equal ones the last.

    Raises ``WarehouseError`` if it does not exist.
    """
    known = versions_in(connection)
    for each in known:
        if version in (None, each.dataset_version):
            return each.number
    if version is None:
        raise WarehouseError("no dataset exists yet; create one with: augcon run")
    names = list(dict.fromkeys(each.dataset_version for each in known))[:_SHOWN_VERSIONS]
    raise WarehouseError(
        f"no dataset version {version} exists (it may have been pruned: [dataset] "
        f"keep_versions); known: {', '.join(names) or 'none'}"
    )
