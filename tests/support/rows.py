"""A whole small corpus as the stages leave it in a warehouse, made without a model."""

from collections.abc import Sequence
from datetime import datetime

from augcon_lib.dataset.rows import build_dataset
from augcon_lib.documents import SourceEntry
from augcon_lib.records import (
    Document,
    GroundedResponse,
    Node,
    Rejection,
    Response,
    ScoredQuery,
    text_sha256,
)
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import NO_DOCUMENT
from augcon_lib.warehouse.datasets import save_dataset
from augcon_lib.warehouse.partitions import PartitionOutput, replace_partitions
from augcon_lib.warehouse.schema import TABLES
from augcon_lib.warehouse.sources import save_sources
from augcon_lib.warehouse.versions import DatasetVersion, Spent

ODD = 'it\'s "odd".md; DROP TABLE raw_corpus;--'
NOTHING = Spent()
TEXT = "Tea is hot. Ice is cold."
QUERIES = {
    "root": "Which drinks are warmer than others?",
    "first": "How hot does tea get?",
    "second": "Why cool with ice?",
}


def document(document_id: str, text: str = TEXT) -> Document:
    return Document(
        document_id=document_id,
        uri=f"file:///{document_id}",
        media_type="text/markdown",
        title="Tea",
        language="en",
        text=text,
        text_sha256=text_sha256(text),
        source_sha256="s",
        modified_at=datetime(2026, 1, 2),
    )


def nodes(document_id: str, text: str = TEXT) -> list[Node]:
    """A root and its two sentences."""
    cut = text.index(". ") + 1
    spans = [("root", 0, len(text)), ("first", 0, cut), ("second", cut + 1, len(text))]
    root_id = f"{document_id}/root"
    return [
        Node(
            node_id=f"{document_id}/{name}",
            document_id=document_id,
            context_id=f"{document_id}/c",
            parent_id=None if name == "root" else root_id,
            round=0,
            depth=0 if name == "root" else 1,
            text=text[start:end],
            start_char=start,
            end_char=end,
            verbatim=True,
            query=QUERIES[name],
            stop_reason="",
            split_rouge_l=None,
            path=(root_id,) if name == "root" else (root_id, f"{document_id}/{name}"),
        )
        for name, start, end in spans
    ]


def queries(document_id: str) -> list[ScoredQuery]:
    """The root's and the first sentence's query are selected, the second's isn't."""
    chosen = nodes(document_id)
    return [
        ScoredQuery(
            n.node_id, document_id, n.context_id, n.query, 1.0 - rank, rank, 2, rank < 3, reason
        )
        for rank, (n, reason) in enumerate(zip(chosen, ("", "", "over_quota"), strict=True), 1)
    ]


def responses(document_id: str, word: str = "Tea") -> list[Response]:
    return [
        Response(
            response_id=f"{query.node_id}!",
            node_id=query.node_id,
            document_id=document_id,
            query=query.query,
            response=f"{word}, says {document_id}.",
            few_shot_version="v",
            status="ok",
        )
        for query in queries(document_id)
        if query.selected
    ]


def grounded(document_id: str, word: str = "Tea") -> list[GroundedResponse]:
    """:func:`responses` with the spans of their nodes."""
    spans = {node.node_id: node for node in nodes(document_id)}
    source = document(document_id)
    return [
        GroundedResponse(
            response_id=each.response_id,
            node_id=each.node_id,
            document_id=document_id,
            query=each.query,
            response=each.response,
            uri=source.uri,
            title=source.title,
            language=source.language,
            text_sha256=source.text_sha256,
            start_char=spans[each.node_id].start_char,
            end_char=spans[each.node_id].end_char,
        )
        for each in responses(document_id, word)
    ]


def output(document_id: str, records: Sequence[object], **changes: object) -> PartitionOutput:
    values: dict[str, object] = {
        "fingerprint": "f",
        "inputs": {"document": "o"},
        "output_hash": "o",
        "records": records,
        "rejections": [Rejection("raw_corpus", document_id, document_id, "odd", "it's odd")],
    }
    return PartitionOutput(document_id, **(values | changes))  # type: ignore[arg-type]


def fill(warehouse: Warehouse, document_ids: Sequence[str], word: str = "Tea") -> DatasetVersion:
    """Every stage of *document_ids*, and a dataset of them alone."""
    for stage, make in (
        ("raw_corpus", lambda d: [document(d)]),
        ("cst_nodes", nodes),
        ("scored_queries", queries),
        ("responses", lambda d: responses(d, word)),
    ):
        outputs = [
            output(d, make(d), rejections=[Rejection(stage, d, d, "odd", "it's odd")])
            for d in document_ids
        ]
        replace_partitions(warehouse, stage, outputs, "run")
    save_sources(warehouse, [SourceEntry(d, d, "stamp", "s", None, d) for d in document_ids])
    return save_rows(warehouse, document_ids, word)


def save_rows(
    warehouse: Warehouse,
    document_ids: Sequence[str],
    word: str,
    spent: Spent = NOTHING,
    keep_versions: int = 0,
) -> DatasetVersion:
    """A dataset version of the responses of *document_ids*."""
    made = [response for d in sorted(document_ids) for response in grounded(d, word)]
    state = PartitionOutput(NO_DOCUMENT, "f", {}, output_hash=word)
    dataset = build_dataset(made, frozenset())
    return save_dataset(warehouse, dataset, state, "run", spent, keep_versions)


def table(warehouse: Warehouse, name: str, columns: str = "*") -> list[tuple[object, ...]]:
    """All rows of a table, sorted."""
    with warehouse.read() as connection:
        rows = connection.execute(f'SELECT {columns} FROM "{name}"').fetchall()
    return sorted(rows, key=str)


def everything(warehouse: Warehouse) -> dict[str, list[str]]:
    """All rows of all tables, as text: a NaN is equal to another one."""
    with warehouse.read() as connection:
        return {
            name: sorted(map(str, connection.execute(f'SELECT * FROM "{name}"').fetchall()))
            for name in TABLES
        }
