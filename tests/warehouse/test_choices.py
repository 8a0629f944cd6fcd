import math

from augcon_lib.contrastive_pairs import ContrastivePair
from augcon_lib.few_shot_search import FewShotChoice, Trial
from augcon_lib.query_features import FEATURE_NAMES
from augcon_lib.query_scorer import LinearScorer, ScorerReport
from augcon_lib.records import FewShotExample, Rejection
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import (
    NO_DOCUMENT,
    current_version,
    load_few_shot,
    load_scorer,
    save_few_shot,
    save_scorer,
)
from augcon_lib.warehouse.partitions import PartitionOutput, load_states
from augcon_lib.warehouse.samples import sample_pairs
from tests.support.rows import ODD, table

SHOTS = (FewShotExample("c'", 'q"', "a"), FewShotExample("水", "什么？", "茶"))
REPORT = ScorerReport(1, 0, 0, math.nan, math.nan, {})


def scorer(weight: float) -> LinearScorer:
    count = len(FEATURE_NAMES)
    return LinearScorer((weight,) * count, (0.5,) * count, (1.0,) * count)


def pair(kind: str, number: int) -> ContrastivePair:
    return ContrastivePair(ODD, f"n{number}", "en", kind, "context", "q+", "q-")


def state(version: str) -> PartitionOutput:
    return PartitionOutput(NO_DOCUMENT, "f", {"code": "1"}, output_hash=version)


def save(warehouse: Warehouse, weight: float, kinds: list[str]) -> None:
    pairs = [pair(kind, number) for number, kind in enumerate(kinds)]
    rejection = Rejection("query_scorer", ODD, "n9", "negative_equals_positive", "q")
    save_scorer(warehouse, scorer(weight), REPORT, pairs, [rejection], state(str(weight)), "run")


def test_there_is_no_scorer_and_no_choice_before_the_first(warehouse: Warehouse) -> None:
    assert load_scorer(warehouse) is None
    assert load_few_shot(warehouse) == FewShotChoice({}, ())
    assert current_version({}, "query_scorer") == ""


def test_a_scorer_replaces_the_one_before_with_its_pairs(warehouse: Warehouse) -> None:
    save(warehouse, 1.0, ["both", "both"])
    save(warehouse, 2.0, ["both"])
    assert load_scorer(warehouse) == scorer(2.0)
    assert table(warehouse, "contrastive_pairs", "kind") == [("both",)]
    assert len(table(warehouse, "rejections")) == 1
    assert current_version(load_states(warehouse), "query_scorer") == "2.0"


def test_sample_pairs_are_spread_over_the_kinds(warehouse: Warehouse) -> None:
    save(warehouse, 1.0, ["both", "both", "both", "fewer_examples", "weak_instruction"])
    kinds = [row["kind"] for row in sample_pairs(warehouse, 3)]
    assert sorted(kinds) == ["both", "fewer_examples", "weak_instruction"]


def test_a_few_shot_choice_comes_back_in_its_order(warehouse: Warehouse) -> None:
    trials = (Trial("en", 0, (1, 0), 0.5, 2, True), Trial("en", 1, (0, 1), 0.25, 2, False))
    choice = FewShotChoice({"en": SHOTS[::-1], "zh": SHOTS[1:]}, trials)
    save_few_shot(warehouse, FewShotChoice({"en": SHOTS[:1]}, ()), state("old"), "run")
    save_few_shot(warehouse, choice, state(choice.version), "run")
    loaded = load_few_shot(warehouse)
    assert loaded.by_language == choice.by_language
    assert (
        loaded.version
        == choice.version
        == current_version(load_states(warehouse), "few_shot_examples")
    )
    assert table(warehouse, "few_shot_trials", "trial, examples, score, chosen") == [
        (0, [1, 0], 0.5, True),
        (1, [0, 1], 0.25, False),
    ]
