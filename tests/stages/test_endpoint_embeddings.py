"""A scorer that looks at the endpoint's embeddings, through all stages, over HTTP."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from augcon_lib.errors import BudgetExceeded, EndpointError, SettingsError
from augcon_lib.model import check_embeddings, validate_model_settings
from augcon_lib.model.endpoints import embedding_endpoint
from augcon_lib.offline_model import complete
from augcon_lib.pricing import Price, price
from augcon_lib.queries.linear_scorer import LinearScorer
from augcon_lib.settings import (
    BudgetSettings,
    ModelSettings,
    ScorerSettings,
    Settings,
    api_key,
)
from augcon_lib.stages.promotion import activate
from augcon_lib.stages.promotion_cost import promotion_cost
from augcon_lib.stages.run_all import run_stale_stages
from augcon_lib.stages.sources import list_sources, stale_in
from augcon_lib.stages.stage_run import StageRun
from augcon_lib.warehouse import Warehouse
from augcon_lib.warehouse.choices import load_scorer
from augcon_lib.warehouse.promotions import promoted_versions
from augcon_lib.workspace import Workspace
from tests.support.embedding_routes import PLACES as VECTOR_PLACES
from tests.support.embedding_routes import EmbeddingRoutes
from tests.support.fault_server import KEY
from tests.support.served import Served, served
from tests.support.whole_run import MILL, SETTINGS, TEA, make_workspace, run_all

HARBOURS = ("Bristol", "Leith", "Whitby", "Penzance", "Harwich", "Oban")
DOCUMENTS = {f"{place}.md": f"{MILL} {TEA}".replace("Bristol", place) for place in HARBOURS}


@pytest.fixture
def routes() -> EmbeddingRoutes:
    return EmbeddingRoutes()


@pytest.fixture
def server(routes: EmbeddingRoutes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with served(embeddings=routes, complete=complete) as running:
        yield running


def settings(server: Served, source: str = "endpoint", model: str = "embedder") -> Settings:
    scorer = ScorerSettings(
        pairs_per_negative_kind=5,
        retrain_drift=0,
        embedding_model=model,
        embedding_source=source,
        embedding_usd_per_million_tokens=1.0,
    )
    endpoint = ModelSettings(
        provider="openai", base_url=server.server.url, name="tiny", max_concurrency=8
    )
    return SETTINGS.model_copy(update={"scorer": scorer, "model": endpoint})


def plan(workspace: Workspace) -> Price:
    run = StageRun(workspace)
    listing = list_sources(run)
    stale = stale_in(run, listing.source_hashes)
    reasons = {d: why for of in stale.documents.values() for d, why in of.items()}
    return price(run, stale, listing, reasons)


def in_force(workspace: Workspace) -> LinearScorer:
    warehouse = Warehouse(workspace.warehouse_path)
    scorer = load_scorer(warehouse, promoted_versions(warehouse)["query_scorer"])
    assert isinstance(scorer, LinearScorer)
    return scorer


def test_the_scorer_learns_and_ranks_by_them_and_each_text_is_paid_for_once(
    tmp_path: Path, server: Served, routes: EmbeddingRoutes
) -> None:
    workspace = make_workspace(tmp_path, DOCUMENTS, settings(server))
    reports = run_all(workspace)
    scorer = in_force(workspace)
    assert scorer.embedder is not None
    assert scorer.embedder.asks_endpoint
    assert len(scorer.weights) == len(scorer.mean) == len(scorer.scale) == 17
    assert set(routes.texts.values()) == {1}
    assert reports["scored_queries"].calls is not None
    assert reports["scored_queries"].calls.issued > 0

    before = set(routes.texts)
    path = workspace.root / "documents" / "Oban.md"
    path.write_text(f"{DOCUMENTS['Oban.md']} Oat cakes are baked on a hot stone. ", "utf-8")
    run_all(workspace)
    new = set(routes.texts) - before
    assert set(routes.texts.values()) == {1}
    assert new
    assert all("Oban" in text or "Oat" in text or "?" in text for text in new)


def test_a_plan_counts_the_calls_for_them_and_asks_nothing(
    tmp_path: Path, server: Served, routes: EmbeddingRoutes
) -> None:
    workspace = make_workspace(tmp_path, DOCUMENTS, settings(server))
    planned = plan(workspace)
    assert routes.calls == 0
    assert planned.stages["scored_queries"].calls.high > 0
    assert planned.stages["scored_queries"].cost_usd(workspace.settings).low > 0
    run_all(workspace)
    asked = routes.calls
    expected = [planned.stages[stage].calls for stage in ("scored_queries", "query_scorer")]
    assert asked <= sum(each.high for each in expected)
    assert plan(workspace).total.calls.high == 0
    assert routes.calls == asked


def test_a_candidate_that_has_seen_too_little_says_what_is_not_known(
    tmp_path: Path, server: Served, routes: EmbeddingRoutes
) -> None:
    """Switched on in a workspace that is done: only the pairs' texts are embedded so far."""
    workspace = make_workspace(tmp_path, DOCUMENTS, settings(server, "package", ""))
    run_all(workspace)
    assert routes.calls == 0
    scorer = settings(server).scorer.model_copy(update={"min_pair_accuracy": 0.0})
    switched = Workspace(tmp_path, settings(server).model_copy(update={"scorer": scorer}))
    report = run_all(switched)["query_scorer"]
    calls = routes.calls
    run = StageRun(switched)
    cost = promotion_cost(run, "query_scorer", report.version)
    assert cost.texts_to_embed > 0
    assert routes.calls == calls
    activate(run, "query_scorer", report.version)
    run_all(switched)
    assert set(routes.texts.values()) == {1}
    assert in_force(switched).embedder is not None


def test_a_budget_stops_the_ranking_and_the_next_run_goes_on(
    tmp_path: Path,
    server: Served,
    routes: EmbeddingRoutes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedding_endpoint, "TEXTS_PER_CALL", 4)
    workspace = make_workspace(tmp_path, DOCUMENTS, settings(server))
    run_stale_stages(StageRun(workspace, session_id="first"), until="query_scorer")
    before = routes.calls
    budget = {"budget": BudgetSettings(max_calls=2)}
    tight = Workspace(tmp_path, settings(server).model_copy(update=budget))
    with pytest.raises(BudgetExceeded):
        run_stale_stages(StageRun(tight, session_id="second"), until="scored_queries")
    assert routes.calls == before + 2
    run_all(workspace)
    assert routes.calls > before + 2
    assert set(routes.texts.values()) == {1}


def test_one_text_is_embedded_to_see_whether_the_endpoint_does(
    server: Served, routes: EmbeddingRoutes
) -> None:
    given = settings(server)
    key = api_key(given.model)
    assert asyncio.run(check_embeddings(given, key)) == VECTOR_PLACES
    assert routes.calls == 1
    with pytest.raises(EndpointError, match="no model 'absent'"):
        asyncio.run(check_embeddings(settings(server, model="absent"), key))


def test_the_offline_provider_is_refused_by_name(server: Served) -> None:
    offline = settings(server).model_copy(update={"model": ModelSettings()})
    with pytest.raises(SettingsError, match=r"embedding_source = \"endpoint\".*offline"):
        validate_model_settings(offline)


def test_the_endpoint_has_to_be_told_which_model_embeds(server: Served) -> None:
    with pytest.raises(SettingsError, match=r"needs \[scorer\] embedding_model"):
        validate_model_settings(settings(server, model=""))
