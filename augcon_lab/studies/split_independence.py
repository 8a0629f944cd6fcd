"""Study 5: are the two parts of a split independent, and do they contain the whole text?"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from math import ceil

from augcon_lab.studies.figures import Figure, figure
from augcon_lab.studies.inputs import Corpus, StudyInputs
from augcon_lab.studies.page import Cell, Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.part_splitters import recursive_characters
from augcon_lab.studies.runs import Changes, Trees, make_trees
from augcon_lab.studies.spent import Spent
from augcon_lab.studies.statements import compared
from augcon_lib.evaluation.plots import bars
from augcon_lib.evaluation.resampling import mean_interval
from augcon_lib.evaluation.splits import SplitMeasures, measure_split
from augcon_lib.records import Node

NAME = "split_independence"
REWRITE, BOUNDARY, MIDDLE = "CST rewrite", "CST boundary", "middle"
RECURSIVE = "recursive characters"
ONE_ROUND = {"max_rounds": 1}
TREES: Mapping[str, Changes] = {
    REWRITE: {"tree": {"strategy": "cst", "split": "rewrite", **ONE_ROUND}},
    BOUNDARY: {"tree": {"strategy": "cst", "split": "boundary", **ONE_ROUND}},
    MIDDLE: {"tree": {"strategy": "middle", **ONE_ROUND}},
}
MEASURES: Mapping[str, str] = {
    "sibling_rouge_l": "ROUGE-L precision of the shorter part in the other (lower: independent)",
    "sibling_jaccard": "tokens of both parts over those of either (lower: independent)",
    "shared_text": "runs of 5 tokens of the shorter part that stand in the other, too",
    "parent_coverage": "tokens of the whole that the parts hold",
    "new_text": "tokens of the parts that the whole does not hold",
    "balance": "length of the shorter part over the longer",
}
FOUND = ("sibling_rouge_l", "sibling_jaccard")


@dataclass(frozen=True, slots=True)
class Split:
    """A split of a node whose parts were used."""

    document_id: str
    context_id: str
    is_root: bool
    measures: SplitMeasures


@dataclass(frozen=True)
class OnCorpus:
    """The splits of a corpus by splitter."""

    corpus: Corpus
    splits: Mapping[str, Sequence[Split]]
    model_calls: int
    output_tokens: int

    @cached_property
    def of_roots(self) -> Mapping[str, Sequence[Split]]:
        """The splits of the root contexts that every splitter split, in the same order."""
        roots = {
            name: {(s.document_id, s.context_id): s for s in splits if s.is_root}
            for name, splits in self.splits.items()
        }
        shared = sorted(set.intersection(*(set(each) for each in roots.values())))
        return {name: [each[key] for key in shared] for name, each in roots.items()}


def run(inputs: StudyInputs) -> StudyPage:
    """Grow one tree of every root context with each splitter, and measure its splits."""
    spent = Spent()
    results = [_on_corpus(inputs, corpus) for corpus in inputs.opened]
    spent.add(*results)
    return StudyPage(
        name=NAME,
        title="Independence of splits",
        question=(
            "A split is to give two parts that are as independent of each other as possible and "
            "together hold all of the whole (section 3.2). How far does it, where the model "
            "rewrites them, where it names a sentence, and where no model is asked?"
        ),
        what_was_run=what_was_run(
            inputs,
            {"tree.max_rounds": 1},
            spent,
        ),
        findings=[*(line for result in results for line in findings(result)), *_left_out()],
        sections=[_explained(), *(_section(result) for result in results)],
    )


def splits_of(nodes: Iterable[Node]) -> Iterator[tuple[Node, str, str]]:
    """Return each node whose split was used, with the texts of its two parts."""
    found = list(nodes)
    parts: dict[str, list[Node]] = {}
    for node in found:
        if node.parent_id is not None:
            parts.setdefault(node.parent_id, []).append(node)
    for node in found:
        if len(parts.get(node.node_id, ())) == 2:
            first, second = parts[node.node_id]
            yield node, first.text, second.text


def recursive_halves(text: str) -> tuple[str, str] | None:
    """Cut *text* in two where ``recursive_characters`` would, closest to the middle.

    ``None`` if it does not cut.
    """
    cuts = [start for start, _ in recursive_characters(text, ceil(len(text) / 2), 1)[1:]]
    if not cuts:
        return None
    cut = min(cuts, key=lambda start: (abs(2 * start - len(text)), start))
    return text[:cut], text[cut:]


def findings(result: OnCorpus) -> Iterator[str]:
    """Compare each splitter with the paper's, on the same root contexts."""
    name, roots = result.corpus.name, result.of_roots
    if not roots[REWRITE]:
        yield f"{name}: no root context was split by all splitters; larger documents are needed."
        return
    for measure in FOUND:
        means = ", ".join(f"{each} {_mean(of, measure):.3f}" for each, of in roots.items())
        others = [other for other in roots if other != REWRITE]
        compared_with = "; ".join(_compared(REWRITE, other, roots, measure) for other in others)
        yield (
            f"{name}, {MEASURES[measure]}, on {len(roots[REWRITE]):,} root contexts: {means}. "
            f"{compared_with}."
        )
    yield f"{name}: {_kept(roots)}."


