"""``augcon explain``: trace a row back to its question, node, parents, span and document."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from augcon_assets.cli.console import console, print_json, workspace_at
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.text.printable import one_line
from augcon_lib.warehouse.lineage import Lineage, explain_row

SHOWN_CHARS = 16  # of a fingerprint or a setting; --json prints all of it


def show_lineage(folder: Path | None, row_id: str, *, as_json: bool) -> None:
    """Print the lineage of *row_id*; raises ``WarehouseError`` if the row is unknown."""
    workspace = workspace_at(folder)
    lineage = explain_row(StageRun(workspace).warehouse, row_id)
    if as_json:
        print_json(lineage_json(lineage))
    else:
        _print(console(), lineage)


def lineage_json(lineage: Lineage) -> dict[str, Any]:
    """Return the JSON object of ``augcon explain --json``."""
    found = asdict(lineage)
    row = found.pop("row")
    node = found["node"]
    return {
        "row_id": row["row_id"],
        "dataset_version": row["dataset_version"],
        "query": row["query"],
        "response": row["response"],
        "split": row["split"],
        "score": row["score"],
        "rank": row["rank"],
        "few_shot_version": row["few_shot_version"],
        "document_id": row["document_id"],
        "document": found["document"],
        "node_id": node["node_id"],
        "node": node,
        "parents": found["parents"],
        "start_char": node["start_char"],
        "end_char": node["end_char"],
        "stale": row["stale"],
        "quoted": found["quoted"],
        "question": found["question"],
        "answer": found["answer"],
    }


def _print(out: Console, lineage: Lineage) -> None:
    row, node, document = lineage.row, lineage.node, lineage.document

    def line(name: str, value: object) -> None:
        out.print(f"{name:<10} {one_line(value)}", markup=False)

    line("row", f"{row['row_id']} (dataset version {row['dataset_version']}, {row['split']})")
    line("query", row["query"])
    out.print(f"{'response':<10} {row['response']}", markup=False)
    line("", "")
    line("document", f"{document['document_id']} ({document['title']}, {document['language']})")
    line("uri", document["uri"])
    modified = f", modified {document['modified_at']}" if document["modified_at"] else ""
    line("version", f"text sha256 {document['text_sha256'][:16]}{modified}")
    for parent in lineage.parents:
        span = f"[{parent['start_char']}:{parent['end_char']}]"
        line("parent", f"depth {parent['depth']} {span} {parent['query']}")
    if row["stale"]:
        line("stale", "kept from an earlier version, because the document failed since")
    if node["depth"] is None:
        line("node", f"{node['node_id']}, of an older version of the document")
        line("span", f"characters {node['start_char']} to {node['end_char']}:")
    else:
        kind = "the node's own text" if node["verbatim"] else "rewritten from"
        score = "" if row["score"] is None else f" score {row['score']:.3f} rank {row['rank']}"
        line("node", f"{node['node_id']} depth {node['depth']} round {node['round']}{score}")
        line("span", f"characters {node['start_char']} to {node['end_char']}, {kind}:")
    out.print("\n".join(f"  | {text}" for text in lineage.quoted.split("\n")), markup=False)
    if node["verbatim"] is False:
        line("rewritten", "")
        out.print("\n".join(f"  > {text}" for text in node["text"].split("\n")), markup=False)
    line("", "")
    for name, made in (("question", lineage.question), ("answer", lineage.answer)):
        for place, text in enumerate(_provenance(made)):
            line("" if place else name, text)


def _provenance(made: Mapping[str, Any] | None) -> list[str]:
    """Return how a question or an answer was generated, as lines: model and sample first."""
    if made is None:
        return ["not recorded"]
    facts = {name: value for name, value in made.items() if not isinstance(value, Mapping)}
    first = [f"model {facts.pop('model')}"] if "model" in facts else []
    if "journal_key" in facts:
        first += [f"sample {facts.pop('sample')}", f"journal key {facts.pop('journal_key')}"]
    grouped = [
        f"{name}: {', '.join(f'{key} {str(value)[:SHOWN_CHARS]}' for key, value in values.items())}"
        for name, values in made.items()
        if isinstance(values, Mapping)
    ]
    rest = [f"{name.replace('_', ' ')} {value}" for name, value in facts.items()]
    return [", ".join(part) for part in (first, rest) if part] + grouped
