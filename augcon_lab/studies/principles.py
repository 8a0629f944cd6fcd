"""Study 9: the faithfulness of answers under different sets of principles (section 3.4).

The same queries are answered with the same few-shot examples under each set. The answers are
checked against their passages by words (names, numbers and dates from elsewhere; refusals) and by
the model's own verdict.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files

from augcon_lab.studies.figures import Figure, figure
from augcon_lab.studies.inputs import StudyInputs, drawn
from augcon_lab.studies.page import Picture, Section, StudyPage, Table, what_was_run
from augcon_lab.studies.runs import Asked, Selection, ask_all, make_selection
from augcon_lab.studies.spent import Spent
from augcon_lab.studies.statements import compared
from augcon_lib.answers.few_shot_search import first_examples
from augcon_lib.answers.grounding import is_refusal, ungrounded
from augcon_lib.answers.responses import answer_request, faithfulness_request
from augcon_lib.chat.port import ChatReply
from augcon_lib.evaluation.plots import bars
from augcon_lib.text.rouge import rouge_l_precision, tokenize
from augcon_lib.warehouse.stage_rows import SelectedQuery

NAME = "principles"
MAX_QUERIES = 200
OWN = "own"
SHIPPED = ("short", "strict")


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query under one set; empty if the model gave no usable one.

    ``verdict`` is the model's own on whether the passage supports all of the answer; ``None``: no
    verdict.
    """

    query: SelectedQuery
    text: str
    verdict: bool | None


def usable(answer: Answer) -> float:
    """Return whether the model gave an answer that is no refusal."""
    return float(bool(answer.text) and not is_refusal(answer.text, answer.query.context))


def grounded(answer: Answer) -> float | None:
    """Return whether passage or query contain all names, numbers and dates of a usable answer."""
    if not usable(answer):
        return None
    sources = [answer.query.context, answer.query.query]
    return float(not ungrounded(answer.text, sources, answer.query.language))


def judged(answer: Answer) -> float | None:
    """Return whether the model judges that the passage supports a usable answer."""
    return float(answer.verdict) if usable(answer) and answer.verdict is not None else None


def quoted(answer: Answer) -> float | None:
    """Return the share of a usable answer that is words of the passage in order: ROUGE-L[P]."""
    if not usable(answer):
        return None
    return rouge_l_precision(tokenize(answer.text), tokenize(answer.query.context))


def characters(answer: Answer) -> float | None:
    """Return the length of a usable answer."""
    return float(len(answer.text)) if usable(answer) else None


MEASURES: Mapping[str, Callable[[Answer], float | None]] = {
    "answered": usable,
    "grounded by words": grounded,
    "borne out, by the model": judged,
    "quoted": quoted,
    "characters": characters,
}
COMPARED = ("grounded by words", "borne out, by the model")


def principle_sets(own: str) -> dict[str, str]:
    """Return the sets by name: none (the plain prompt), short, strict, and the *own* one."""
    folder = files("augcon_lab.studies").joinpath("principle_sets")
    texts = {each: folder.joinpath(f"{each}.md").read_text(encoding="utf-8") for each in SHIPPED}
    return {"none": "", **{name: text.strip() for name, text in texts.items()}, OWN: own}


def run(inputs: StudyInputs) -> StudyPage:
    """Answer at most ``MAX_QUERIES`` selected queries of each corpus under each set, and judge."""
    spent = Spent()
    answers: dict[str, dict[str, list[Answer]]] = {}
    for corpus in inputs.opened:
        selection = make_selection(inputs, corpus, NAME, {})
        queries = {q.node_id: q for each in selection.queries.values() for q in each}
        chosen = [queries[each] for each in drawn(list(queries), MAX_QUERIES, inputs.seed)]
        spent.add(selection.trees.trial)
        answers[corpus.name] = {}
        for name, text in principle_sets(selection.trees.trial.run.principles).items():
            found, asked = answered(inputs, selection, chosen, text)
            answers[corpus.name][name] = found
            for each in asked:
                spent.add(each)
    return StudyPage(
        name=NAME,
        title="Sets of principles",
        question=(
            "Principles stand before each answer. Do answers keep to their passage better under a "
            "long set, a short one, a strict one, or none?"
        ),
        what_was_run=what_was_run(
            inputs,
            {"queries of a corpus, at most": MAX_QUERIES},
            spent,
        ),
        findings=list(findings(answers)),
        sections=[_sets(inputs), _figures(answers)],
    )


