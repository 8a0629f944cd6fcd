"""Study 6: do the selected queries reach all topics of the corpus?"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from augcon_lab.studies.figures import Figure, figure
from augcon_lab.studies.inputs import Corpus, StudyInputs
from augcon_lab.studies.page import Cell, Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.runs import Selection, make_selection
from augcon_lab.studies.spent import Spent
from augcon_lab.studies.statements import compared
from augcon_lib.evaluation.numbers import NotMeasured
from augcon_lib.evaluation.plots import lines
from augcon_lib.evaluation.resampling import mean_interval
from augcon_lib.evaluation.topics import TopicCoverage, coverage_of
from augcon_lib.tree.lengths import resolve_lengths
from augcon_lib.warehouse.evaluation_rows import RootContext

NAME = "topic_coverage"
STRATEGIES = ("cst", "direct")
# Factors of the workspace's quota (characters per query), for more and for fewer queries.
QUOTA_FACTORS = (0.5, 1.0, 2.0)
NAMED_TOPICS = 5
DASH = "–"

Key = tuple[str, float]


@dataclass(frozen=True, slots=True)
class Reached:
    """The topics that the queries of one strategy reach at one quota.

    ``queries`` counts the selected ones; ``chars_per_query`` is the quota.
    """

    strategy: str
    chars_per_query: int
    queries: int
    coverage: TopicCoverage | NotMeasured

    @property
    def figure(self) -> Figure:
        """The share of sentences whose topic has a query, with its interval over documents."""
        if isinstance(self.coverage, NotMeasured):
            return figure([])
        return figure((d, float(covered)) for d, covered in self.coverage.covered_by_document)

    @property
    def overlap(self) -> float:
        """How similarly queries and sentences are distributed over the topics."""
        found = self.coverage
        return float("nan") if isinstance(found, NotMeasured) else found.overlap


@dataclass(frozen=True, slots=True)
class OnCorpus:
    """The results on a corpus by (strategy, factor of the quota), over the same topics."""

    corpus: Corpus
    reached: Mapping[Key, Reached]
    model_calls: int
    output_tokens: int


def run(inputs: StudyInputs) -> StudyPage:
    """Select queries with and without trees, at several quotas, and measure topic coverage."""
    spent = Spent()
    results = [_on_corpus(inputs, corpus) for corpus in inputs.opened]
    spent.add(*results)
    return StudyPage(
        name=NAME,
        title="Topics of the corpus",
        question=(
            "Do the queries reach all topics of the corpus, does the Context-Split-Tree reach more "
            "of them than drawing queries from root contexts again and again (`direct`), and how "
            "many queries does it take?"
        ),
        what_was_run=what_was_run(
            inputs,
            {
                "quota": f"{', '.join(f'{factor:g}' for factor in QUOTA_FACTORS)} times as many "
                "queries as the workspace's",
                "tree.max_rounds": inputs.workspace.settings.tree.max_rounds,
            },
            spent,
        ),
        findings=[line for result in results for line in findings(result)],
        sections=[_explained(), *(_section(result) for result in results)],
    )


def findings(result: OnCorpus) -> Iterator[str]:
    """Compare trees with no trees at each quota, and the largest quota with the smallest."""
    name = result.corpus.name
    for factor in QUOTA_FACTORS:
        tree, direct = (result.reached[strategy, factor] for strategy in STRATEGIES)
        if isinstance(tree.coverage, NotMeasured):
            yield f"{name}: not measured, {tree.coverage.not_measured}."
            return
        yield (
            f"{name}, a query for {tree.chars_per_query:,} characters: "
            f"{_compared('the tree', tree, 'direct', direct)}; the tree brought {tree.queries:,} "
            f"queries, direct {direct.queries:,}."
        )
    most, fewest = (result.reached["cst", f] for f in (QUOTA_FACTORS[-1], QUOTA_FACTORS[0]))
    line = _compared("the largest quota", most, "the smallest", fewest)
    yield f"{name}, trees: {line}; {most.queries:,} queries against {fewest.queries:,}."


def root_contexts(selection: Selection) -> list[RootContext]:
    """Return the distinct root contexts of *selection*."""
    documents = selection.trees.documents
    found = {
        (node.document_id, node.context_id): RootContext(
            node.context_id, node.document_id, documents[node.document_id].language, node.text
        )
        for nodes in selection.trees.nodes.values()
        for node in nodes
        if node.parent_id is None and node.round == 0
    }
    return list(found.values())


def _on_corpus(inputs: StudyInputs, corpus: Corpus) -> OnCorpus:
    first = make_selection(inputs, corpus, f"{NAME}-own", {}, until="raw_corpus")
    languages = Counter(each.language for each in first.trees.documents.values())
    language = max(sorted(languages), key=languages.__getitem__, default="en")
    own = resolve_lengths(corpus.workspace.settings, language).chars_per_query
    selections: dict[Key, Selection] = {}
    for strategy in STRATEGIES:
        for factor in QUOTA_FACTORS:
            changes: dict[str, dict[str, object]] = {
                "tree": {"strategy": strategy},
                "selection": {"chars_per_query": max(1, round(own / factor))},
            }
            place = f"{NAME}-{strategy}-{factor:g}"
            selections[strategy, factor] = make_selection(inputs, corpus, place, changes)
    contexts = root_contexts(selections[STRATEGIES[0], 1.0])
    queries = {
        key: [query.query for each in selection.queries.values() for query in each]
        for key, selection in selections.items()
    }
    coverages = coverage_of(contexts, queries, inputs.seed)
    reached = {
        (strategy, factor): Reached(
            strategy, max(1, round(own / factor)), len(asked), coverages[strategy, factor]
        )
        for (strategy, factor), asked in queries.items()
    }
    trials = [selection.trees.trial for selection in selections.values()]
    return OnCorpus(
        corpus,
        reached,
        sum(trial.model_calls for trial in trials),
        sum(trial.output_tokens for trial in trials),
    )


def _compared(subject: str, one: Reached, name: str, other: Reached) -> str:
    """Return the difference over the same sentences, with its interval over documents."""
    if isinstance(one.coverage, NotMeasured) or isinstance(other.coverage, NotMeasured):
        return f"{subject} and {name} cannot be compared"
    pairs = zip(one.coverage.covered_by_document, other.coverage.covered_by_document, strict=True)
    apart = [(document, float(a) - float(b)) for (document, a), (_, b) in pairs]
    interval = mean_interval([document for document, _ in apart], [value for _, value in apart])
    difference = sum(value for _, value in apart) / len(apart)
    return compared(subject, name, difference, interval, "coverage")


def _explained() -> Section:
    return Section(
        "What is measured",
        [
            "Sentences of the root contexts and the queries of all rows of the table are clustered "
            "together, so that all are held against the same topics "
            "([../evaluation.md](../evaluation.md)). *Coverage*: the share of sentences whose "
            "topic holds a query, with its 95 % interval by bootstrap over documents or passages "
            "(the topics stay). *Overlap*: 1 where queries are spread as the sentences are. "
            "Queries that were selected are counted, answered or not; `direct` may bring fewer "
            "than its quota, since what repeats is left out."
        ],
    )


def _section(result: OnCorpus) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for (strategy, _), found in result.reached.items():
        topics = found.coverage
        named = (
            "–"
            if isinstance(topics, NotMeasured)
            else f"{topics.covered_topics} of {topics.topics}"
        )
        rows.append(
            (
                strategy,
                found.chars_per_query,
                found.queries,
                str(found.figure),
                named,
                found.overlap,
            )
        )
    columns = ("strategy", "characters per query", "queries", "coverage", "topics", "overlap")
    own = result.reached["cst", 1.0].coverage
    blocks: list[str | Table | Picture] = [Table(columns, rows), _picture(result)]
    if not isinstance(own, NotMeasured) and own.uncovered:
        missing = [
            (", ".join(topic.terms), topic.sentences, topic.document_id)
            for topic in own.uncovered[:NAMED_TOPICS]
        ]
        blocks.append("The largest topics without a query, with trees at the workspace's quota:")
        blocks.append(Table(("terms", "sentences", "document of a typical one"), missing))
    return Section(result.corpus.name, blocks)


def _picture(result: OnCorpus) -> Picture:
    title = f"{result.corpus.name}: coverage of topics"
    figures = {
        strategy: [result.reached[strategy, factor].figure for factor in QUOTA_FACTORS]
        for strategy in STRATEGIES
    }
    png = lines(
        title,
        [f"{factor:g}" for factor in QUOTA_FACTORS],
        {name: [each.value for each in found] for name, found in figures.items()},
        {name: [each.interval for each in found] for name, found in figures.items()},
        xlabel="queries allowed, times the workspace's quota",
        ylabel="share of sentences",
    )
    ends = "; ".join(f"{name} from {each[0]} to {each[-1]}" for name, each in figures.items())
    caption = "Share of the sentences whose topic holds a query; bands: 95 % intervals."
    return Picture(png, caption, f"{title}: {ends}")
