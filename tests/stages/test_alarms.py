"""Alarms: silent on a sound corpus, raised by planted trouble, with what, where and what to try."""

from pathlib import Path
from typing import Any

import pytest

from augcon_lib.answers.few_shot_search import FewShotChoice, Trial
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.stages.alarms import ALARMS, Alarm, Finding
from augcon_lib.stages.stage_run import StageReport, StageRun
from augcon_lib.warehouse.choices import NO_DOCUMENT, save_few_shot
from augcon_lib.warehouse.partitions import PartitionOutput
from tests.support.whole_run import MILL, TEA, make_workspace, run_all

BY_NAME = {alarm.name: alarm for alarm in ALARMS}


@pytest.fixture
def made(tmp_path: Path) -> tuple[StageRun, dict[str, StageReport]]:
    workspace = make_workspace(tmp_path, {"mill.md": MILL, "tea.md": TEA})
    reports = run_all(workspace)
    return StageRun(workspace), reports


def sounded(name: str, made: tuple[StageRun, dict[str, StageReport]]) -> Finding:
    alarm = BY_NAME[name]
    return alarm.find(made[0], made[1][alarm.stage])


def execute(run: StageRun, statement: str, *values: Any) -> None:
    with run.warehouse.write() as connection:
        connection.execute(statement, list(values))


@pytest.mark.parametrize(
    "alarm", [each for each in ALARMS if each.stage != "few_shot_examples"], ids=lambda a: a.name
)
def test_a_sound_corpus_raises_none(
    alarm: Alarm, made: tuple[StageRun, dict[str, StageReport]]
) -> None:
    found = sounded(alarm.name, made)
    assert not found.raised
    assert found.seen


PLANTED = {
    "splits_independent": (
        "UPDATE cst_nodes SET text = 'The mill ran at night.' WHERE parent_id IS NOT NULL "
        "AND document_id = 'mill.md'",
        "splits whose halves overlap",
    ),
    "contexts_fit_the_model": (
        "UPDATE cst_nodes SET stop_reason = 'split_for_length', query = '' "
        "WHERE depth = 0 AND document_id = 'mill.md'",
        "too long for the model",
    ),
    "answers_grounded": (
        "INSERT INTO rejections SELECT 'responses', document_id, node_id, 'ungrounded', '' "
        "FROM responses WHERE document_id = 'mill.md'",
        "did not keep to their passage",
    ),
    "queries_differ_across_documents": (
        "UPDATE dataset_rows SET query = 'What is this about?' WHERE row_id IN "
        "(SELECT min(row_id) FROM dataset_rows GROUP BY document_id)",
        "whose query also occurs in another document",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_trouble_is_seen_and_its_document_named(
    name: str, made: tuple[StageRun, dict[str, StageReport]]
) -> None:
    statement, said = PLANTED[name]
    execute(made[0], statement)
    found = sounded(name, made)
    assert found.raised
    assert said in found.seen
    assert "the limit is" in found.seen
    assert any(where.startswith("mill.md: ") for where in found.where)
    if name != "queries_differ_across_documents":
        assert not any(where.startswith("tea.md") for where in found.where)


def test_a_query_that_differs_in_case_and_its_last_mark_alone_is_a_repeat(
    made: tuple[StageRun, dict[str, StageReport]],
) -> None:
    for document, query in (("mill.md", "What is THIS?"), ("tea.md", "what is this")):
        statement = "UPDATE dataset_rows SET query = ? WHERE document_id = ?"
        execute(made[0], statement, query, document)
    assert "(100.0%)" in sounded("queries_differ_across_documents", made).seen


def test_slow_calls_name_the_documents_with_the_longest_contexts(
    made: tuple[StageRun, dict[str, StageReport]],
) -> None:
    run, reports = made
    slow = CallStats()
    for _ in range(30):
        slow.issued += 1
        slow.latency.add(90.0)
    reports["cst_nodes"].calls = slow
    found = sounded("splits_fast_enough", (run, reports))
    assert found.raised
    assert "the limit is 60 s" in found.seen
    assert {where.split(":")[0] for where in found.where} == {"mill.md", "tea.md"}


def test_a_scorer_that_is_refused_raises_the_alarm_with_its_figures(
    made: tuple[StageRun, dict[str, StageReport]],
) -> None:
    run, reports = made
    execute(run, "UPDATE query_scorer SET pair_accuracy = 0.5, held_out_pairs = 40")
    facts = {"pair_accuracy": 0.5, "auc": 0.5, "held_out_pairs": 40, "held_out_documents": 2}
    reports["query_scorer"].facts.update(facts)
    found = sounded("scorer_above_chance", (run, reports))
    assert found.raised
    assert "pair accuracy 0.500" in found.seen
    assert "min_pair_accuracy 0.6" in found.seen


def search_log(run: StageRun, *verdicts: tuple[int, ...]) -> dict[str, StageReport]:
    trials = tuple(
        Trial("en", number, (number,), tuple(map(bool, each)), number == 0)
        for number, each in enumerate(verdicts)
    )
    choice = FewShotChoice({"en": run.examples}, trials)
    state = PartitionOutput(NO_DOCUMENT, "f", {}, output_hash=choice.version)
    save_few_shot(run.warehouse, choice, state, "run")
    return {"few_shot_examples": StageReport("few_shot_examples", version=choice.version)}


def test_a_search_that_all_draws_are_alike_to_is_in_vain_and_one_with_a_lead_is_not(
    made: tuple[StageRun, dict[str, StageReport]],
) -> None:
    run, _ = made
    same = (1, 1, 0, 1, 1, 0, 1, 1)
    vain = sounded("search_better_than_random", (run, search_log(run, same, same, same)))
    assert vain.raised
    assert vain.where == ("en",)
    worse = (0, 1, 0, 0, 1, 0, 0, 0)
    good = sounded("search_better_than_random", (run, search_log(run, same, worse, worse)))
    assert not good.raised


def test_verdicts_that_are_mostly_no_raise_the_alarm(
    made: tuple[StageRun, dict[str, StageReport]],
) -> None:
    run, _ = made
    found = sounded("verdicts_mostly_yes", (run, search_log(run, (1, 0, 0, 0), (0, 0, 0, 1))))
    assert found.raised
    assert "en: 75% of the verdicts are no" in found.seen
    fine = sounded("verdicts_mostly_yes", (run, search_log(run, (1, 1, 1, 0), (1, 0, 1, 1))))
    assert not fine.raised
