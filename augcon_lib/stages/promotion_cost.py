"""The cost of promoting a scorer or a few-shot choice, in model calls; makes none."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from augcon_lib.answers.few_shot_search import FewShotChoice
from augcon_lib.answers.responses import answer_request, faithfulness_request, lexical_fault
from augcon_lib.chat.port import ChatRequest
from augcon_lib.errors import WarehouseError
from augcon_lib.model import model_identity
from augcon_lib.model.journal import Journal
from augcon_lib.model.journal_key import find_answer, journal_key
from augcon_lib.pipeline import StageName
from augcon_lib.stages.document_pool import batches
from augcon_lib.stages.promotion import refusal
from augcon_lib.stages.scored_queries import scored_texts, select_for_document
from augcon_lib.stages.scorer_embeddings import ready_from_journal
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse.choices import (
    NO_DOCUMENT,
    few_shot_scores,
    load_few_shot,
    load_scorer,
    scorer_reports,
)
from augcon_lib.warehouse.partitions import load_states
from augcon_lib.warehouse.stage_rows import SelectedQuery, read_languages, read_nodes, read_selected

READ_DOCUMENTS = 100


@dataclass(frozen=True, slots=True)
class PromotionCost:
    """The effect of promoting *candidate* of *stage* in place of *in_force*.

    ``measure`` is the quality of each: pair accuracy on held-out documents, or the mean verdict of
    the search (NaN or ``None`` if it was not measured). ``documents`` have other answers
    afterwards; ``model_calls`` is exact: answers that are not in the journal (with ``[responses]
    judge_faithfulness`` at most two for each). Tokens are the mean of the workspace's answers so
    far times that. Documents with one of ``texts_to_embed``, which the endpoint has to embed
    before the candidate can rank them, are unknown and not counted. ``refused`` is why it may not
    be promoted, and empty if it may.
    """

    stage: StageName
    in_force: str
    candidate: str
    measure_in_force: float | None
    measure_candidate: float | None
    documents: int
    queries_added: int
    queries_removed: int
    model_calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    refused: str
    texts_to_embed: int = 0


def promotion_cost(
    run: StageRun, stage: StageName, candidate: str, *, even_if_worse: bool = False
) -> PromotionCost:
    """Return the effect of promoting *candidate* now, if need be *even_if_worse*.

    Raises ``WarehouseError`` if the version does not exist.
    """
    versions = run.versions()
    in_force = versions.active[stage]
    measures = _measures(run, stage)
    made = load_states(run.warehouse, ()).get((stage, NO_DOCUMENT))
    known = dict.fromkeys([*measures, *([made.output_hash] if made else [])])
    if candidate not in known:
        raise WarehouseError(f"{stage} has no version {candidate}; known: {', '.join(known)}")
    few_shot = load_few_shot(
        run.warehouse, candidate if stage == "few_shot_examples" else versions.few_shot
    )
    documents = added = removed = calls = 0
    with closing(Journal(run.workspace.journal_path)) as journal:
        unanswered = _Unanswered(run, journal, few_shot)
        to_embed: set[str] = set()
        for before, after, unknown in _selections(run, stage, candidate, journal):
            to_embed |= unknown
            if unknown:
                continue
            old = {(query.node_id, query.query) for query in before}
            new = {(query.node_id, query.query) for query in after}
            added, removed = added + len(new - old), removed + len(old - new)
            documents += stage == "few_shot_examples" or new != old
            calls += unanswered.count(after)
        tokens = journal.tokens_per_call(model_identity(run.settings.model))
    per_call = tokens.get("responses", (0.0, 0.0))
    read, written = round(calls * per_call[0]), round(calls * per_call[1])
    return PromotionCost(
        stage,
        in_force,
        candidate,
        measures.get(in_force),
        measures.get(candidate),
        documents,
        added,
        removed,
        calls,
        read,
        written,
        run.settings.model.cost_usd(read, written),
        refusal(run, stage, candidate, even_if_worse=even_if_worse),
        len(to_embed),
    )


def _measures(run: StageRun, stage: StageName) -> Mapping[str, float | None]:
    if stage == "few_shot_examples":
        return few_shot_scores(run.warehouse)
    reports = scorer_reports(run.warehouse)
    return {version: report["pair_accuracy"] for version, report in reports.items()}


def _selections(
    run: StageRun, stage: StageName, candidate: str, journal: Journal
) -> Iterator[tuple[Sequence[SelectedQuery], Sequence[SelectedQuery], frozenset[str]]]:
    """Return the current and the future selected queries of each document.

    Also returns the texts that have to be embedded first; if any, the future ones are empty.
    """
    states = load_states(run.warehouse)
    ids = sorted(d for stage_, d in states if stage_ == "scored_queries")
    scorer = load_scorer(run.warehouse, candidate) if stage == "query_scorer" else None
    for chunk in batches(ids, READ_DOCUMENTS):
        selected = read_selected(run.warehouse, chunk)
        if scorer is None:
            yield from ((queries, queries, frozenset()) for queries in selected.values())
            continue
        nodes, languages = read_nodes(run.warehouse, chunk), read_languages(run.warehouse, chunk)
        for document_id, language in languages.items():
            texts = scored_texts(nodes[document_id])
            ready, unknown = ready_from_journal(run, scorer, texts, journal)
            if ready is None or unknown:
                yield selected[document_id], (), unknown
                continue
            queries, _ = select_for_document(run.settings, ready, language, nodes[document_id])
            by_id = {node.node_id: node for node in nodes[document_id]}
            chosen = [
                SelectedQuery(q.node_id, document_id, language, by_id[q.node_id].text, q.query)
                for q in queries
                if q.selected
            ]
            yield selected[document_id], chosen, unknown


class _Unanswered:
    """Counts selected queries whose answer is not in the journal."""

    def __init__(self, run: StageRun, journal: Journal, few_shot: FewShotChoice) -> None:
        self._journal = journal
        self._few_shot = few_shot
        self._identity = model_identity(run.settings.model)
        self._run = run
        self._settings = run.settings.responses

    def count(self, queries: Sequence[SelectedQuery]) -> int:
        """Return how many calls *queries* need; the verdict on a missing answer is one more."""
        asked: dict[bytes, int] = {}
        for query in queries:
            request = answer_request(
                self._run.prompts,
                self._run.principles,
                self._settings,
                context=query.context,
                query=query.query,
                few_shot=self._few_shot.for_language(query.language),
                language=query.language,
            )
            key = journal_key(self._identity, request)
            found = find_answer(self._journal, key, self._identity, request)
            if found is None:
                asked[key] = 2 if self._settings.judge_faithfulness else 1
            elif self._settings.judge_faithfulness:
                asked |= self._unjudged(query, request, found[1].content)
        return sum(asked.values())

    def _unjudged(
        self, query: SelectedQuery, request: ChatRequest, content: str
    ) -> dict[bytes, int]:
        """Return the call for the verdict on an existing answer, unless that exists, too."""
        try:
            answer = str(request.reply_format.parse(content)["answer"]).strip()
        except ValueError:
            return {}
        if lexical_fault(answer, query.context, query.query, query.language, self._settings):
            return {}
        judged = faithfulness_request(
            self._run.prompts,
            context=query.context,
            query=query.query,
            answer=answer,
            language=query.language,
        )
        key = journal_key(self._identity, judged)
        return {} if find_answer(self._journal, key, self._identity, judged) else {key: 1}
