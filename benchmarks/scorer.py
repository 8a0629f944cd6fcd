"""How well scorers tell q⁺ from q⁻: on held-out documents, and on corpora they never saw.

    python benchmarks/scorer.py WORK NAME=STORE NAME=STORE ... [--splits 10]

Each STORE is a document store (a folder, or a .jsonl with one document per row). In WORK, which
keeps what was made, each gets a workspace of the given settings; the trees are grown and the
contrastive pairs asked for as ``augcon run`` does, with the offline provider. A scorer is trained
on each corpus and tested on its own held-out documents (also in other random splits), and on all
pairs of each other corpus.
"""

import argparse
import json
import shutil
import statistics
import time
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path

from augcon_lib.concurrency import run_until_done
from augcon_lib.contrastive_pairs import ContrastivePair
from augcon_lib.query_scorer import ScorerReport, scorer_report, train_scorer
from augcon_lib.settings import SourceSettings
from augcon_lib.stages.cst_nodes import run_cst_nodes
from augcon_lib.stages.query_scorer import SEED, ask_for_pairs
from augcon_lib.stages.raw_corpus import run_raw_corpus
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.stages.store import stale_at, stale_in, sync_sources
from augcon_lib.workspace import Workspace, open_workspace


def workspace_for(work: Path, name: str, store: Path) -> Workspace:
    root = work / name
    if not root.exists():
        with as_file(files("augcon_assets").joinpath("template")) as template:
            shutil.copytree(template, root)
    settings = open_workspace(root).settings
    source = SourceSettings(uri=str(store.resolve()), text_column="text", id_column="id")
    return Workspace(root, settings.model_copy(update={"source": source}))


def pairs_of(run: StageRun) -> list[ContrastivePair]:
    listing, *_ = sync_sources(run)
    hashes = {entry.document_id: entry.source_sha256 for entry in listing.entries}
    stale = stale_in(run, hashes).documents["raw_corpus"]
    run_raw_corpus(run, [entry for entry in listing.entries if entry.document_id in stale])
    run_cst_nodes(run, stale_at("cst_nodes", run, list(hashes)))
    return run_until_done(ask_for_pairs(run, StageReport("query_scorer")))[1]


def shown(report: ScorerReport) -> dict[str, object]:
    return {"train_pairs": report.train_pairs, **asdict(report.held_out)} | {
        f"pair_accuracy_{kind}": share for kind, share in report.accuracy_by_kind.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("corpora", nargs="+", metavar="NAME=STORE")
    parser.add_argument("--splits", type=int, default=10, help="of each corpus, held out in turn")
    arguments = parser.parse_args()
    pairs: dict[str, list[ContrastivePair]] = {}
    for corpus in arguments.corpora:
        name, _, store = corpus.partition("=")
        pairs[name] = pairs_of(StageRun(workspace_for(arguments.work, name, Path(store))))
    for name in pairs:
        started = time.monotonic()
        trained, report = train_scorer(pairs[name], SEED)
        seconds = round(time.monotonic() - started, 2)
        line = {"trained_on": name, "tested_on": f"{name}, held out", "seconds": seconds}
        print(json.dumps(line | shown(report), ensure_ascii=False), flush=True)
        others = [train_scorer(pairs[name], SEED + n)[1] for n in range(1, arguments.splits)]
        if others:
            accuracies = [each.held_out.pair_accuracy for each in (report, *others)]
            line = {"trained_on": name, "tested_on": f"{name}, held out in other splits, too"}
            figures = {
                "splits": len(accuracies),
                "pair_accuracy_mean": statistics.mean(accuracies),
                "pair_accuracy_lowest": min(accuracies),
                "pair_accuracy_highest": max(accuracies),
            }
            print(json.dumps(line | figures), flush=True)
        for other in pairs.keys() - {name}:
            across = scorer_report(trained, report.train_pairs, pairs[other])
            line = {"trained_on": name, "tested_on": other}
            print(json.dumps(line | shown(across), ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
