"""Time the greedy ROUGE-L filter: in groups, as in the selection, and on all queries at once.

    python benchmarks/selection.py [--questions FILE.jsonl] [--sizes 100000 1000000] [--f1]

The queries are synthetic: 5 to 15 words, sampled with their frequency in the questions of FILE
(rows with "question"), or by Zipf's law over 30,000 words without FILE. Every third is an earlier
one with a word or two changed. The naive filter compares every pair with ``rouge-score``. It is
timed on a part; its time for all is scaled by the number of pairs.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer

from augcon_lib.queries.selection import select_queries
from augcon_lib.records import Node
from augcon_lib.text.rouge import tokenize
from augcon_lib.text.rouge_filter import first_repeats

SEED = 11
GROUP = 100
LIMIT = 0.7
ZIPF_WORDS = 30_000
NAIVE_GROUPS, NAIVE_TEXTS = 20, 600


def vocabulary(questions: Path | None) -> tuple[list[str], list[float]]:
    """Return words and their sampling weights."""
    if questions is None:
        words = [f"word{rank}" for rank in range(ZIPF_WORDS)]
        return words, [1 / (rank + 1) for rank in range(ZIPF_WORDS)]
    counts: dict[str, float] = {}
    for line in questions.read_text(encoding="utf-8").splitlines():
        for word in tokenize(json.loads(line)["question"]):
            counts[word] = counts.get(word, 0.0) + 1
    return list(counts), list(counts.values())


def make_queries(count: int, questions: Path | None) -> list[str]:
    rng = random.Random(SEED)
    words, weights = vocabulary(questions)
    drawn = rng.choices(words, weights, k=10 * count + 1000)
    queries: list[list[str]] = []
    for number in range(count):
        if number % 3 == 2:
            earliest = max(0, number - GROUP) if rng.random() < 0.5 else 0
            query = list(queries[rng.randrange(earliest, number)])
            for _ in range(rng.randint(1, 2)):
                query[rng.randrange(len(query))] = drawn[rng.randrange(len(drawn))]
        else:
            start = rng.randrange(len(drawn) - 15)
            query = drawn[start : start + rng.randint(5, 15)]
        queries.append(query)
    return [" ".join(query) for query in queries]


def naive(queries: list[str], f1: bool) -> int:
    """Run the filter of the paper with rouge-score and return the number of queries kept."""
    scorer = RougeScorer(["rougeL"])
    kept: list[str] = []
    for query in queries:
        figures = (scorer.score(other, query)["rougeL"] for other in kept)
        if not any((each.fmeasure if f1 else each.precision) >= LIMIT for each in figures):
            kept.append(query)
    return len(kept)


def seconds_of(work: Callable[[], object]) -> tuple[float, object]:
    started = time.perf_counter()
    result = work()
    return time.perf_counter() - started, result


def groups_of(queries: list[str]) -> list[list[Node]]:
    """Return queries as the selection gets them: nodes of root contexts with a hundred each."""
    return [
        [
            Node(f"n{n}", "d", "c", None, 0, 0, "", 0, 0, True, query, "", None, ())
            for n, query in enumerate(queries[start : start + GROUP])
        ]
        for start in range(0, len(queries), GROUP)
    ]


def select(groups: list[list[Node]], measure: str) -> int:
    """Return the number of selected queries."""
    scores = [float(-n) for n in range(GROUP)]
    quotas = {"c": GROUP}
    selected = 0
    for nodes in groups:
        chosen, _ = select_queries(nodes, scores[: len(nodes)], quotas, LIMIT, measure)
        selected += sum(query.selected for query in chosen)
    return selected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--f1", action="store_true", help="use F1 instead of precision")
    arguments = parser.parse_args()
    measure = "f1" if arguments.f1 else "precision"
    queries = make_queries(max(arguments.sizes), arguments.questions)
    first_repeats(queries[:5000], LIMIT, measure)  # compiles the index, once per machine
    print(f"ROUGE-L {measure} below {LIMIT}; naive: rouge-score, from a part")
    print(f"{'queries':>10} {'':<16} {'kept':>9} {'seconds':>9} {'naive, estimated':>18}")
    size = max(arguments.sizes)
    part = [queries[n * GROUP : (n + 1) * GROUP] for n in range(NAIVE_GROUPS)]
    naive_group, _ = seconds_of(lambda: [naive(group, arguments.f1) for group in part])
    groups = groups_of(queries[:size])
    seconds, kept = seconds_of(lambda: select(groups, measure))
    estimate = naive_group / NAIVE_GROUPS * size / GROUP
    print(f"{size:>10,} {'in groups of 100':<16} {kept:>9,} {seconds:>9.1f} {estimate:>16,.0f} s")
    some = queries[:NAIVE_TEXTS]
    naive_some, naive_kept = seconds_of(lambda: naive(some, arguments.f1))
    if naive_kept != first_repeats(some, LIMIT, measure).count(None):
        sys.exit("the naive filter keeps others")
    for size in arguments.sizes:
        tokenize.cache_clear()
        seconds, verdicts = seconds_of(
            lambda size=size: first_repeats(queries[:size], LIMIT, measure)
        )
        kept = verdicts.count(None)  # type: ignore[attr-defined]
        estimate = naive_some * (size / NAIVE_TEXTS) ** 2
        print(f"{size:>10,} {'at once':<16} {kept:>9,} {seconds:>9.1f} {estimate:>16,.0f} s")


if __name__ == "__main__":
    main()
