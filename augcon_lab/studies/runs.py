"""Make trees, pairs, queries and rows for a study.

A study has its own warehouses, and shares one journal with all studies and benchmarks of the
workspace: a stopped study continues where it stopped, and no answer is paid for twice.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from augcon_lab.studies.inputs import Corpus, StudyInputs
from augcon_lab.studies.spent import Spent
from augcon_lib.benchmark.generation import Trial, run_trial
from augcon_lib.chat.port import ChatReply, ChatRequest
from augcon_lib.concurrency import run_together, run_until_done
from augcon_lib.errors import AnswerRejected
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.pipeline import RESPONSES, StageName
from augcon_lib.queries.contrastive_pairs import ContrastivePair
from augcon_lib.queries.embeddings import Embedder
from augcon_lib.queries.linear_scorer import Scorer
from augcon_lib.records import Document, Node
from augcon_lib.settings import Settings
from augcon_lib.stages.model_stage import model_for
from augcon_lib.stages.query_scorer import ask_for_pairs
from augcon_lib.stages.scorer_embeddings import embed, embedder_of
from augcon_lib.stages.stage_run import Progress, StageReport
from augcon_lib.strategies import ChooseStrategy, strategy_for
from augcon_lib.warehouse.stage_rows import (
    SelectedQuery,
    read_documents_text,
    read_nodes,
    read_selected,
)

Changes = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True)
class Trees:
    """The trees of a corpus: its readable documents and their nodes, by document id."""

    trial: Trial
    documents: Mapping[str, Document]
    nodes: Mapping[str, list[Node]]


@dataclass(frozen=True)
class Selection:
    """Trees and the queries selected from them, by document id."""

    trees: Trees
    queries: Mapping[str, list[SelectedQuery]]


@dataclass(frozen=True)
class Asked:
    """Replies in the order of the requests; ``None`` if the model gave no usable answer."""

    replies: Sequence[ChatReply | None]
    calls: CallStats

    @property
    def model_calls(self) -> int:
        """The number of answers, including those from the journal."""
        return self.calls.needed_calls

    @property
    def output_tokens(self) -> int:
        """The output tokens of the answers."""
        return self.calls.needed_output_tokens


def changed(settings: Settings, changes: Changes) -> Settings:
    """Return *settings* with *changes*, by section and key."""
    return settings.model_copy(
        update={
            section: getattr(settings, section).model_copy(update=dict(values))
            for section, values in changes.items()
        }
    )


def make_trial(
    inputs: StudyInputs,
    corpus: Corpus,
    name: str,
    changes: Changes,
    *,
    until: StageName = "sft_dataset",
    choose_strategy: ChooseStrategy = strategy_for,
    scorer: Scorer | None = None,
) -> Trial:
    """Run the stages on *corpus* with *changes* to the settings, in the warehouse *name*.

    *choose_strategy* and *scorer* replace those of the settings.
    """
    return run_trial(
        corpus.workspace,
        name,
        changed(corpus.workspace.settings, changes),
        inputs.session_id,
        told(inputs, f"{corpus.name}, {name}"),
        until=until,
        documents=corpus.document_ids,
        choose_strategy=choose_strategy,
        scorer=scorer,
    )


def make_trees(inputs: StudyInputs, corpus: Corpus, name: str, changes: Changes) -> Trees:
    """Grow the trees of *corpus* only."""
    return trees_of(corpus, make_trial(inputs, corpus, name, changes, until="cst_nodes"))


def make_selection(
    inputs: StudyInputs,
    corpus: Corpus,
    name: str,
    changes: Changes,
    *,
    until: StageName = "scored_queries",
) -> Selection:
    """Grow the trees of *corpus*, train the scorer, and select queries up to the quota.

    With *until* ``sft_dataset``, also answer them; read the rows with ``rows_of`` the trial.
    """
    trees = trees_of(corpus, make_trial(inputs, corpus, name, changes, until=until))
    return Selection(trees, read_selected(trees.trial.run.warehouse, list(trees.documents)))


def trees_of(corpus: Corpus, trial: Trial) -> Trees:
    """Return the trees that *trial* has grown."""
    ids = sorted(corpus.document_ids)
    documents = {d.document_id: d for d in read_documents_text(trial.run.warehouse, ids)}
    return Trees(trial, documents, read_nodes(trial.run.warehouse, list(documents)))


def make_pairs(trees: Trees) -> tuple[list[ContrastivePair], CallStats]:
    """Return the contrastive pairs of *trees*, as ``query_scorer`` makes them, and their cost."""
    report = StageReport("query_scorer")
    pairs = run_until_done(ask_for_pairs(trees.trial.run, report))[1]
    return pairs, report.calls or CallStats()


def pair_settings(settings: Settings) -> dict[str, str | int]:
    """Return the settings that pairs and their scorer depend on, for a page."""
    return {
        "scorer.kind": settings.scorer.kind,
        "scorer.embedding_model": settings.scorer.embedding_model or "none",
        "scorer.pairs_per_negative_kind": settings.scorer.pairs_per_negative_kind,
        "tree.split": settings.tree.parts,
    }


def embedder_for(trees: Trees, texts: Iterable[str], spent: Spent) -> Embedder | None:
    """Return the embedder of *texts* that ``[scorer]`` sets, or ``None``; adds to *spent*."""
    run = trees.trial.run
    embedder = embedder_of(run.settings.scorer)
    if embedder is None:
        return None
    report = StageReport("query_scorer")
    known = run_until_done(embed(run, report, embedder, texts))
    spent.count(report.calls)
    return known


def ask_all(inputs: StudyInputs, trees: Trees, requests: Sequence[ChatRequest], name: str) -> Asked:
    """Send *requests* to the model, all at once, through engine and journal.

    A request without a usable answer gives ``None``. Raises ``EndpointError``, ``BudgetExceeded``,
    and ``AnswerRejected`` if the endpoint failed.
    """
    inputs.progress(f"{name}: {len(requests):,} requests to the model")

    async def ask_them() -> Asked:
        report = StageReport(RESPONSES)
        async with model_for(trees.trial.run, report, len(requests)) as chat:

            async def one(request: ChatRequest) -> ChatReply | None:
                try:
                    return await chat.ask(request)
                except AnswerRejected as error:
                    if error.is_transient:
                        raise
                    return None

            return Asked(await run_together(one(each) for each in requests), chat.stats)

    return run_until_done(ask_them())


def told(inputs: StudyInputs, what: str) -> Progress:
    """Report the progress of stages as lines: one when a stage begins and one when it ends."""
    seen: set[tuple[str, bool]] = set()
    report: Callable[[str], None] = inputs.progress

    def progress(stage: str, done: int, total: int, failed: int, calls: CallStats | None) -> None:
        state = (stage, done >= total)
        if state not in seen:
            seen.add(state)
            report(
                f"{what}: {stage}, {done:,} of {total:,}{f', {failed} failed' if failed else ''}"
            )

    return progress
