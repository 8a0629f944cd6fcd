"""From a row of the dataset back to the characters it came from."""

import json
from dataclasses import dataclass
from typing import Any

from augcon_lib.errors import WarehouseError
from augcon_lib.fingerprints import DOCUMENT
from augcon_lib.warehouse.connection import Warehouse
from augcon_lib.warehouse.frames import select


@dataclass(frozen=True, slots=True)
class Lineage:
    """A row with everything upstream of it.

    ``quoted`` is the stored text at the node's span; ``parents`` goes from the root context down
    to the node's parent.
    """

    row: dict[str, Any]
    node: dict[str, Any]
    parents: list[dict[str, Any]]
    document: dict[str, Any]
    quoted: str


def explain_row(warehouse: Warehouse, row_id: str) -> Lineage:
    """The lineage of *row_id*; a prefix will do. Raises ``WarehouseError`` where there is none."""
    with warehouse.read() as connection:
        rows = select(
            connection,
            "SELECT r.row_id, v.dataset_version, r.document_id, r.node_id, r.query, r.response, "
            "r.split, s.score, s.rank, p.few_shot_version, p.response_id "
            "FROM dataset_rows AS r "
            "JOIN (SELECT max(number) AS number FROM dataset_versions) AS m ON TRUE "
            "JOIN dataset_versions AS v ON v.number = m.number "
            "LEFT JOIN scored_queries AS s "
            "ON s.node_id = r.node_id AND s.document_id = r.document_id "
            "LEFT JOIN responses AS p ON p.node_id = r.node_id AND p.document_id = r.document_id "
            "WHERE starts_with(r.row_id, ?) AND r.removed_in IS NULL",
            [row_id],
        )
        if len(rows) != 1:
            raise WarehouseError(_not_one(row_id, len(rows)))
        row = rows[0]
        key = [row["node_id"], row["document_id"]]
        nodes = select(
            connection,
            "SELECT node_id, context_id, parent_id, round, depth, text, start_char, end_char, "
            "verbatim, split_rouge_l, path FROM cst_nodes WHERE node_id = ? AND document_id = ?",
            key,
        )
        documents = select(
            connection,
            "SELECT document_id, uri, title, media_type, language, text, text_sha256, "
            "source_sha256, modified_at FROM raw_corpus WHERE document_id = ?",
            [row["document_id"]],
        )
        versions = select(
            connection,
            "SELECT d.output_hash, n.inputs FROM partition_state AS d "
            "JOIN partition_state AS n ON n.document_id = d.document_id "
            "WHERE d.stage = 'raw_corpus' AND n.stage = 'cst_nodes' AND d.document_id = ?",
            [row["document_id"]],
        )
        # Between the stages of a run the text is newer than the nodes, and spans mean nothing.
        settled = all(json.loads(v["inputs"])[DOCUMENT] == v["output_hash"] for v in versions)
        if not nodes or not documents or not settled:
            raise WarehouseError(
                f"row {row['row_id']}: its document {row['document_id']} is being replaced; "
                "run augcon run, then ask again"
            )
        parents = select(
            connection,
            "SELECT node_id, depth, query, start_char, end_char FROM cst_nodes "
            "WHERE node_id IN (SELECT unnest(?::VARCHAR[])) AND node_id <> ? "
            "AND document_id = ? ORDER BY depth",
            [list(nodes[0]["path"]), *key],
        )
    node, document = nodes[0], documents[0]
    quoted = document.pop("text")[node["start_char"] : node["end_char"]]
    return Lineage(row, node, parents, document, quoted)


def _not_one(row_id: str, count: int) -> str:
    if count == 0:
        return f"no row {row_id} in the current dataset; ids are in the lineage.jsonl of an export"
    return f"{count} rows begin with {row_id!r}; give more characters"
