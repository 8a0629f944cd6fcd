"""Walk one root context as the run will: its trees, the selection, the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from augcon_lib.answers.few_shot_search import FewShotChoice, first_examples
from augcon_lib.answers.responses import Responder
from augcon_lib.concurrency import run_together
from augcon_lib.pricing.stand_in import StandIn, Tally
from augcon_lib.pricing.work import ContextWork
from augcon_lib.queries.contrastive_pairs import Positive
from augcon_lib.queries.linear_scorer import RandomChoice, Scorer
from augcon_lib.records import Context, Node
from augcon_lib.stages.scored_queries import select_for_document
from augcon_lib.stages.scorer_embeddings import ready_from_journal
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.strategies import Strategy, strategy_for


@dataclass(frozen=True, slots=True)
class Walked:
    """The calls of one root context for its trees and for its answers.

    ``positives`` are the queries of a first tree that is grown, which a scorer may learn from.
    ``is_new``: nothing is known about its split. ``texts`` have to be embedded first.
    """

    language: str
    is_new: bool
    trees: Tally
    answers: Tally
    positives: tuple[Positive, ...]
    texts: frozenset[str] = frozenset()


class Walker:
    """Walks contexts with *chat* and the given scorer and few-shot choice."""

    def __init__(
        self,
        run: StageRun,
        chat: StandIn,
        scorer: Scorer | None,
        few_shot: FewShotChoice | None,
    ) -> None:
        settings = run.settings
        self._run = run
        self._chat = chat
        self._first = first_examples(run.examples, settings.responses.few_shot_count)
        self._few_shot = few_shot or self._first
        self._scorer = _GuessingScorer(run, scorer, chat)
        self._strategies: dict[str, Strategy] = {}
        principles = "" if settings.responses.plain else run.principles
        self._responder = Responder(chat, run.prompts, principles, settings.responses)

    async def walk(self, work: ContextWork) -> Walked:
        """Return all calls of *work*."""
        self._chat.begin_context(work.past)
        nodes = work.nodes
        if work.context is not None:
            nodes = await self._grow(work.language, work.context)
        trees = self._chat.take_tally()
        await self._answer(work, nodes)
        answers = self._chat.take_tally()
        is_new = work.context is not None and not work.past
        positives = tuple(
            Positive(node.node_id, work.document_id, work.language, node.text, node.query)
            for node in nodes
            if node.query and node.round == 0 and work.context is not None
        )
        texts = self._scorer.unembedded
        return Walked(work.language, is_new, trees, answers, positives, texts)

    async def _grow(self, language: str, context: Context) -> Sequence[Node]:
        if language not in self._strategies:
            examples = self._first.for_language(language)
            self._strategies[language] = strategy_for(
                self._run.settings, language, self._chat, self._run.prompts, examples
            )
        return (await self._strategies[language].grow(context)).nodes

    async def _answer(self, work: ContextWork, nodes: Sequence[Node]) -> None:
        queries, _ = select_for_document(self._run.settings, self._scorer, work.language, nodes)
        chosen = {query.node_id for query in queries if query.selected}
        await run_together(
            self._responder.respond(
                node_id=node.node_id,
                document_id=work.document_id,
                context=node.text,
                query=node.query,
                few_shot=self._few_shot.for_language(work.language),
                few_shot_version=self._few_shot.version,
                language=work.language,
            )
            for node in nodes
            if node.node_id in chosen and not node.answer
        )


class _GuessingScorer:
    """The active scorer; a query that does not exist yet scores like one of the others.

    So does one that the endpoint would have to embed first; ``unembedded`` are the texts of the
    last scoring that it would have to embed.
    """

    def __init__(self, run: StageRun, scorer: Scorer | None, chat: StandIn) -> None:
        self._run = run
        self._scorer = scorer
        self._chat = chat
        self._any = RandomChoice()
        self.unembedded: frozenset[str] = frozenset()

    def score(self, contexts: Sequence[str], queries: Sequence[str]) -> list[float]:
        texts = [*contexts, *queries]
        scorer, unknown = ready_from_journal(self._run, self._scorer, texts, self._chat.journal)
        self.unembedded = unknown
        draws = self._any.score(contexts, queries)
        told = [
            place
            for place, (context, query) in enumerate(zip(contexts, queries, strict=True))
            if query not in self._chat.questions and not unknown & {context, query}
        ]
        if scorer is None or not told:
            return draws
        scores = scorer.score([contexts[n] for n in told], [queries[n] for n in told])
        real = sorted(scores)
        order = sorted(range(len(draws)), key=draws.__getitem__)
        drawn = [0.0] * len(draws)
        for place, index in enumerate(order):
            drawn[index] = real[place * len(real) // len(draws)]
        for place, score in zip(told, scores, strict=True):
            drawn[place] = score
        return drawn
