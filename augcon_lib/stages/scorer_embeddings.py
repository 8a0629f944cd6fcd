"""Fetch the endpoint's embeddings of the texts that a scorer is about to see."""

from collections.abc import Iterable
from dataclasses import replace

from augcon_lib.concurrency import run_until_done
from augcon_lib.model.endpoints.embedding_endpoint import (
    embedding_server,
    journaled_vectors,
    open_embeddings,
)
from augcon_lib.model.endpoints.ledger import Origin
from augcon_lib.model.endpoints.stats import CallStats
from augcon_lib.model.journal import Journal
from augcon_lib.queries.embeddings import Embedder
from augcon_lib.queries.linear_scorer import LinearScorer, Scorer
from augcon_lib.settings import ScorerSettings, api_key
from augcon_lib.stages.stage_run import StageReport, StageRun


async def embed(
    run: StageRun, report: StageReport, embedder: Embedder, texts: Iterable[str]
) -> Embedder:
    """Return *embedder* with the vectors of *texts*; a model in this process needs no call.

    Calls are counted in *report*. Raises ``EndpointError``, ``BudgetExceeded``, ``SettingsError``.
    """
    if not embedder.asks_endpoint:
        return embedder
    report.calls = report.calls or CallStats()
    async with open_embeddings(
        run.settings,
        embedder.model,
        run.workspace.journal_path,
        api_key=api_key(run.settings.model),
        run_id=run.run_id,
        session_id=run.session_id,
        stats=report.calls,
    ) as endpoint:
        return replace(embedder, known=await endpoint.vectors(texts, Origin(report.stage)))


def ready_to_score(
    run: StageRun, report: StageReport, scorer: Scorer, texts: Iterable[str]
) -> Scorer:
    """Return *scorer*, able to score *texts*; raises as :func:`embed` does."""
    embedder = endpoint_embedder(scorer)
    if embedder is None:
        return scorer
    return with_embedder(scorer, run_until_done(embed(run, report, embedder, texts)))


def ready_from_journal(
    run: StageRun, scorer: Scorer | None, texts: Iterable[str], journal: Journal | None
) -> tuple[Scorer | None, frozenset[str]]:
    """Return *scorer*, and the *texts* that the endpoint would have to embed; makes no call.

    Without a *scorer*, the texts are those that the first one will need.
    """
    embedder = endpoint_embedder(scorer) if scorer else None
    if scorer is None and run.settings.uses_endpoint_embeddings:
        embedder = embedder_of(run.settings.scorer)
    if embedder is None:
        return scorer, frozenset()
    model = embedding_server(run.settings, embedder.model)
    wanted = set(texts)
    known = journaled_vectors(journal, model, wanted) if journal else {}
    unknown = frozenset(wanted - known.keys())
    return scorer and with_embedder(scorer, replace(embedder, known=known)), unknown


def embedder_of(settings: ScorerSettings) -> Embedder | None:
    """Return the embedding model that *settings* name for the linear scorer, if any."""
    if settings.kind != "linear" or not settings.embedding_model:
        return None
    return Embedder(settings.embedding_model, settings.embedding_source)


def endpoint_embedder(scorer: Scorer) -> Embedder | None:
    """Return the embedder of *scorer* if its embeddings come from the endpoint, else ``None``."""
    embedder = scorer.embedder if isinstance(scorer, LinearScorer) else None
    return embedder if embedder is not None and embedder.asks_endpoint else None


def with_embedder(scorer: Scorer, embedder: Embedder) -> Scorer:
    """Return *scorer* with *embedder* in place of its own."""
    return replace(scorer, embedder=embedder) if isinstance(scorer, LinearScorer) else scorer