def _kept(roots: Mapping[str, Sequence[Split]]) -> str:
    """State which splitters lose or add text, on the same root contexts."""
    unlike = [
        f"of {name} hold {_mean(of, 'parent_coverage'):.1%} of its tokens, and "
        f"{_mean(of, 'new_text'):.1%} of theirs are new"
        for name, of in roots.items()
        if any(s.measures.parent_coverage < 1 or s.measures.new_text > 0 for s in of)
    ]
    if not unlike:
        return "the parts hold all tokens of the whole and no others, whatever the splitter"
    return f"the parts {'; those '.join(unlike)}; all others hold the whole's tokens and no others"


def _compared(one: str, other: str, roots: Mapping[str, Sequence[Split]], measure: str) -> str:
    apart = [
        _value(a, measure) - _value(b, measure)
        for a, b in zip(roots[one], roots[other], strict=True)
    ]
    interval = mean_interval([split.document_id for split in roots[one]], apart)
    return compared(one, other, sum(apart) / len(apart), interval)


def _on_corpus(inputs: StudyInputs, corpus: Corpus) -> OnCorpus:
    trees = {
        name: make_trees(inputs, corpus, f"{NAME}-{number}", changes)
        for number, (name, changes) in enumerate(TREES.items())
    }
    splits = {name: [_measured(*split) for split in _all(grown)] for name, grown in trees.items()}
    if not _left_out():
        # The same passages as in the middle of which the tree cuts.
        halves = ((node, recursive_halves(node.text)) for node, _, _ in _all(trees[MIDDLE]))
        splits[RECURSIVE] = [_measured(node, *two) for node, two in halves if two]
    return OnCorpus(
        corpus,
        splits,
        sum(grown.trial.model_calls for grown in trees.values()),
        sum(grown.trial.output_tokens for grown in trees.values()),
    )


def _all(trees: Trees) -> list[tuple[Node, str, str]]:
    return [split for nodes in trees.nodes.values() for split in splits_of(nodes)]


def _measured(node: Node, first: str, second: str) -> Split:
    measures = measure_split(node.text, first, second)
    return Split(node.document_id, node.context_id, node.parent_id is None, measures)


def _mean(splits: Sequence[Split], measure: str) -> float:
    return sum(_value(split, measure) for split in splits) / len(splits)


def _value(split: Split, measure: str) -> float:
    return float(getattr(split.measures, measure))


def _figure(splits: Sequence[Split], measure: str) -> Figure:
    return figure((split.document_id, _value(split, measure)) for split in splits)


def _explained() -> Section:
    lines = "\n".join(f"- `{name}`: {meaning}" for name, meaning in MEASURES.items())
    return Section(
        "What is measured",
        [
            f"{lines}\n\nTokens are those of ROUGE-L ([../evaluation.md](../evaluation.md)). Root "
            "contexts are the same for all splitters, so differences there are of the same texts, "
            "with 95 % intervals by bootstrap over documents or passages; further down each tree "
            "has its own. *Recursive characters* cuts at a paragraph, else a sentence, a word, "
            "nearest to the middle of what the tree of *middle* cuts; the other three stop where "
            "Algorithm 1 does, and their splits that were not followed are not counted."
        ],
    )


def _section(result: OnCorpus) -> Section:
    roots = result.of_roots
    blocks: list[str | Table | Picture] = []
    for what, of in (("Root contexts", roots), ("All levels", result.splits)):
        blocks.append(f"**{what}**")
        rows: list[tuple[Cell, ...]] = [
            (name, len(splits), *(str(_figure(splits, measure)) for measure in MEASURES))
            for name, splits in of.items()
        ]
        blocks.append(Table(("splitter", "splits", *MEASURES), rows))
    for measure in FOUND:
        found = {name: _figure(splits, measure) for name, splits in roots.items()}
        png = bars(
            f"{result.corpus.name}: how alike the parts are ({measure})",
            list(found),
            [each.value for each in found.values()],
            [each.interval for each in found.values()],
            ylabel="mean",
        )
        alt = ", ".join(f"{name} {each}" for name, each in found.items())
        caption = f"`{measure}`: {MEASURES[measure]}; root contexts, 95 % intervals."
        blocks.append(Picture(png, caption, f"{result.corpus.name}: {alt}"))
    return Section(result.corpus.name, blocks)


def _left_out() -> list[str]:
    if find_spec("semantic_text_splitter"):
        return []
    return [f"{RECURSIVE} was left out: it needs the extra `augcon[studies]`."]
