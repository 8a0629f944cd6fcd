"""Study 1: the effect of λ and l on granularity, diversity and coverage.

λ is the lower bound of a tree's contexts, l the upper bound of root contexts (section 3.2). Both
take multiples of the workspace's value, or of the preset of the corpus's language.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median

from augcon_lab.studies.inputs import Corpus, StudyInputs
from augcon_lab.studies.page import Cell as TableCell
from augcon_lab.studies.page import Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.runs import Selection, make_selection
from augcon_lab.studies.spent import Spent
from augcon_lab.studies.statements import Interval, compared, with_interval
from augcon_lib.benchmark.generation import rows_of
from augcon_lib.benchmark.measures import Scores, confidence_interval, distinct_2, measure
from augcon_lib.evaluation.granularity import DETAIL_SHARE, GRAINS, MACRO_SHARE, grain
from augcon_lib.evaluation.plots import lines
from augcon_lib.pipeline import StageName
from augcon_lib.records import Node
from augcon_lib.tree.lengths import resolve_lengths

NAME = "granularity"
LAMBDA_FACTORS = (0.5, 1.0, 2.0, 4.0)
L_FACTORS = (0.25, 0.5, 1.0)
DASH = "–"


@dataclass(frozen=True, slots=True)
class Granularity:
    """Measures of a corpus's trees and its selected queries.

    ``asked_per_1000_chars`` counts the queries of each context's first tree,
    ``rows_per_1000_chars`` the selected ones, both per characters of the documents. The rest
    measures the selected ones: ``shares`` by grain, the median length of the text that they are
    about, their mean depth, and their distinct pairs of words.
    """

    asked_per_1000_chars: float
    rows_per_1000_chars: float
    shares: Mapping[str, float]
    median_chars: float
    mean_depth: float
    distinct_2: float


@dataclass(frozen=True, slots=True)
class Cell:
    """The result of one l and one λ, and its own cost.

    ``coverage`` contains the covered share of each gold question; ``None`` without gold questions.
    """

    max_context_chars: int
    min_context_chars: int
    found: Granularity
    coverage: Scores | None
    model_calls: int
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a corpus, by (l, λ), and the cell of the workspace's own settings."""

    corpus: Corpus
    cells: Mapping[tuple[int, int], Cell]
    own: tuple[int, int]

    @property
    def context_lengths(self) -> list[int]:
        """All l, in ascending order."""
        return sorted({longest for longest, _ in self.cells})

    def along(self, longest: int) -> list[Cell]:
        """Return the cells of one l, by λ."""
        return [self.cells[key] for key in sorted(self.cells) if key[0] == longest]


def granularity_of(chars: int, nodes: Sequence[Node], selected: Sequence[str]) -> Granularity:
    """Measure documents of *chars* characters with *nodes*, some of them *selected* by id."""
    by_id = {node.node_id: node for node in nodes}
    chosen = [by_id[each] for each in selected]
    grains = Counter(grain(len(n.text), len(by_id[n.path[0]].text)) for n in chosen)
    asked = sum(bool(node.query) and node.round == 0 for node in nodes)
    return Granularity(
        asked_per_1000_chars=1000 * asked / max(1, chars),
        rows_per_1000_chars=1000 * len(chosen) / max(1, chars),
        shares={each: grains[each] / max(1, len(chosen)) for each in GRAINS},
        median_chars=median(len(node.text) for node in chosen) if chosen else 0.0,
        mean_depth=mean(node.depth for node in chosen) if chosen else 0.0,
        distinct_2=distinct_2([node.query for node in chosen]),
    )


def lengths_to_try(longest: int, shortest: int) -> list[tuple[int, int]]:
    """Return the grid of (l, λ) around *longest* and *shortest*, with λ below l."""
    tried = (
        (round(longest * l_factor), round(shortest * factor))
        for l_factor in L_FACTORS
        for factor in LAMBDA_FACTORS
    )
    return [(most, least) for most, least in tried if least < most]