def answered(
    inputs: StudyInputs, selection: Selection, queries: Sequence[SelectedQuery], principles: str
) -> tuple[list[Answer], tuple[Asked, Asked]]:
    """Answer *queries* under *principles* and return each answer with the model's verdict on it."""
    run_ = selection.trees.trial.run
    examples = first_examples(run_.examples, run_.settings.responses.few_shot_count)
    asked = ask_all(
        inputs,
        selection.trees,
        [
            answer_request(
                run_.prompts,
                principles,
                run_.settings.responses,
                context=query.context,
                query=query.query,
                few_shot=examples.for_language(query.language),
                language=query.language,
                stage=NAME,
                document_id=query.document_id,
            )
            for query in queries
        ],
        NAME,
    )
    texts = [str(reply.fields["answer"]).strip() if reply else "" for reply in asked.replies]
    to_judge = [place for place, text in enumerate(texts) if text]
    verdicts = ask_all(
        inputs,
        selection.trees,
        [
            faithfulness_request(
                run_.prompts,
                context=queries[place].context,
                query=queries[place].query,
                answer=texts[place],
                language=queries[place].language,
                document_id=queries[place].document_id,
            )
            for place in to_judge
        ],
        NAME,
    )
    said = {place: _said(reply) for place, reply in zip(to_judge, verdicts.replies, strict=True)}
    found = [
        Answer(query, text, said.get(place))
        for place, (query, text) in enumerate(zip(queries, texts, strict=True))
    ]
    return found, (asked, verdicts)


def measured(answers: Sequence[Answer], measure: Callable[[Answer], float | None]) -> Figure:
    """Return the mean of *measure*, by bootstrap over documents."""
    return figure((each.query.document_id, measure(each)) for each in answers)


def difference(
    answers: Sequence[Answer],
    others: Sequence[Answer],
    measure: Callable[[Answer], float | None],
) -> Figure:
    """Return the mean difference of *measure* on the queries for which both sets have it."""
    return figure(
        (one.query.document_id, _minus(measure(one), measure(other)))
        for one, other in zip(answers, others, strict=True)
    )


def findings(answers: Mapping[str, Mapping[str, Sequence[Answer]]]) -> Iterator[str]:
    """State the findings: every set compared with the workspace's own."""
    for corpus, sets in answers.items():
        texts = [tuple(each.text for each in found) for found in sets.values()]
        if not texts[0]:
            yield f"{corpus}: there was no query to answer, so nothing was measured."
            continue
        if len(set(texts)) == 1:
            yield (
                f"{corpus}: under all {len(sets)} sets the answers to the {len(texts[0]):,} "
                "queries are the same to the letter, so principles had no effect here at all."
            )
            continue
        for name, found in sets.items():
            for measure in COMPARED if name != OWN else ():
                apart = difference(found, sets[OWN], MEASURES[measure])
                yield (f"{corpus}: {compared(name, OWN, apart.value, apart.interval, measure)}.")


def _said(reply: ChatReply | None) -> bool | None:
    return reply.fields["verdict"] == "yes" if reply else None


def _minus(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _sets(inputs: StudyInputs) -> Section:
    offline = inputs.workspace.settings.model.provider == "offline"
    text = (
        "`none` is the plain prompt, which holds no rules besides (the ablation of section 4.4); "
        "the others stand in the full prompt, whose own rules ask for faithfulness, too. `own` is "
        "the workspace's `principles.md`; `short` and `strict` are "
        "`augcon_lab/studies/principle_sets`. Queries, few-shot examples (the first ones), "
        "temperature and model are the same."
    )
    note = (
        "**The offline provider reads no principles**: of a prompt for an answer it sees the "
        "passage, the question and the length of the examples. That the sets come out level says "
        "nothing about principles; the same job with a real model does."
    )
    return Section("What was compared", [text, *([note] if offline else [])])


def _figures(answers: Mapping[str, Mapping[str, Sequence[Answer]]]) -> Section:
    text = (
        "*Answered*: no refusal. Of the answers: *grounded*, all names, numbers and dates stand in "
        "passage or question; *borne out*, the model's own verdict; *quoted*, ROUGE-L precision "
        "against the passage. Intervals: 95 %, bootstrap over documents."
    )
    columns = ("corpus", "principles", "queries", *MEASURES)
    rows: list[tuple[str | int, ...]] = []
    shown: dict[str, dict[str, Figure]] = {measure: {} for measure in COMPARED}
    for corpus, sets in answers.items():
        for name, found in sets.items():
            figures = {key: measured(found, each) for key, each in MEASURES.items()}
            length = figures.pop("characters")
            chars = "–" if not length.count else f"{length.value:.0f}"
            rows.append((corpus, name, len(found), *map(str, figures.values()), chars))
            for measure in COMPARED:
                if figures[measure].count:
                    shown[measure][f"{corpus}, {name}"] = figures[measure]
    pictures = [_picture(measure, each) for measure, each in shown.items() if each]
    return Section("Figures", [text, Table(columns, rows), *pictures])


def _picture(measure: str, shown: Mapping[str, Figure]) -> Picture:
    title = f"Share of answers {measure}"
    values, intervals = zip(*((each.value, each.interval) for each in shown.values()), strict=True)
    return Picture(
        bars(title, list(shown), values, intervals, "share of answers"),
        f"Share of usable answers {measure}, by corpus and set. Whiskers: 95 % intervals over "
        "documents.",
        f"{title}: {'; '.join(f'{name} {each.value:.2f}' for name, each in shown.items())}",
    )
