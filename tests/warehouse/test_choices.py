from pathlib import Path

from augcon_lib.answers.few_shot_search import FewShotChoice, Trial
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.features import FEATURE_NAMES
from augcon_lib.queries.linear_scorer import LinearScorer, ScorerReport
from augcon_lib.queries.pair_measures import PairMeasures
from augcon_lib.records import FewShotExample, Rejection
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import (
    NO_DOCUMENT,
    dump_choice,
    load_few_shot,
    load_scorer,
    load_trials,
    restore_choice,
    save_few_shot,
    save_scorer,
    scorer_reports,
)
from augcon_lib.warehouse.partitions import PartitionOutput
from augcon_lib.warehouse.promotions import promote, promoted_versions
from augcon_lib.warehouse.samples import sample_pairs
from tests.support.rows import ODD, table

SHOTS = (FewShotExample("c'", 'q"', "a"), FewShotExample("水", "什么？", "茶"))
REPORT = ScorerReport(1, PairMeasures(0, 0), {})


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
    save_scorer(
        warehouse, scorer(weight), REPORT, pairs, [rejection], state(scorer(weight).version), "run"
    )


def test_there_is_no_scorer_and_no_choice_before_the_first(warehouse: Warehouse) -> None:
    assert load_scorer(warehouse, "") is None
    assert load_few_shot(warehouse, "") == FewShotChoice({}, ())
    assert promoted_versions(warehouse) == {}


def test_each_version_of_a_scorer_stays_with_the_pairs_it_was_trained_on(
    warehouse: Warehouse,
) -> None:
    save(warehouse, 1.0, ["both", "both"])
    save(warehouse, 2.0, ["both"])
    save(warehouse, 2.0, ["both"])
    for weight, pairs in ((1.0, 2), (2.0, 1)):
        version = scorer(weight).version
        assert load_scorer(warehouse, version) == scorer(weight)
        found = table(warehouse, "contrastive_pairs", "scorer_version")
        assert found.count((version,)) == pairs
    assert len(table(warehouse, "rejections")) == 1
    assert list(scorer_reports(warehouse)) == [scorer(1.0).version, scorer(2.0).version]


def test_the_version_promoted_last_is_in_force(warehouse: Warehouse) -> None:
    for version in ("one", "two", "one"):
        promote(warehouse, "query_scorer", version)
        promote(warehouse, "few_shot_examples", "other")
        assert promoted_versions(warehouse)["query_scorer"] == version
    assert promoted_versions(warehouse)["few_shot_examples"] == "other"


def test_a_choice_can_be_used_again_elsewhere(warehouse: Warehouse, tmp_path: Path) -> None:
    save(warehouse, 1.0, ["both"])
    choice = FewShotChoice({"zh": SHOTS}, (Trial("zh", 0, (1, 0), (True, False), True),))
    save_few_shot(warehouse, choice, state(choice.version), "run")
    other = Warehouse(tmp_path / "other.duckdb")
    versions = {"query_scorer": scorer(1.0).version, "few_shot_examples": choice.version}
    for stage, version in versions.items():
        restore_choice(other, stage, dump_choice(warehouse, stage, version), state(version), "r")
    assert promoted_versions(other) == versions
    assert load_scorer(other, versions["query_scorer"]) == scorer(1.0)
    assert load_few_shot(other, choice.version).by_language == choice.by_language
    assert table(other, "few_shot_trials") == table(warehouse, "few_shot_trials")
    columns = "parameters, train_pairs, isnan(pair_accuracy), made_at"
    assert table(other, "query_scorer", columns) == table(warehouse, "query_scorer", columns)


def test_sample_pairs_are_spread_over_the_kinds(warehouse: Warehouse) -> None:
    save(warehouse, 1.0, ["both", "both", "both", "fewer_examples", "weak_instruction"])
    kinds = [row["kind"] for row in sample_pairs(warehouse, 3)]
    assert sorted(kinds) == ["both", "fewer_examples", "weak_instruction"]


def test_a_few_shot_choice_comes_back_in_its_order(warehouse: Warehouse) -> None:
    trials = (
        Trial("en", 0, (1, 0), (True, False, True, False), True),
        Trial("en", 1, (0, 1), (True, False, False, False), False),
    )
    choice = FewShotChoice({"en": SHOTS[::-1], "zh": SHOTS[1:]}, trials)
    save_few_shot(warehouse, FewShotChoice({"en": SHOTS[:1]}, ()), state("old"), "run")
    save_few_shot(warehouse, choice, state(choice.version), "run")
    loaded = load_few_shot(warehouse, choice.version)
    assert loaded.by_language == choice.by_language
    assert loaded.version == choice.version
    assert table(warehouse, "few_shot_trials", "trial, examples, score, chosen") == [
        (0, [1, 0], 0.5, True),
        (1, [0, 1], 0.25, False),
    ]
    assert load_trials(warehouse, choice.version) == trials
