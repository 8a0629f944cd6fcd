"""The log of regenerated outputs and the reasons, from which a dataset version gets its cause."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import duckdb

from augcon_lib import clock
from augcon_lib.pipeline import DOCUMENT_STAGES, StageName
from augcon_lib.warehouse.frames import insert, select, to_frame

DELETED = "document deleted"


def log_changes(
    connection: duckdb.DuckDBPyConnection,
    stage: StageName,
    reasons: Mapping[str, Sequence[str]],
    run_id: str,
) -> None:
    """Record why *stage* returns another output than before, by document id."""
    now = clock.utc_now()
    for why in {tuple(each) for each in reasons.values()}:
        documents = [_Named(d) for d, each in reasons.items() if tuple(each) == why]
        frame = to_frame(
            "document_changes",
            documents,
            stage=stage,
            reasons=list(why),
            run_id=run_id,
            made_at=now,
            version=None,
        )
        insert(connection, "document_changes", frame)


def close_changes(connection: duckdb.DuckDBPyConnection, version: int | None) -> Counter[str]:
    """Attribute the changes since the last version to *version*; return documents by reason.

    Only the changes of a document's first stage count: the later ones follow from them. Without a
    version the changes had no effect on the dataset, and are forgotten.
    """
    rows = select(
        connection,
        "SELECT document_id, stage, reasons FROM document_changes WHERE version IS NULL",
    )
    if version is None:
        connection.execute("DELETE FROM document_changes WHERE version IS NULL")
        return Counter()
    connection.execute("UPDATE document_changes SET version = ? WHERE version IS NULL", [version])
    first: dict[str, tuple[int, list[str]]] = {}
    for row in rows:
        place = DOCUMENT_STAGES.index(row["stage"])
        known, reasons = first.get(row["document_id"], (place, []))
        if place < known:
            reasons = []
        if place <= known:
            first[row["document_id"]] = (place, [*reasons, *row["reasons"]])
    return _count(reasons for _, reasons in first.values())


def _count(reasons: Iterable[list[str]]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for each in reasons:
        counted.update(set(each))
    return counted


class _Named:
    def __init__(self, document_id: str) -> None:
        self.document_id = document_id