def run(inputs: StudyInputs) -> StudyPage:
    """Make a dataset from each corpus with each l and λ of the grid."""
    spent = Spent()
    grids = [_grid(inputs, corpus) for corpus in inputs.opened]
    spent.add(*(cell for grid in grids for cell in grid.cells.values()))
    return StudyPage(
        name=NAME,
        title="λ and l",
        question=(
            "λ is the length below which a passage is not split and asked about, l the length of "
            "a root context at most. How do they shape the granularity of the questions, their "
            "diversity, and what of people's questions they cover?"
        ),
        what_was_run=what_was_run(
            inputs,
            {
                f"{grid.corpus.name}, own l and λ": f"{grid.own[0]:,} and {grid.own[1]:,}"
                for grid in grids
            },
            spent,
        ),
        findings=[line for grid in grids for line in findings(grid)],
        sections=[_explained(), *(_section(grid) for grid in grids)],
    )


def _grid(inputs: StudyInputs, corpus: Corpus) -> Grid:
    first = make_selection(inputs, corpus, f"{NAME}-own", {}, until="raw_corpus")
    languages = Counter(each.language for each in first.trees.documents.values())
    language = max(sorted(languages), key=languages.__getitem__, default="en")
    own = resolve_lengths(corpus.workspace.settings, language)
    base = (own.max_context_chars, own.min_context_chars)
    cells = {each: _cell(inputs, corpus, *each) for each in lengths_to_try(*base)}
    return Grid(corpus, cells, base)


def _cell(inputs: StudyInputs, corpus: Corpus, longest: int, shortest: int) -> Cell:
    name = f"{NAME}-{longest}-{shortest}"
    changes = {"tree": {"max_context_chars": longest, "min_context_chars": shortest}}
    until: StageName = "sft_dataset" if corpus.gold else "scored_queries"
    selection = make_selection(inputs, corpus, name, changes, until=until)
    trial = selection.trees.trial
    coverage = measure(corpus.gold, rows_of(trial)).scores["coverage"] if corpus.gold else None
    return Cell(
        longest,
        shortest,
        _found(selection),
        coverage,
        trial.model_calls,
        trial.output_tokens,
    )


def _found(selection: Selection) -> Granularity:
    return granularity_of(
        sum(len(document.text) for document in selection.trees.documents.values()),
        [node for nodes in selection.trees.nodes.values() for node in nodes],
        [query.node_id for queries in selection.queries.values() for query in queries],
    )


def findings(grid: Grid) -> Iterator[str]:
    """State the effect of λ at the workspace's own l, and of l at its own λ."""
    name = grid.corpus.name
    by_lambda = grid.along(grid.own[0])
    by_l = [grid.cells[key] for key in sorted(grid.cells) if key[1] == grid.own[1]]
    for knob, cells, at in (
        ("λ", by_lambda, f"l = {grid.own[0]:,}"),
        ("l", by_l, f"λ = {grid.own[1]:,}"),
    ):
        if len(cells) < 2:
            continue
        low, high = cells[0], cells[-1]
        first, last = (
            (one.min_context_chars if knob == "λ" else one.max_context_chars) for one in (low, high)
        )
        a, b = low.found, high.found
        yield (
            f"{name}, {knob} from {first:,} to {last:,} at {at}: a tree asks "
            f"{a.asked_per_1000_chars:.1f}, then {b.asked_per_1000_chars:.1f} questions per 1,000 "
            f"characters; a selected one is about {a.median_chars:.0f}, then {b.median_chars:.0f} "
            f"characters (median); details are {a.shares['detail']:.0%}, then "
            f"{b.shares['detail']:.0%} of them, distinct pairs of words {a.distinct_2:.2f}, then "
            f"{b.distinct_2:.2f}."
        )
        if low.coverage is not None and high.coverage is not None:
            apart = float((high.coverage - low.coverage).mean())
            interval = confidence_interval(grid.corpus.gold, high.coverage, low.coverage)
            line = compared(
                f"{knob} = {last:,}", f"{knob} = {first:,}", apart, interval, "coverage"
            )
            yield f"{name}, {at}: {line}."


