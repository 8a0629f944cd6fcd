from augcon_lab.studies.inputs import Corpus
from augcon_lab.studies.topic_coverage import QUOTA_FACTORS, STRATEGIES, OnCorpus, Reached, findings
from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.evaluation.topics import TopicCoverage
from augcon_lib.workspace import Workspace

CORPUS = Corpus("Handbook", Workspace.__new__(Workspace), (), frozenset(), 0)


def reached(strategy: str, queries: int, covered: str) -> Reached:
    """*covered*: for each of the sentences of documents 1, 2, 3, ... "y" or "n"."""
    by_document = [(str(place), each == "y") for place, each in enumerate(covered)]
    share = covered.count("y") / len(covered)
    found = TopicCoverage(share, 0.5, 4, 2, len(covered), queries, [], by_document)
    return Reached(strategy, 100, queries, found)


def test_coverage_is_the_share_of_covered_sentences_with_an_interval_over_documents() -> None:
    found = reached("cst", 5, "yyny").figure
    assert found.value == 0.75
    assert 0 <= found.interval[0] < 0.75 < found.interval[1] <= 1


def test_findings_compare_the_same_sentences_at_each_quota() -> None:
    cells = {}
    for factor in QUOTA_FACTORS:
        cells["cst", factor] = reached("cst", round(10 * factor), "yyyyyyyy")
        cells["direct", factor] = reached("direct", 4, "nnnnnnny")
    *quotas, sizes = findings(OnCorpus(CORPUS, cells, 0, 0))
    assert len(quotas) == len(QUOTA_FACTORS)
    assert "the tree is above direct in coverage (difference +0.875" in quotas[0]
    assert "the tree brought 5 queries, direct 4" in quotas[0]
    assert "the largest quota is level with the smallest in coverage (difference +0.000" in sizes
    assert "20 queries against 5" in sizes


def test_a_corpus_that_is_too_small_is_said_to_be() -> None:
    small = NotMeasured("the corpus has fewer than 20 sentences")
    cells = {
        (strategy, factor): Reached(strategy, 100, 1, small)
        for strategy in STRATEGIES
        for factor in QUOTA_FACTORS
    }
    (line,) = findings(OnCorpus(CORPUS, cells, 0, 0))
    assert line == "Handbook: not measured, the corpus has fewer than 20 sentences."
