"""Study 2: the Context-Split-Tree compared with other ways to split a root context."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec

import numpy as np

from augcon_lab.studies.inputs import Corpus, StudyInputs
from augcon_lab.studies.page import Cell, Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.part_splitters import (
    Embed,
    by_embeddings,
    latent_semantics,
    recursive_characters,
    sentence_windows,
)
from augcon_lab.studies.runs import Changes, Trees, make_trial, trees_of
from augcon_lab.studies.spent import Spent
from augcon_lab.studies.statements import standings, with_interval
from augcon_lib.benchmark.generation import Generated, generated
from augcon_lib.benchmark.measures import (
    Measured,
    confidence_interval,
    measure,
)
from augcon_lib.chat.port import Chat
from augcon_lib.evaluation.diversity import distinct
from augcon_lib.evaluation.plots import bars
from augcon_lib.evaluation.resampling import mean_interval
from augcon_lib.prompts import PromptLibrary
from augcon_lib.records import FewShotExample
from augcon_lib.settings import Settings
from augcon_lib.stages.scorer_embeddings import embedder_of
from augcon_lib.strategies import ChooseStrategy, Strategy, strategy_for
from augcon_lib.strategies.part_draws import PartDraws, Span
from augcon_lib.text.sentences import split_sentences
from augcon_lib.tree.lengths import tree_parameters

NAME = "splitters"
QUESTION = (
    "A Context-Split-Tree asks the model where to cut, and asks a question at every level from "
    "the root context down to its smallest parts (section 3.2). What does that bring over a cut "
    "in the middle, and over the splitters that are usual before retrieval, which give parts of "
    "one size?"
)
# A leaf of a tree has between lambda and twice that; the parts of the others should be as long.
PART_LAMBDAS = 2
FULL = "CST rewrite"
RECURSIVE, SEMANTIC, WINDOWS = "recursive characters", "semantic (embeddings)", "sentence windows"
TREES: Mapping[str, Changes] = {
    FULL: {"tree": {"strategy": "cst", "split": "rewrite"}},
    "CST boundary": {"tree": {"strategy": "cst", "split": "boundary"}},
    "middle": {"tree": {"strategy": "middle"}},
}
MEASURES = {"coverage": "Coverage", "closed_book_f1": "Closed-book F1"}


@dataclass
class Outcome:
    """The result of one splitter on a corpus; ``measured`` is set if it has gold questions.

    ``part_chars`` contains the lengths of the parts that got a question, in characters.
    """

    rows: Generated
    part_chars: Sequence[int]
    measured: Measured | None = None


@dataclass
class OnCorpus:
    """The outcomes on one corpus, by splitter."""

    corpus: Corpus
    outcomes: dict[str, Outcome] = field(default_factory=dict)


def run(inputs: StudyInputs) -> StudyPage:
    """Make a dataset of every corpus with every splitter, and measure it."""
    spent = Spent()
    results = [_on_corpus(inputs, corpus, spent) for corpus in inputs.opened]
    settings = inputs.workspace.settings
    return StudyPage(
        name=NAME,
        title="The Context-Split-Tree against other splitters",
        question=QUESTION,
        what_was_run=what_was_run(
            inputs,
            {
                "parts of the flat splitters": f"about {PART_LAMBDAS} λ",
                "embeddings": settings.scorer.embedding_model or "LSA, learned from the corpus",
                "tree.max_rounds": settings.tree.max_rounds,
                "selection.max_rouge_l": settings.selection.max_rouge_l,
            },
            spent,
        ),
        findings=[*findings(results), *_left_out()],
        sections=[_setting(), *(_section(result) for result in results), _costs(results)],
    )


def _on_corpus(inputs: StudyInputs, corpus: Corpus, spent: Spent) -> OnCorpus:
    result = OnCorpus(corpus)

    def make(name: str, changes: Changes, choose: ChooseStrategy = strategy_for) -> Trees:
        place = f"{NAME}-{len(result.outcomes)}"
        trial = make_trial(inputs, corpus, place, changes, choose_strategy=choose)
        rows, trees = generated(trial), trees_of(corpus, trial)
        asked = [len(n.text) for nodes in trees.nodes.values() for n in nodes if n.query]
        measured = measure(corpus.gold, rows.rows) if corpus.gold else None
        result.outcomes[name] = Outcome(rows, asked, measured)
        spent.add(rows)
        return trees

    for name, changes in TREES.items():
        trees = make(name, changes)
    sentences = [
        document.text[start:end]
        for document in trees.documents.values()
        for start, end in split_sentences(document.text, document.language)
    ]
    embedder = embedder_of(inputs.workspace.settings.scorer)
    if embedder is not None and not embedder.asks_endpoint:
        embed: Embed = embedder.vectors
    else:
        embed = latent_semantics(sentences, inputs.seed)
    for name in (WINDOWS, RECURSIVE, SEMANTIC):
        if name != RECURSIVE or not _left_out():
            # As for ``middle``: scorer and prompts are those for a question alone.
            make(name, TREES["middle"], partial(_parts_strategy, name, embed))
    return result


def _parts_strategy(
    name: str,
    embed: Embed,
    settings: Settings,
    language: str,
    chat: Chat,
    prompts: PromptLibrary,
    examples: Sequence[FewShotExample],
) -> Strategy:
    """Return the strategy that generates questions about the parts of the splitter *name*."""
    parameters = tree_parameters(settings, language)
    shortest = parameters.min_context_chars
    part_chars = PART_LAMBDAS * shortest

    def split(text: str, language: str) -> Sequence[Span]:
        if name == RECURSIVE:
            return recursive_characters(text, part_chars, shortest)
        if name == WINDOWS:
            return sentence_windows(text, language, shortest)
        return by_embeddings(text, language, part_chars, shortest, embed)

    return PartDraws(chat, prompts, parameters, language, split)


def findings(results: Sequence[OnCorpus]) -> list[str]:
    """Compare each splitter with the paper's, over all corpora with gold questions, and tokens."""
    measured = [result for result in results if result.corpus.gold]
    # Passages of different corpora may share a name.
    places = [
        f"{result.corpus.name}/{g.passage_id}" for result in measured for g in result.corpus.gold
    ]
    said, names = [], list(results[0].outcomes)
    for key in MEASURES if measured else ():
        scores = {
            name: np.concatenate(
                [m.scores[key] for result in measured if (m := result.outcomes[name].measured)]
            )
            for name in names
        }
        apart = {name: scores[name] - scores[FULL] for name in names[1:]}
        differences = {
            name: (float(each.mean()), mean_interval(places, each)) for name, each in apart.items()
        }
        title = f"{MEASURES[key]} over {len(places):,} questions of {len(measured)} corpora"
        said.append(standings(FULL, title, differences))
    costs = []
    for name in names:
        made = [result.outcomes[name].rows for result in results]
        rows = sum(len(each.rows) for each in made)
        if rows:
            calls = sum(each.model_calls for each in made) / rows
            tokens = sum(each.output_tokens for each in made) / rows
            costs.append(f"{name} {calls:.1f} calls and {tokens:.0f} tokens ({rows:,} rows)")
    said.append(f"Calls and output tokens for each row: {', '.join(costs)}.")
    return said