def _explained() -> Section:
    return Section(
        "What is measured",
        [
            "*Asked*: questions of each context's first tree; *rows*: questions selected, both per "
            "1,000 characters of the documents; the quota is the same everywhere, and trees are "
            "drawn again until it is met, so rows hardly follow λ. *Macro*: a row about more than "
            f"{MACRO_SHARE:.0%} of its root context; *detail*: about {DETAIL_SHARE:.0%} at most; "
            "l changes what these shares are of, so see *characters*, too: the median of the text "
            "that a row is about. *Distinct-2*: different pairs of neighbouring words over all of "
            "them in the rows' questions; fewer rows raise it by themselves. *Coverage*: people's "
            "questions whose answer a row of the passage carries under a matching question "
            "([../benchmark.md](../benchmark.md)), with the 95 % "
            "interval by bootstrap over passages. Calls and output tokens are what a cell needs by "
            "itself; without people's questions the rows were not answered."
        ],
    )


def _section(grid: Grid) -> Section:
    columns = ("l", "λ", "asked", "rows", *GRAINS, "depth", "characters", "distinct-2", "coverage")
    rows: list[tuple[TableCell, ...]] = []
    for (longest, shortest), cell in sorted(grid.cells.items()):
        found = cell.found
        rows.append(
            (
                longest,
                shortest,
                f"{found.asked_per_1000_chars:.2f}",
                f"{found.rows_per_1000_chars:.2f}",
                *(found.shares[each] for each in GRAINS),
                f"{found.mean_depth:.2f}",
                f"{found.median_chars:.0f}",
                found.distinct_2,
                DASH if cell.coverage is None else with_interval(*_covered(grid, cell)),
                cell.model_calls,
                cell.output_tokens,
            )
        )
    table = Table((*columns, "calls", "output tokens"), rows)
    pictures = [
        _lines(grid, "questions per 1,000 characters", lambda c: c.found.asked_per_1000_chars),
        _lines(grid, "characters a row is about, median", lambda c: c.found.median_chars),
        _lines(grid, "share of details among the rows", lambda c: c.found.shares["detail"]),
        _lines(grid, "distinct pairs of words", lambda c: c.found.distinct_2),
    ]
    if grid.corpus.gold:
        pictures.append(
            _lines(
                grid,
                "coverage of people's questions",
                lambda cell: _covered(grid, cell)[0],
                lambda cell: _covered(grid, cell)[1],
            )
        )
    return Section(grid.corpus.name, [table, *pictures])


def _covered(grid: Grid, cell: Cell) -> tuple[float, Interval]:
    if cell.coverage is None:
        return float("nan"), (float("nan"), float("nan"))
    return float(cell.coverage.mean()), confidence_interval(grid.corpus.gold, cell.coverage)


def _lines(
    grid: Grid,
    what: str,
    value: Callable[[Cell], float],
    interval: Callable[[Cell], Interval] | None = None,
) -> Picture:
    shortest = sorted({least for _, least in grid.cells})
    series: dict[str, list[float]] = {}
    bands: dict[str, list[Interval]] = {}
    for longest in grid.context_lengths:
        name = f"l = {longest:,}"
        cells = [grid.cells.get((longest, least)) for least in shortest]
        series[name] = [float("nan") if cell is None else value(cell) for cell in cells]
        if interval is not None:
            unknown = (float("nan"), float("nan"))
            bands[name] = [unknown if cell is None else interval(cell) for cell in cells]
    title = f"{grid.corpus.name}: {what}"
    png = lines(title, shortest, series, bands or None, xlabel="λ, characters", ylabel=what)
    ends = "; ".join(
        f"at {name} from {values[0]:.2f} to "
        f"{next(each for each in reversed(values) if each == each):.2f}"
        for name, values in series.items()
    )
    note = " Bands: 95 % intervals over passages." if bands else ""
    return Picture(png, f"{what.capitalize()}, over λ for each l.{note}", f"{title}, {ends}")
