import numpy as np

from augcon_lab.studies.granularity import (
    Cell,
    Granularity,
    Grid,
    findings,
    granularity_of,
    lengths_to_try,
)
from augcon_lab.studies.inputs import Corpus
from augcon_lib.benchmark.gold import GoldQuestion
from augcon_lib.records import Node
from augcon_lib.workspace import Workspace
from tests.support.whole_run import SETTINGS


def node(node_id: str, chars: int, path: tuple[str, ...], query: str, round_: int = 0) -> Node:
    return Node(
        node_id=node_id,
        document_id="d",
        context_id="c",
        parent_id=path[-2] if len(path) > 1 else None,
        round=round_,
        depth=len(path) - 1,
        text="x" * chars,
        start_char=0,
        end_char=chars,
        verbatim=True,
        query=query,
        stop_reason="",
        split_rouge_l=None,
        path=path,
    )


TREE = [
    node("root", 100, ("root",), "How is tea made?"),
    node("half", 50, ("root", "half"), "How is tea drunk?"),
    node("tenth", 10, ("root", "half", "tenth"), "When is tea drunk?"),
    node("short", 5, ("root", "half", "short"), ""),
    node("again", 100, ("again",), "Why is tea made?", 1),
]


def test_granularity_of_a_small_tree() -> None:
    found = granularity_of(500, TREE, ["root", "half", "tenth", "again"])
    assert found == Granularity(
        asked_per_1000_chars=6.0,  # three: one was not asked, one is of a second tree
        rows_per_1000_chars=8.0,
        shares={"detail": 0.25, "concept": 0.25, "macro": 0.5},
        median_chars=75.0,
        mean_depth=0.75,
        distinct_2=6 / 12,  # how/when/why is, is tea, tea made, tea drunk
    )


def test_pairs_of_words_that_repeat_are_counted_once() -> None:
    # how is, is tea, tea made | how is, is tea, tea drunk
    assert granularity_of(500, TREE, ["root", "half"]).distinct_2 == 4 / 6


def test_nothing_selected_is_no_error() -> None:
    found = granularity_of(0, [], [])
    assert (found.rows_per_1000_chars, found.median_chars, found.distinct_2) == (0, 0, 0)


def test_lambda_stays_below_l() -> None:
    tried = lengths_to_try(1600, 100)
    assert (1600, 400) in tried
    assert (400, 200) in tried
    assert (400, 400) not in tried
    assert all(least < most for most, least in tried)
    assert len(tried) == 11


def test_findings_say_level_where_the_interval_holds_zero(tmp_path: object) -> None:
    gold = tuple(GoldQuestion(str(n), f"p{n}", "text", "question?", ("a",)) for n in range(8))
    corpus = Corpus("tea", Workspace(tmp_path, SETTINGS), gold, frozenset(), 8)  # type: ignore[arg-type]
    low = Granularity(20.0, 6.0, {"detail": 0.5, "concept": 0.3, "macro": 0.2}, 80.0, 2.0, 0.4)
    high = Granularity(2.0, 6.0, {"detail": 0.0, "concept": 0.3, "macro": 0.7}, 700.0, 0.5, 0.3)
    some = np.array([1.0, 0.0] * 4)

    def grid(coverage: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Grid:
        cells = {
            (1600, 50): Cell(1600, 50, low, some, 10, 100),
            (1600, 400): Cell(1600, 400, high, coverage, 5, 50),
        }
        return Grid(corpus, cells, (1600, 50))

    shape, level = findings(grid(some[::-1]))
    assert "λ from 50 to 400 at l = 1,600: a tree asks 20.0, then 2.0 questions" in shape
    assert "about 80, then 700 characters (median); details are 50%, then 0%" in shape
    assert "λ = 400 is level with λ = 50 in coverage (difference +0.000" in level
    assert (
        "λ = 400 is below λ = 50 in coverage (difference -1.000"
        in list(
            findings(
                Grid(
                    corpus,
                    {
                        (1600, 50): Cell(1600, 50, low, np.ones(8), 10, 100),
                        (1600, 400): Cell(1600, 400, high, np.zeros(8), 5, 50),
                    },
                    (1600, 50),
                )
            )
        )[1]
    )
