"""Replace the rows of documents atomically, and keep the state of every partition.

Rows, rejections and state of a document change in one transaction, so that a reader sees a
document before or after, never in between.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import duckdb
import polars as pl

from augcon_lib import clock
from augcon_lib.fingerprints import reasons_to_make
from augcon_lib.pipeline import DOCUMENT_STAGES, RAW_CORPUS, StageName
from augcon_lib.records import Rejection
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.document_changes import DELETED, log_changes
from augcon_lib.warehouse.frames import LISTED, delete_documents, insert, listed, select, to_frame
from augcon_lib.warehouse.provenance import keep_provenance
from augcon_lib.warehouse.retention import keep_former_texts

OK = "ok"
REJECTED = "rejected"
MADE_AGAIN = "made again with another result"

_SELECT_STATES = (
    "SELECT stage, document_id, fingerprint, inputs, output_hash, status, reason, updated_at, "
    "coalesce(metadata_hash, '') "
    "FROM partition_state"
)
FAILED = "failed"
# The reason of a rejected document that contains no text: reported, but not a failure.
EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class PartitionOutput:
    """The output of a stage for one document.

    ``status`` is ``ok``; ``rejected`` if the input itself cannot be used (another attempt would
    fail the same way); ``failed`` if another attempt may succeed. ``inputs`` are the named parts
    of the fingerprint, kept so that a change can be named. ``metadata_hash`` covers fields that no
    later stage reads but the dataset's lineage shows.
    """

    document_id: str
    fingerprint: str
    inputs: Mapping[str, str]
    output_hash: str = ""
    metadata_hash: str = ""
    status: str = OK
    reason: str = ""
    records: Sequence[Any] = ()
    rejections: Sequence[Rejection] = ()


class PartitionState(NamedTuple):
    """The stored outcome of a stage for one document; quick to create, for there are many."""

    fingerprint: str
    inputs: Mapping[str, str] = MappingProxyType({})
    output_hash: str = ""
    status: str = OK
    reason: str = ""
    updated_at: datetime = datetime.min
    metadata_hash: str = ""


def replace_partitions(
    warehouse: Warehouse, stage: StageName, outputs: Sequence[PartitionOutput], run_id: str
) -> None:
    """Write *outputs* of *stage* in one transaction.

    A rejected document loses its rows in this and all later stages; a failed one keeps its last
    good rows, but is no longer fresh.
    """
    if not outputs:
        return
    replaced = [o.document_id for o in outputs if o.status != FAILED]
    rejected = [o.document_id for o in outputs if o.status == REJECTED]
    with warehouse.write() as connection:
        before = _states_at(connection, stage, [output.document_id for output in outputs])
        log_changes(connection, stage, _reasons(stage, before, outputs), run_id)
        if stage == RAW_CORPUS:
            keep_former_texts(connection, replaced)
        delete_documents(connection, stage, replaced)
        _delete_state(connection, [stage], [o.document_id for o in outputs])
        later = DOCUMENT_STAGES[DOCUMENT_STAGES.index(stage) + 1 :]
        for table in later:
            delete_documents(connection, table, rejected)
        _delete_state(connection, later, rejected)
        ids = keep_provenance(connection, stage, [o.inputs for o in outputs])
        frames = (
            to_frame(stage, output.records, provenance_id=made_from)
            for output, made_from in zip(outputs, ids, strict=True)
        )
        insert(connection, stage, pl.concat(frames))
        insert(
            connection,
            "rejections",
            to_frame("rejections", [r for output in outputs for r in output.rejections]),
        )
        insert(
            connection,
            "partition_state",
            to_frame(
                "partition_state",
                [_StateRow(output) for output in outputs],
                stage=stage,
                run_id=run_id,
                updated_at=clock.utc_now(),
            ),
        )


def delete_everywhere(warehouse: Warehouse, document_ids: Sequence[str]) -> None:
    """Forget documents that left the store: rows, rejections and state of every stage."""
    if not document_ids:
        return
    with warehouse.write() as connection:
        log_changes(connection, RAW_CORPUS, {d: [DELETED] for d in document_ids}, "")
        keep_former_texts(connection, document_ids)
        for table in (*DOCUMENT_STAGES, "sources"):
            delete_documents(connection, table, document_ids)
        _delete_state(connection, DOCUMENT_STAGES, document_ids)


def load_states(
    warehouse: Warehouse, document_ids: Collection[str] | None = None
) -> dict[tuple[StageName, str], PartitionState]:
    """Return the state of every partition by (stage, document id).

    Unpartitioned stages have no document. With *document_ids*, return only the states of these
    documents and of the unpartitioned stages.
    """
    query = _SELECT_STATES
    parameters = []
    if document_ids is not None:
        query += f" WHERE document_id = '' OR document_id IN {LISTED}"
        parameters = [listed(document_ids)]
    with warehouse.read() as connection:
        return _states(connection, query, parameters)


def _states(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Sequence[object]
) -> dict[tuple[StageName, str], PartitionState]:
    rows = connection.execute(query, list(parameters)).fetchall()
    return {
        (stage, document_id): PartitionState(fingerprint, _StoredInputs(inputs), *others)
        for stage, document_id, fingerprint, inputs, *others in rows
    }


def known_documents(warehouse: Warehouse) -> set[str]:
    """Return the documents that have a state at some stage."""
    with warehouse.read() as connection:
        rows = select(connection, "SELECT DISTINCT document_id FROM partition_state")
    return {row["document_id"] for row in rows} - {""}


def _states_at(
    connection: duckdb.DuckDBPyConnection, stage: StageName, document_ids: Sequence[str]
) -> dict[str, PartitionState]:
    """Return the states of *document_ids* at *stage*, by document id."""
    query = f"{_SELECT_STATES} WHERE stage = ? AND document_id IN {LISTED}"
    states = _states(connection, query, [stage, listed(document_ids)])
    return {document_id: state for (_, document_id), state in states.items()}


def _reasons(
    stage: StageName, before: Mapping[str, PartitionState], outputs: Sequence[PartitionOutput]
) -> dict[str, list[str]]:
    """Return why each of *outputs* differs from the stored one; equal ones are left out."""
    found = {}
    for output in outputs:
        old = before.get(output.document_id)
        if old and (old.output_hash, old.status) == (output.output_hash, output.status):
            continue
        if output.status != OK:
            found[output.document_id] = [f"{output.status}: {output.reason}"]
            continue
        found[output.document_id] = reasons_to_make(
            stage,
            old.inputs if old else None,
            output.inputs,
            failed=old is not None and old.status == FAILED,
        ) or [MADE_AGAIN]
    return found


class _StoredInputs(Mapping[str, str]):
    """Named inputs, parsed when they are read: only those of a stale partition ever are."""

    def __init__(self, stored: str) -> None:
        self._json = stored

    def __getitem__(self, name: str) -> str:
        return self._parsed[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parsed)

    def __len__(self) -> int:
        return len(self._parsed)

    @cached_property
    def _parsed(self) -> dict[str, str]:
        parsed: dict[str, str] = json.loads(self._json)
        return parsed


class _StateRow:
    def __init__(self, output: PartitionOutput) -> None:
        self.document_id = output.document_id
        self.fingerprint = output.fingerprint
        self.inputs = inputs_json(output.inputs)
        self.output_hash = output.output_hash
        self.metadata_hash = output.metadata_hash
        self.status = output.status
        self.reason = output.reason


def inputs_json(inputs: Mapping[str, str]) -> str:
    """Encode named inputs for storage."""
    return json.dumps(dict(inputs), sort_keys=True, ensure_ascii=False)


def _delete_state(
    connection: duckdb.DuckDBPyConnection, stages: Iterable[str], document_ids: Sequence[str]
) -> None:
    for table in ("partition_state", "rejections"):
        connection.execute(
            f"DELETE FROM {table} WHERE stage IN {LISTED} AND document_id IN {LISTED}",
            [listed(stages), listed(document_ids)],
        )
