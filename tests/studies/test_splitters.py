from pathlib import Path

import numpy as np

from augcon_lab.studies.inputs import Corpus
from augcon_lab.studies.splitters import FULL, OnCorpus, Outcome, findings
from augcon_lib.benchmark.generation import Generated, GeneratedRow
from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.benchmark.measures import Measured
from augcon_lib.settings import Settings
from augcon_lib.workspace import Workspace

GOLD = tuple(GoldQuestion(str(n), str(n), "", "?", ("a",)) for n in range(4))


def outcome(coverage: list[float], f1: list[float], rows: int, calls: int, tokens: int) -> Outcome:
    made = Generated(tuple([GeneratedRow("0", "q", "a")] * rows), calls, tokens, 0, 0)
    scores = {"coverage": np.array(coverage), "closed_book_f1": np.array(f1)}
    return Outcome(made, [10], Measured(scores, 0.0, 0.0))


def test_a_splitter_stands_by_its_difference_on_the_same_questions(tmp_path: Path) -> None:
    corpus = Corpus("c", Workspace(tmp_path, Settings()), GOLD, frozenset(), 4)
    outcomes = {
        FULL: outcome([0.5] * 4, [0.5] * 4, 2, 10, 100),
        "better": outcome([0.75] * 4, [0.1, 0.9, 0.1, 0.9], 4, 12, 100),
        "worse": outcome([0.25] * 4, [0.4] * 4, 1, 3, 7),
    }
    coverage, f1, costs = findings([OnCorpus(corpus, outcomes)])
    assert coverage == (
        "Coverage over 4 questions of 1 corpora: above CST rewrite: better (+0.250, +0.250 to "
        "+0.250); below CST rewrite: worse (-0.250, -0.250 to -0.250)."
    )
    assert "level with CST rewrite: better (+0.000, " in f1
    assert "better 3.0 calls and 25 tokens (4 rows)" in costs
