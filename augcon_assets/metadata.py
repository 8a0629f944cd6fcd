"""Convert stage reports to typed Dagster metadata: counts, tokens, a sample table, an example."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import dagster as dg

from augcon_assets.markdown import block, inline
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.pipeline import StageName
from augcon_lib.stages.stage_run import PartitionSummary, StageReport
from augcon_lib.text.printable import printable
from augcon_lib.warehouse.lineage import Lineage

MAX_CELL_CHARS = 200
_TABLE_COLUMNS: dict[str, tuple[str, ...]] = {
    "raw_corpus": ("document_id", "media_type", "language", "title", "text"),
    "cst_nodes": ("depth", "start_char", "end_char", "query", "text"),
    "scored_queries": ("rank", "score", "selected", "reason", "query"),
    "responses": ("query", "response", "status"),
}

Metadata = dict[str, Any]


def partition_metadata(stage: StageName, partition: PartitionSummary) -> Metadata:
    """Return the metadata of one document's materialization."""
    metadata: Metadata = {
        "document_id": partition.document_id,
        "rows": dg.MetadataValue.int(partition.rows),
        "rejected": dg.MetadataValue.int(partition.rejected),
    }
    if partition.sample:
        rows = [_cells(stage, record) for record in partition.sample]
        metadata["sample"] = table(rows)
        metadata["example"] = dg.MetadataValue.md(example(rows[0]))
    return metadata


def run_metadata(report: StageReport) -> Metadata:
    """Return the metadata of a whole step: documents, rejections by reason, calls and tokens."""
    metadata: Metadata = {}
    if report.partitions:
        metadata["documents"] = dg.MetadataValue.int(len(report.partitions))
        metadata["documents_not_ok"] = dg.MetadataValue.int(report.failed)
        metadata["rows"] = dg.MetadataValue.int(sum(p.rows for p in report.partitions))
    for reason, count in sorted(report.rejected.items()):
        metadata[f"rejected/{reason}"] = dg.MetadataValue.int(count)
    if report.calls is not None:
        metadata |= call_metadata(report.calls)
    return metadata


def call_metadata(calls: CallStats) -> Metadata:
    """Return model calls, failures by reason, tokens, cost and latency."""
    metadata: Metadata = {
        "model_calls/issued": dg.MetadataValue.int(calls.issued),
        "model_calls/from_journal": dg.MetadataValue.int(calls.from_journal - calls.repeated),
        "model_calls/repeated_within_run": dg.MetadataValue.int(calls.repeated),
        "model_calls/failed": dg.MetadataValue.int(sum(calls.failed.values())),
        "tokens/input": dg.MetadataValue.int(calls.input_tokens),
        "tokens/output": dg.MetadataValue.int(calls.output_tokens),
        "cost_usd": dg.MetadataValue.float(float(calls.cost_usd)),
        "latency_seconds/p50": dg.MetadataValue.float(calls.p50_seconds),
        "latency_seconds/p95": dg.MetadataValue.float(calls.p95_seconds),
    }
    for reason, count in sorted(calls.failed.items()):
        metadata[f"model_calls/failed/{reason}"] = dg.MetadataValue.int(count)
    return metadata


def table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """Return *rows*, which all have the same keys, as a table with typed columns."""
    kinds = {bool: "bool", int: "int", float: "float"}
    columns = [
        dg.TableColumn(name, kinds.get(type(value), "string")) for name, value in rows[0].items()
    ]
    return dg.MetadataValue.table(
        records=[dg.TableRecord(dict(row)) for row in rows],
        schema=dg.TableSchema(columns=columns),
    )


def example(row: Mapping[str, Any]) -> str:
    """Return a row as Markdown: each column a bold heading, its value shown literally."""
    return "\n\n".join(f"**{name}**\n\n{block(value)}" for name, value in row.items())


def lineage_markdown(lineage: Lineage) -> str:
    """Return a row traced back to its characters, as Markdown."""
    row, node, document = lineage.row, lineage.node, lineage.document
    above = "".join(
        f"- depth {p['depth']}, characters {p['start_char']} to {p['end_char']}: "
        f"{inline(p['query'])}\n"
        for p in lineage.parents
    )
    return (
        f"Row `{row['row_id']}`\n\n**query**\n\n{block(row['query'])}\n\n"
        f"**response**\n\n{block(row['response'])}\n\n"
        f"Document partition {inline(document['document_id'])}, node `{node['node_id']}` at depth "
        f"{node['depth']}, characters {node['start_char']} to {node['end_char']}:\n\n"
        f"{block(lineage.quoted)}\n\n"
        f"Above it in the tree:\n\n{above or '- nothing: it is the root context'}"
    )


def _cells(stage: StageName, record: Any) -> dict[str, Any]:
    values = asdict(record)
    return {name: shorten(values[name]) for name in _TABLE_COLUMNS[stage]}


def shorten(value: Any) -> Any:
    """Return *value*; cut a text to the width of a table cell and escape control characters."""
    if not isinstance(value, str):
        return value
    short = value if len(value) <= MAX_CELL_CHARS else value[: MAX_CELL_CHARS - 1] + "…"
    return printable(short)
