"""Measure the presets of each script on passages: detected languages, lengths, quotas, trees.

    python benchmarks/languages.py WORK FILE.jsonl[.gz] ... [--no-trees]

Rows have a "context"; each distinct one is a document. Every file gets a workspace in WORK, whose
trees are grown and selected as ``augcon run`` does, with the offline provider and no scorer.
Translations of the same passages should get about the same number of queries in every language.
"""

import argparse
import gzip
import json
import shutil
import statistics
from collections import Counter
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from augcon_lib.settings import ScorerSettings, Settings, SourceSettings
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.scored_queries import run_scored_queries
from augcon_lib.stages.sources import stale_at, stale_in, sync_sources
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.text.languages import detect_language
from augcon_lib.tree.lengths import resolve_lengths, tree_parameters
from augcon_lib.warehouse.stage_rows import read_nodes, read_selected
from augcon_lib.workspace import Workspace, open_workspace


def read_passages(path: Path) -> list[str]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        return list(dict.fromkeys(json.loads(line)["context"] for line in lines))


def presets(passages: list[str]) -> dict[str, Any]:
    settings = Settings()
    detected = [detect_language(text) for text in passages]
    common = Counter(detected).most_common(1)[0][0]
    quotas = [
        tree_parameters(settings, language).quota(len(text))
        for text, language in zip(passages, detected, strict=True)
    ]
    lengths = resolve_lengths(settings, common)
    return {
        "passages": len(passages),
        "languages_told": dict(Counter(detected)),
        "median_chars": statistics.median(map(len, passages)),
        "max_context_chars": lengths.max_context_chars,
        "min_context_chars": lengths.min_context_chars,
        "chars_per_query": lengths.chars_per_query,
        "queries_wanted_per_passage": round(statistics.mean(quotas), 3),
    }


def trees(root: Path, passages: list[str]) -> dict[str, Any]:
    if not root.exists():
        with as_file(files("augcon_assets").joinpath("template")) as template:
            shutil.copytree(template, root)
    lines = [json.dumps({"id": str(n), "text": text}) for n, text in enumerate(passages)]
    (root / "passages.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = SourceSettings(uri="passages.jsonl", text_column="text", id_column="id")
    changes = {"source": source, "scorer": ScorerSettings(kind="none")}
    settings = open_workspace(root).settings.model_copy(update=changes)
    run = StageRun(Workspace(root, settings))
    listing, *_ = sync_sources(run)
    hashes = {entry.document_id: entry.source_sha256 for entry in listing.entries}
    stale = stale_in(run, hashes).documents["raw_corpus"]
    run_raw_corpus(run, [entry for entry in listing.entries if entry.document_id in stale])
    run_cst_nodes(run, stale_at("cst_nodes", run, list(hashes)))
    report = run_scored_queries(run, stale_at("scored_queries", run, list(hashes)))
    nodes = [node for each in read_nodes(run.warehouse, list(hashes)).values() for node in each]
    selected = [q for each in read_selected(run.warehouse, list(hashes)).values() for q in each]
    asked = [node for node in nodes if node.query]
    detected = [detect_language(query.query) for query in selected]
    return {
        "root_contexts": len({node.context_id for node in nodes}),
        "nodes": len(nodes),
        "mean_depth": round(statistics.mean(node.depth for node in asked), 3),
        "selected": len(selected),
        "quota_not_met": report.rejected["quota_not_met"],
        "queries_told_as": dict(Counter(detected).most_common(3)),
        "median_node_chars": statistics.median(len(node.text) for node in asked),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--no-trees", action="store_true")
    arguments = parser.parse_args()
    for path in arguments.files:
        passages = read_passages(path)
        found = {"file": f"{path.parent.name}/{path.name}", **presets(passages)}
        if not arguments.no_trees:
            found |= trees(arguments.work / path.parent.name, passages)
        print(json.dumps(found, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