def _left_out() -> list[str]:
    """Return the finding for a splitter whose package is not installed."""
    if find_spec("semantic_text_splitter"):
        return []
    return [f"{RECURSIVE} were left out: install them with pip install 'augcon[studies]'."]


def _setting() -> Section:
    return Section(
        "How they were compared",
        [
            "All work on the same root contexts with the same quota, selection and answers, and "
            "each trains its own scorer. `CST` splits with its own prompts; all others ask with "
            "the same prompt for the question alone. `middle` is a tree, too: it cuts at the "
            "sentence in the middle (section 4.4). The other three give parts of about "
            f"{PART_LAMBDAS} λ at once and ask about each, again and again until the quota is met: "
            "`recursive characters` cuts at paragraphs, else sentences, else words "
            "(semantic-text-splitter), `sentence windows` takes each sentence with its neighbours, "
            "`semantic` joins neighbouring sentences whose embeddings are alike (Ward's method)."
        ],
    )


def _section(result: OnCorpus) -> Section:
    corpus, outcomes = result.corpus, result.outcomes
    columns = ["splitter", *(MEASURES if corpus.gold else ()), "distinct_2", "rows", "calls"]
    rows: list[list[Cell]] = []
    for name, outcome in outcomes.items():
        shown: list[Cell] = []
        if measured := outcome.measured:
            shown = [
                with_interval(
                    float(measured.scores[key].mean()),
                    confidence_interval(corpus.gold, measured.scores[key]),
                )
                for key in MEASURES
            ]
        counts = (len(outcome.rows.rows), outcome.rows.model_calls, outcome.rows.output_tokens)
        chars = float(np.median(outcome.part_chars)) if outcome.part_chars else math.nan
        diversity = distinct([row.query for row in outcome.rows.rows], 2)
        rows.append([name, *shown, diversity, *counts, "–" if math.isnan(chars) else round(chars)])
    table = Table([*columns, "output tokens", "median part, chars"], rows)
    if not corpus.gold:
        return Section(corpus.name, ["No gold questions: no coverage.", table])
    coverage = [o.measured.scores["coverage"] for o in outcomes.values() if o.measured]
    picture = Picture(
        bars(
            f"Coverage on {corpus.name}",
            list(outcomes),
            [float(each.mean()) for each in coverage],
            [confidence_interval(corpus.gold, each) for each in coverage],
            "share of gold answers",
        ),
        "Coverage: gold answers that a row of the same passage carries, with a matching question; "
        "95 % intervals by bootstrap over passages.",
        f"Bars of coverage on {corpus.name} for {', '.join(outcomes)}, from the table below",
    )
    return Section(corpus.name, [picture, table])


def _costs(results: Sequence[OnCorpus]) -> Section:
    names = list(results[0].outcomes)
    tokens = []
    for name in names:
        made = [result.outcomes[name].rows for result in results]
        rows = sum(len(each.rows) for each in made)
        tokens.append(sum(each.output_tokens for each in made) / rows if rows else math.nan)
    return Section(
        "What a row costs",
        [
            Picture(
                bars("Output tokens for each row", names, tokens, ylabel="tokens"),
                "All output tokens (trees, negatives, few-shot search, answers) over all rows, all "
                "corpora together.",
                f"Bars of output tokens for each row of {', '.join(names)}",
            )
        ],
    )
