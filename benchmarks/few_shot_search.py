"""Measure whether the few-shot search beats random choices on examples that it has not seen.

    python benchmarks/few_shot_search.py WORKSPACE FILE.jsonl ... [--seeds 10] [--pool 40]

A FILE has rows {context, question, answers} or {context, question, answer}, written by people. The
same number of rows is taken from each FILE, so that a pool may contain examples of different kinds.
For each seed, a pool and held-out examples (of different passages) are sampled from them. The
search chooses from the pool by its own judge; its choice and random ones are then judged on the
held-out examples. The model is that of WORKSPACE, whose journal keeps the answers.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from augcon_lib.answers.few_shot_search import FewShotSearch
from augcon_lib.answers.responses import Responder
from augcon_lib.answers.search_margin import search_margins
from augcon_lib.concurrency import run_together
from augcon_lib.model import open_engine
from augcon_lib.records import FewShotExample
from augcon_lib.settings import api_key
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.workspace import open_workspace


def read_examples(path: Path) -> list[FewShotExample]:
    """Return one example of each passage, in the order of the file."""
    by_passage: dict[str, FewShotExample] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        answer = row["answers"][0] if "answers" in row else row["answer"]
        by_passage.setdefault(
            row["context"], FewShotExample(row["context"], row["question"], answer)
        )
    return list(by_passage.values())


async def compare(arguments: argparse.Namespace) -> None:
    run = StageRun(open_workspace(arguments.workspace))
    settings = run.settings
    files = [read_examples(file) for file in arguments.files]
    rows = [row for file in files for row in file[: min(map(len, files))]]
    async with open_engine(
        settings, run.workspace.journal_path, api_key=api_key(settings.model)
    ) as engine:
        responder = Responder(engine, run.prompts, run.principles, settings.responses)
        searcher = FewShotSearch(engine, run.prompts, responder)

        async def share(shots: Sequence[FewShotExample], unseen: Sequence[FewShotExample]) -> float:
            verdicts = await run_together(
                searcher.judge(each, shots, arguments.language) for each in unseen
            )
            return sum(verdicts) / len(verdicts)

        wins = 0
        for seed in range(arguments.seeds):
            rng = random.Random(seed)
            drawn = rng.sample(rows, arguments.pool + arguments.held_out)
            pool, unseen = drawn[: arguments.pool], drawn[arguments.pool :]
            choice = await searcher.search(pool, arguments.count, arguments.trials, seed)
            chosen = await share(choice.for_language(arguments.language), unseen)
            at_random = [
                await share(rng.sample(pool, arguments.count), unseen)
                for _ in range(arguments.random_sets)
            ]
            mean = sum(at_random) / len(at_random)
            wins += chosen - mean > 1e-9
            (margin,) = search_margins(choice.trials)
            found = {
                "seed": seed,
                "chosen": chosen,
                "random_mean": round(mean, 4),
                "random_lowest": min(at_random),
                "random_highest": max(at_random),
                "search_margin": round(margin.margin, 4),
                "search_margin_ci95": [round(end, 4) for end in margin.margin_ci95],
            }
            print(json.dumps(found), flush=True)
        print(json.dumps({"wins": wins, "seeds": arguments.seeds}))
        print(f"{engine.stats.issued} calls", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--language", default="en", help="language of the rows")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--pool", type=int, default=40)
    parser.add_argument("--held-out", type=int, default=40)
    parser.add_argument("--random-sets", type=int, default=20)
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--trials", type=int, default=32)
    asyncio.run(compare(parser.parse_args()))


if __name__ == "__main__":
    main()
