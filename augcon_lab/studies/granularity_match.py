"""Study 7: does the answer to a node's query need that node's span, and no more?

The study examines the same queries in two ways. By words: it compares the smallest run of sentences
of the root context that carries the answer with the node's span. By asking again: it answers the
same query from the node's parent and from each of its halves. If the parent gives the same answer,
the query needs no more than the node; if both halves change it, the query needs no less.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from augcon_lab.studies.answer_spans import MIN_CARRIED, SpanUse
from augcon_lab.studies.asked_again import SAME_F1, Row, ask_again
from augcon_lab.studies.figures import Figure, figure
from augcon_lab.studies.inputs import StudyInputs
from augcon_lab.studies.page import Cell, Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.runs import make_selection
from augcon_lab.studies.spent import Spent
from augcon_lib.evaluation.granularity import DETAIL_SHARE, GRAINS, MACRO_SHARE
from augcon_lib.evaluation.plots import bars

NAME = "granularity_match"
MAX_ROWS = 300
WHOLLY_INSIDE = 0.9
MOST_OF_SPAN = 0.5
FITS = ("fits", "narrower", "beyond")


def fit_of(use: SpanUse) -> str:
    """Return ``fits``, ``narrower`` (most is unneeded) or ``beyond`` (more is needed)."""
    if use.inside < WHOLLY_INSIDE:
        return "beyond"
    return "fits" if use.used >= MOST_OF_SPAN else "narrower"


def inside(row: Row) -> float | None:
    """Return the share of the answer's span that lies in the node's."""
    use = row.use
    return use.inside if use else None


def used(row: Row) -> float | None:
    """Return the share of the node's span that the answer's covers."""
    use = row.use
    return use.used if use else None


def has_fit(fit: str) -> Callable[[Row], float | None]:
    """Return a measure: 1 if the answer's span relates to the node's as *fit* says, else 0."""
    return lambda row: float(fit_of(use) == fit) if (use := row.use) else None


def needs_no_more(row: Row) -> float | None:
    """Return whether the parent gives the same answer."""
    return row.needs_no_more


def needs_no_less(row: Row) -> float | None:
    """Return whether both halves give another answer."""
    return row.needs_no_less


def measured(rows: Sequence[Row], measure: Callable[[Row], float | None], grain: str) -> Figure:
    """Return the mean of *measure* over the rows of *grain*, by bootstrap over root contexts."""
    return figure(
        (row.place.context_id, measure(row)) for row in rows if grain in (row.place.grain, "all")
    )


def run(inputs: StudyInputs) -> StudyPage:
    """Answer at most ``MAX_ROWS`` selected queries of each corpus from node, parent and halves."""
    spent = Spent()
    rows: dict[str, list[Row]] = {}
    unusable = 0
    for corpus in inputs.opened:
        selection = make_selection(inputs, corpus, NAME, {})
        found, asked = ask_again(inputs, selection, NAME, MAX_ROWS)
        rows[corpus.name] = [row for row in found if row is not None]
        unusable += found.count(None)
        spent.add(selection.trees.trial)
        spent.add(asked)
    settings = {
        "queries of a corpus, at most": MAX_ROWS,
        "queries left out without a usable answer": unusable,
        "weight of the answer's words in its span": MIN_CARRIED,
        "F1 from which answers are the same": SAME_F1,
    }
    return StudyPage(
        name=NAME,
        title="Granularity match",
        question=(
            "Does the answer to a node's query need that node's span, and no more? A tree asks "
            "about the whole of each node. Where it does that well, the answer takes up most of "
            "the node's text, stays as it is when more text is shown, and changes when half of "
            "the text is gone."
        ),
        what_was_run=what_was_run(
            inputs,
            settings,
            spent,
        ),
        findings=list(findings(rows)),
        sections=[_by_words(rows), _asked_again(rows), *_of_the_provider(inputs)],
    )


def findings(rows: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """State the findings, corpus by corpus."""
    for name, each in rows.items():
        if not each:
            yield f"{name}: no query had a usable answer, so nothing was measured."
            continue
        whole = {grain: measured(each, used, grain) for grain in (*GRAINS, "all")}
        if whole["all"].count:
            shares = ", ".join(
                f"{grain} {one} of {one.count}" for grain in GRAINS if (one := whole[grain]).count
            )
            yield (
                f"{name}: of the answer's span, {measured(each, inside, 'all')} lies within the "
                f"node's; of the node's span, the answer's covers: {shares}."
            )
        more, less = (measured(each, one, "all") for one in (needs_no_more, needs_no_less))
        parts = []
        if more.count:
            parts.append(f"the parent gives the same answer in {more} of {more.count} queries")
        if less.count:
            parts.append(f"both halves give another one in {less} of {less.count}")
        if parts:
            yield f"{name}: {'; '.join(parts)}."


def _by_words(rows: Mapping[str, Sequence[Row]]) -> Section:
    text = (
        "The answer's span is the shortest run of sentences of the root context that holds "
        f"{MIN_CARRIED:.0%} of the weight of the answer's words and word pairs found there at all; "
        "rare ones weigh more, and a sentence that the node has a part of counts as its parts. "
        "*Inside*: the share of it within the node's span; *used*: the share "
        f"of the node's span that it covers. It *fits* from {WHOLLY_INSIDE:.0%} inside and "
        f"{MOST_OF_SPAN:.0%} used; else it is *narrower* than the node, or goes *beyond* it. "
        f"*Macro* is a node of more than {MACRO_SHARE:.0%} of its root context, *detail* one of at "
        f"most {DETAIL_SHARE:.0%}. Nodes that the model rewrote are left out here."
    )
    columns = ("corpus", "grain", "queries", "inside", "used", *FITS)
    table: list[tuple[Cell, ...]] = []
    for name, grain, each in _cells(rows):
        share = measured(each, inside, grain)
        fits = (measured(each, has_fit(fit), grain).value for fit in FITS)
        table.append(
            (name, grain, share.count, str(share), str(measured(each, used, grain)), *fits)
        )
    return Section(
        "By words",
        [
            text,
            Table(columns, table),
            _picture(
                rows,
                {"used": used},
                "Share of the node's span that the answer needs",
                "How much of the node's span the answer takes up, by corpus and grain.",
            ),
        ],
    )


def _asked_again(rows: Mapping[str, Sequence[Row]]) -> Section:
    text = (
        f"Two answers are the same where the F1 of their tokens is {SAME_F1} or more; a refusal, "
        "or an answer with names or numbers from elsewhere, is another one. *No more*: the parent "
        "gives the same answer. *No less*: both halves give another one. Roots have no parent, and "
        "nodes that were not split have no halves."
    )
    columns = ("corpus", "grain", "with parent", "no more", "with halves", "no less")
    table = []
    for name, grain, each in _cells(rows):
        more, less = (measured(each, one, grain) for one in (needs_no_more, needs_no_less))
        table.append((name, grain, more.count, str(more), less.count, str(less)))
    return Section(
        "Asked again",
        [
            text,
            Table(columns, table),
            _picture(
                rows,
                {"no more": needs_no_more, "no less": needs_no_less},
                "Queries whose answer needs no more, and no less, than the node",
                "Shares of queries, by corpus: same answer from the parent; another one from "
                "both halves.",
                grains=("all",),
            ),
        ],
    )


def _of_the_provider(inputs: StudyInputs) -> Iterator[Section]:
    if inputs.workspace.settings.model.provider == "offline":
        yield Section(
            "What the offline provider can show here",
            [
                "It quotes one to three sentences of the text that it is shown, about as long as "
                "the examples' answers. So the answer's span lies within the node's by "
                "construction; a macro question, whose node is longer than such an answer, uses "
                "little of it; and an answer is the same from the parent where the parent's other "
                "half holds no sentence that shares more words with the question. Whether a model "
                "that understands its text answers a macro question from all of it is not told."
            ],
        )


def _cells(rows: Mapping[str, Sequence[Row]]) -> Iterator[tuple[str, str, Sequence[Row]]]:
    for name, each in rows.items():
        for grain in (*GRAINS, "all"):
            yield name, grain, each


def _picture(
    rows: Mapping[str, Sequence[Row]],
    measures: Mapping[str, Callable[[Row], float | None]],
    title: str,
    caption: str,
    grains: Sequence[str] = GRAINS,
) -> Picture:
    labels, figures = [], []
    for name, each in rows.items():
        for grain in grains:
            for measure_name, measure in measures.items():
                found = measured(each, measure, grain)
                if found.count:
                    labels.append(f"{name}, {measure_name if len(measures) > 1 else grain}")
                    figures.append(found)
    png = bars(
        title,
        labels,
        [one.value for one in figures],
        intervals=[one.interval for one in figures],
        ylabel="share",
    )
    alt = "; ".join(f"{label} {one.value:.2f}" for label, one in zip(labels, figures, strict=True))
    return Picture(png, f"{caption} Bars: 95 % intervals over root contexts.", f"{title}: {alt}")
