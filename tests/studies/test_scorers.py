from pathlib import Path

import numpy as np

from augcon_lab.studies.inputs import Corpus, StudyInputs
from augcon_lab.studies.scorers import RATED, TRAINED, OnCorpus, Ranked, findings, run
from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.benchmark.measures import Measured
from augcon_lib.settings import Settings
from augcon_lib.workspace import Workspace
from tests.support.whole_run import MILL, TEA, make_workspace

GOLD = tuple(GoldQuestion(str(n), str(n), "", "?", ("a",)) for n in range(4))


def ranked(wins: list[float], calls: int, coverage: float) -> Ranked:
    scores = {"coverage": np.full(4, coverage), "closed_book_f1": np.full(4, 0.5)}
    return Ranked(np.array(wins), calls, 0.1, 10, 4, Measured(scores, 0.0, 0.0))


def test_findings_compare_with_the_trained_scorer_on_the_same_pairs(tmp_path: Path) -> None:
    corpus = Corpus("c", Workspace(tmp_path, Settings()), GOLD, frozenset(), 4)
    result = OnCorpus(
        corpus,
        ["a", "a", "b", "b"],
        {
            TRAINED: ranked([1, 1, 1, 1], 30, 0.5),
            RATED: ranked([1, 0, 1, 0], 10, 0.75),
            "other": ranked([1, 1, 1, 1], 0, 0.25),
        },
    )
    own, accuracy, coverage, f1, choice, calls = findings([result])
    assert own == "The trained scorer has a pair accuracy of 1.000 (1.000 to 1.000)."
    assert "below the trained scorer: rating by the model (-0.500, -0.500 to -0.500)" in accuracy
    assert "level with the trained scorer: other (+0.000" in accuracy
    assert "above the trained scorer: rating by the model (+0.250" in coverage
    assert "below the trained scorer: other (-0.250" in coverage
    assert "above" not in f1
    assert "hold 2.5 queries for each row" in choice
    assert "needs 30 calls, for its negatives" in calls
    assert "rating by the model needs 10, one for each query" in calls


def test_ratings_are_asked_for_once(tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path / "w", {"tea.md": TEA, "mill.md": MILL})
    lines: list[str] = []
    first = run(StudyInputs(workspace, "s", progress=lines.append))
    assert sum("ratings:" in line for line in lines) == 2
    again = run(StudyInputs(workspace, "again"))
    assert again.findings == first.findings
    assert again.what_was_run.model_calls == first.what_was_run.model_calls
